import {inNamespace, resources} from '../../../../kubernetes/resources.ts';
import {conditionOf, controllerOf, isActive, isReady, renewed} from '../pods.ts';
import type {Action, Decision, Node, Pod, World} from '../types.ts';
import {hasCompany, keepsDistance, keepsSpread, matchesNode, type Placed} from './affinity.ts';
import {freeOf, lacking, requestsOf} from './requests.ts';
import {untolerated} from './taints.ts';

const schedulerName = 'default-scheduler';

/**
 * Gives every pod without a node one that it can run on: the most important and oldest pods first, and of the nodes the one with fewest
 * pods of the same owner, then the one with most room. Pods for which there is none are told why. Preferences, preemption and volumes
 * are not looked at.
 */
export const schedule = ({pods, nodes, now}: World): Decision => {
	const placed = pods.filter(pod => isActive(pod) && hasNode(pod));
	const byName = new Map(nodes.map(node => [node.metadata.name, node]));
	const waiting = pods.filter(
		pod => isActive(pod) && !hasNode(pod) && (pod.spec.schedulerName ?? schedulerName) === schedulerName,
	);
	const actions: Action[] = [];
	for (const pod of waiting.sort(byImportance)) {
		const found = place(pod, nodes, {pods: placed, nodes: byName});
		if ('node' in found) {
			placed.push({...pod, spec: {...pod.spec, nodeName: found.node}});
			const message = `Successfully assigned ${pod.metadata.namespace ?? 'default'}/${pod.metadata.name} to ${found.node}`;
			actions.push({
				kind: 'bind',
				pod,
				node: found.node,
				report: {about: pod, happening: {type: 'Normal', reason: 'Scheduled', message}},
			});
		} else actions.push(...unschedulable(pod, found.why, now));
	}
	return {actions};
};

const hasNode = ({spec}: Pod) => spec.nodeName !== undefined && spec.nodeName !== '';

const byImportance = (one: Pod, other: Pod) =>
	(other.spec.priority ?? 0) - (one.spec.priority ?? 0) ||
	Date.parse(one.metadata.creationTimestamp ?? '') - Date.parse(other.metadata.creationTimestamp ?? '');

const place = (pod: Pod, nodes: readonly Node[], placed: Placed): {node: string} | {why: string} => {
	const {spec} = pod;
	if ((spec.schedulingGates ?? []).length > 0) return {why: 'Scheduling is blocked due to non-empty scheduling gates'};
	const claim = spec.volumes?.find(({persistentVolumeClaim}) => persistentVolumeClaim !== undefined)?.persistentVolumeClaim;
	if (claim) return {why: `persistentvolumeclaim "${claim.claimName}" not found`};
	const asked = requestsOf(spec);
	const eligible = nodes.filter(node => matchesNode(spec, node));
	const reasons = new Map<string, number>();
	const fits: {node: Node; score: readonly [number, number]}[] = [];
	for (const node of nodes) {
		const there = placed.pods.filter(other => other.spec.nodeName === node.metadata.name);
		const free = freeOf(node, there);
		const why = obstacles(pod, node, {asked, free, eligible, placed});
		for (const reason of why) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
		if (why.length === 0) fits.push({node, score: [-siblings(pod, there), free['cpu'] ?? 0]});
	}
	const [best] = fits.sort(
		(one, other) =>
			other.score[0] - one.score[0] ||
			other.score[1] - one.score[1] ||
			(one.node.metadata.name < other.node.metadata.name ? -1 : 1),
	);
	if (best) return {node: best.node.metadata.name};
	const texts = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
	return {why: `0/${nodes.length} nodes are available: ${texts.length === 0 ? 'there are none' : texts.join(', ')}.`};
};

type Circumstances = {asked: ReturnType<typeof requestsOf>; free: ReturnType<typeof freeOf>; eligible: Node[]; placed: Placed};

const obstacles = (pod: Pod, node: Node, {asked, free, eligible, placed}: Circumstances): string[] => {
	if (!eligible.includes(node)) return ["node(s) didn't match Pod's node affinity/selector"];
	const [taint] = untolerated(pod.spec, node, ['NoSchedule', 'NoExecute']);
	if (taint?.key === 'node.kubernetes.io/unschedulable') return ['node(s) were unschedulable'];
	if (taint) return [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`];
	// A node that has just come or gone is not tainted yet.
	if (!isReady(node) && !toleratesNotReady(pod)) return ['node(s) were not ready'];
	const short = lacking(asked, free);
	if (short.length > 0) return short.map(name => (name === 'pods' ? 'Too many pods' : `Insufficient ${name}`));
	if (!hasCompany(pod, node, placed)) return ["node(s) didn't match pod affinity rules"];
	if (!keepsDistance(pod, node, placed)) return ["node(s) didn't match pod anti-affinity rules"];
	return keepsSpread(pod, node, eligible, placed) ? [] : ["node(s) didn't match pod topology spread constraints"];
};

/** Pods of DaemonSets tolerate it for ever; the time that other pods get is for those that run already. */
const toleratesNotReady = (pod: Pod): boolean => controllerOf(pod)?.kind === 'DaemonSet';

const siblings = (pod: Pod, there: readonly Pod[]): number => {
	const owner = controllerOf(pod)?.uid;
	return owner === undefined ? 0 : there.filter(other => controllerOf(other)?.uid === owner).length;
};

const unschedulable = (pod: Pod, message: string, now: number): Action[] => {
	const before = conditionOf(pod, 'PodScheduled');
	if (before?.status === 'False' && before.message === message) return [];
	const condition = {type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message};
	const conditions = pod.status?.conditions ?? [];
	const patch = {
		metadata: {resourceVersion: pod.metadata.resourceVersion},
		status: {conditions: [...conditions.filter(({type}) => type !== 'PodScheduled'), renewed(conditions, condition, now)]},
	};
	return [
		{
			kind: 'patch',
			resource: inNamespace(resources.pods, pod.metadata.namespace ?? 'default'),
			name: pod.metadata.name,
			patch,
			subresource: 'status',
			report: {about: pod, happening: {type: 'Warning', reason: 'FailedScheduling', message}},
		},
	];
};
