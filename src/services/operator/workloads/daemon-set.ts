import {inNamespace, resources} from '../../../kubernetes/resources.ts';
import {claim} from './claim.ts';
import {amountOf, earliest, isActive, isAvailable, isReady, nextAvailable} from './pods.ts';
import {matchesNode} from './scheduler/affinity.ts';
import {untolerated} from './scheduler/taints.ts';
import {canonical, hashOf, podOf} from './template.ts';
import type {Action, DaemonSet, Decision, Node, NodeSelectorTerm, Pod, PodSpec, Toleration, World} from './types.ts';

const hashLabel = 'controller-revision-hash';
const everywhere: Toleration[] = [
	{key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute'},
	{key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute'},
	...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map(name => ({
		key: `node.kubernetes.io/${name}`,
		operator: 'Exists',
		effect: 'NoSchedule',
	})),
];

/** Keeps one pod on every node that the DaemonSet is for, renews them a few at a time, and keeps its status. */
export const reconcileDaemonSet = ({pods, nodes, now}: World, set: DaemonSet): Decision => {
	const {namespace = 'default', deletionTimestamp, generation} = set.metadata;
	if (deletionTimestamp !== undefined) return {actions: []};
	const {minReadySeconds, template, updateStrategy} = set.spec;
	const hash = hashOf(template);
	const {owned, actions} = claim(set, pods, resources.pods);
	const spec: PodSpec = {...template.spec, tolerations: [...(template.spec.tolerations ?? []), ...everywhere]};
	const byNode = Map.groupBy(owned, targetOf);
	const wanted = nodes.filter(
		node => matchesNode(spec, node) && untolerated(spec, node, ['NoSchedule', 'NoExecute']).length === 0,
	);
	const names = new Set(wanted.map(({metadata}) => metadata.name));

	const kept: Pod[] = [];
	for (const node of wanted) {
		const there = byNode.get(node.metadata.name) ?? [];
		const [oldest, ...surplus] = there.filter(isActive).sort(byAge);
		if (oldest) kept.push(oldest);
		actions.push(...surplus.map(pod => removed(set, pod)));
		const ended = there.filter(({metadata, status}) => metadata.deletionTimestamp === undefined && status?.phase === 'Failed');
		actions.push(...ended.map(pod => removed(set, pod)));
		// One that is on its way out keeps its place until it is gone.
		if (there.length === 0) actions.push(created(set, spec, node, hash));
	}
	for (const [name, strays] of byNode) {
		if (!names.has(name)) actions.push(...strays.filter(isActive).map(pod => removed(set, pod)));
	}

	const isUp = (pod: Pod) => isAvailable(pod, minReadySeconds, now);
	const isNew = ({metadata}: Pod) => metadata.labels?.[hashLabel] === hash;
	if (updateStrategy.type === 'RollingUpdate') {
		const most = Math.max(1, amountOf(updateStrategy.rollingUpdate?.maxUnavailable ?? 1, wanted.length, 'up'));
		const outdated = kept.filter(pod => !isNew(pod));
		const broken = outdated.filter(pod => !isUp(pod));
		const room = Math.max(0, most - (wanted.length - kept.filter(isUp).length));
		for (const pod of [...broken, ...outdated.filter(isUp).slice(0, room)]) actions.push(removed(set, pod));
	}

	const misscheduled = [...byNode].filter(([name, there]) => !names.has(name) && there.some(isActive)).length;
	const up = kept.filter(isUp).length;
	const status = {
		currentNumberScheduled: kept.length,
		numberMisscheduled: misscheduled,
		desiredNumberScheduled: wanted.length,
		numberReady: kept.filter(isReady).length,
		observedGeneration: generation,
		...(kept.some(isNew) && {updatedNumberScheduled: kept.filter(isNew).length}),
		...(up > 0 && {numberAvailable: up}),
		...(wanted.length > up && {numberUnavailable: wanted.length - up}),
	};
	if (canonical(status) !== canonical(set.status)) {
		const resource = inNamespace(resources.daemonSets, namespace);
		actions.push({kind: 'replace', resource, object: {...set, status}, subresource: 'status'});
	}
	const wakeAt = earliest(nextAvailable(kept, minReadySeconds, now));
	return {actions, ...(wakeAt !== undefined && {wakeAt})};
};

const byAge = (one: Pod, other: Pod) =>
	Date.parse(one.metadata.creationTimestamp ?? '') - Date.parse(other.metadata.creationTimestamp ?? '');

/** The node of a pod: where it runs, or the one that it is made for. */
const targetOf = ({spec}: Pod): string => {
	if (spec.nodeName !== undefined) return spec.nodeName;
	const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
	return terms[0]?.matchFields?.[0]?.values?.[0] ?? '';
};

const created = (set: DaemonSet, spec: PodSpec, {metadata}: Node, hash: string): Action => {
	const matchFields = [{key: 'metadata.name', operator: 'In', values: [metadata.name]}];
	const own = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
	const nodeSelectorTerms: NodeSelectorTerm[] = own.map(term => ({...term, matchFields}));
	const affinity = {
		...spec.affinity,
		nodeAffinity: {...spec.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms}},
	};
	const {metadata: given = {}} = set.spec.template;
	const labels = {...given.labels, [hashLabel]: hash};
	return {
		kind: 'create',
		resource: inNamespace(resources.pods, set.metadata.namespace ?? 'default'),
		object: podOf(set, {metadata: {...given, labels}, spec: {...spec, affinity}}),
		report: {about: set, happening: {type: 'Normal', reason: 'SuccessfulCreate', message: 'Created pod: '}},
	};
};

const removed = (set: DaemonSet, {metadata}: Pod): Action => ({
	kind: 'delete',
	resource: inNamespace(resources.pods, metadata.namespace ?? 'default'),
	name: metadata.name,
	options: metadata.uid === undefined ? {} : {uid: metadata.uid},
	report: {about: set, happening: {type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${metadata.name}`}},
});
