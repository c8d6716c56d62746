import {inNamespace, resources} from '../../../kubernetes/resources.ts';
import {conditionOf, controllerOf, earliest, isActive, isMirror, isReady, renewed} from './pods.ts';
import {tolerates} from './scheduler/taints.ts';
import type {Action, Decision, Node, Pod, World} from './types.ts';

/**
 * Pods that lost what they depend on: those of nodes that are away are not ready any more and are deleted when their toleration is over;
 * those of which the controller is gone are deleted.
 */
export const reconcileLostPods = (world: World): Decision => {
	const actions: Action[] = [];
	const times: (number | undefined)[] = [];
	const owners = new Set([...world.replicaSets, ...world.daemonSets].map(({metadata}) => metadata.uid));
	for (const pod of world.pods) {
		if (isMirror(pod)) continue;
		const owner = controllerOf(pod);
		if (owner && ['ReplicaSet', 'DaemonSet'].includes(owner.kind) && !owners.has(owner.uid) && isActive(pod)) {
			actions.push(removal(pod, `Its ${owner.kind} ${owner.name} is gone`));
			continue;
		}
		const node = world.nodes.find(({metadata}) => metadata.name === pod.spec.nodeName);
		if (!node) continue;
		if (!isReady(node) && isReady(pod)) actions.push(notReady(world, pod));
		if (!isActive(pod)) continue;
		const end = endOf(pod, node);
		if (end === undefined) continue;
		if (end <= world.now) actions.push(removal(pod, 'Marking for deletion Pod'));
		else times.push(end);
	}
	const wakeAt = earliest(...times);
	return {actions, ...(wakeAt !== undefined && {wakeAt})};
};

/** When a pod has to leave its node for the taints of it; undefined when it may stay. */
const endOf = ({spec}: Pod, node: Node): number | undefined => {
	const times = (node.spec.taints ?? [])
		.filter(({effect}) => effect === 'NoExecute')
		.map(taint => {
			const fitting = (spec.tolerations ?? []).filter(toleration => tolerates(toleration, taint));
			if (fitting.length === 0) return 0;
			const seconds = earliest(...fitting.map(({tolerationSeconds}) => tolerationSeconds));
			return seconds === undefined ? undefined : Date.parse(taint.timeAdded ?? '') + Math.max(0, seconds) * 1000;
		});
	return earliest(...times);
};

const removal = (pod: Pod, why: string): Action => {
	const {name, namespace = 'default', uid} = pod.metadata;
	return {
		kind: 'delete',
		resource: inNamespace(resources.pods, namespace),
		name,
		options: uid === undefined ? {} : {uid},
		report: {about: pod, happening: {type: 'Normal', reason: 'TaintManagerEviction', message: `${why} ${namespace}/${name}`}},
	};
};

const notReady = ({now}: World, pod: Pod): Action => {
	const conditions = pod.status?.conditions ?? [];
	const next = {...conditionOf(pod, 'Ready'), type: 'Ready', status: 'False', reason: 'NodeNotReady'};
	return {
		kind: 'patch',
		resource: inNamespace(resources.pods, pod.metadata.namespace ?? 'default'),
		name: pod.metadata.name,
		patch: {
			metadata: {resourceVersion: pod.metadata.resourceVersion},
			status: {conditions: [...conditions.filter(({type}) => type !== 'Ready'), renewed(conditions, next, now)]},
		},
		subresource: 'status',
		report: {about: pod, happening: {type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready'}},
	};
};
