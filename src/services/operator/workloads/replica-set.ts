import {inNamespace, resources} from '../../../kubernetes/resources.ts';
import {claim} from './claim.ts';
import {conditionOf, isActive, isAvailable, isReady, nextAvailable} from './pods.ts';
import {canonical, podOf} from './template.ts';
import type {Action, Decision, Pod, ReplicaSet, World} from './types.ts';

/** Keeps as many pods as the ReplicaSet wants, and its status. */
export const reconcileReplicaSet = ({pods, now}: World, set: ReplicaSet): Decision => {
	const {namespace = 'default', deletionTimestamp, generation} = set.metadata;
	const {replicas, minReadySeconds, template} = set.spec;
	const {owned, actions} = claim(set, pods, resources.pods);
	const active = owned.filter(isActive);
	if (deletionTimestamp === undefined) {
		actions.push(...created(set, replicas - active.length));
		const surplus = active.length - replicas;
		if (surplus > 0)
			actions.push(
				...ranked(active)
					.slice(0, surplus)
					.map(pod => removed(set, pod)),
			);
	}
	const labels = Object.entries(template.metadata?.labels ?? {});
	const counts = {
		fullyLabeledReplicas: active.filter(({metadata}) => labels.every(([key, value]) => metadata.labels?.[key] === value)).length,
		readyReplicas: active.filter(isReady).length,
		availableReplicas: active.filter(pod => isAvailable(pod, minReadySeconds, now)).length,
	};
	const status = {
		replicas: active.length,
		...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
		observedGeneration: generation,
	};
	if (canonical(status) !== canonical(set.status)) {
		const resource = inNamespace(resources.replicaSets, namespace);
		actions.push({kind: 'replace', resource, object: {...set, status}, subresource: 'status'});
	}
	const wakeAt = nextAvailable(active, minReadySeconds, now);
	return {actions, ...(wakeAt !== undefined && {wakeAt})};
};

const created = (set: ReplicaSet, missing: number): Action[] =>
	Array.from({length: Math.max(0, missing)}, () => ({
		kind: 'create',
		resource: inNamespace(resources.pods, set.metadata.namespace ?? 'default'),
		object: podOf(set, set.spec.template),
		report: {about: set, happening: {type: 'Normal', reason: 'SuccessfulCreate', message: 'Created pod: '}},
	}));

const removed = (set: ReplicaSet, {metadata}: Pod): Action => ({
	kind: 'delete',
	resource: inNamespace(resources.pods, metadata.namespace ?? 'default'),
	name: metadata.name,
	options: metadata.uid === undefined ? {} : {uid: metadata.uid},
	report: {about: set, happening: {type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${metadata.name}`}},
});

const deletionCost = ({metadata}: Pod) => Number(metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0);

/** Which pods go first: those of least use, then those that share their node with most others, then the youngest. */
const ranked = (pods: readonly Pod[]): Pod[] => {
	const sharing = new Map<string, number>();
	for (const {spec} of pods) sharing.set(spec.nodeName ?? '', (sharing.get(spec.nodeName ?? '') ?? 0) + 1);
	const keys = (pod: Pod): number[] => [
		pod.spec.nodeName === undefined ? 0 : 1,
		pod.status?.phase === 'Running' ? 1 : 0,
		isReady(pod) ? 1 : 0,
		deletionCost(pod),
		-(sharing.get(pod.spec.nodeName ?? '') ?? 0),
		-Date.parse(conditionOf(pod, 'Ready')?.lastTransitionTime ?? '') || 0,
		-Date.parse(pod.metadata.creationTimestamp ?? '') || 0,
	];
	return pods
		.map(pod => ({pod, keys: keys(pod)}))
		.sort((one, other) => {
			const index = one.keys.findIndex((key, at) => key !== other.keys[at]);
			return index === -1 ? 0 : (one.keys[index] ?? 0) - (other.keys[index] ?? 0);
		})
		.map(({pod}) => pod);
};
