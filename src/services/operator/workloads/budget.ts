import {inNamespace, resources} from '../../../kubernetes/resources.ts';
import {matchesSelector} from '../../../kubernetes/selectors.ts';
import {amountOf, controllerOf, earliest, isReady, renewed} from './pods.ts';
import {canonical} from './template.ts';
import type {Budget, Decision, Pod, World} from './types.ts';

/** A pod that was promised to go but is not going after this time (ms) counts again. */
const promiseMs = 120_000;

/** Counts what a PodDisruptionBudget is about, and says how many pods may go now. */
export const reconcileBudget = (world: World, budget: Budget): Decision => {
	const {namespace = 'default', generation} = budget.metadata;
	const pods = world.pods.filter(
		({metadata}) => metadata.namespace === namespace && matchesSelector(budget.spec.selector, metadata.labels),
	);
	const {disruptedPods, wakeAt} = promises(world, budget, pods);
	const isGoing = ({metadata}: Pod) => metadata.deletionTimestamp !== undefined || metadata.name in disruptedPods;
	const currentHealthy = pods.filter(pod => isReady(pod) && !isGoing(pod)).length;
	const counted = expectedOf(world, budget, pods);
	const {expectedPods, desiredHealthy} =
		'problem' in counted ? {expectedPods: pods.length, desiredHealthy: pods.length} : counted;
	const isKnown = !('problem' in counted) && expectedPods > 0;
	const disruptionsAllowed = isKnown ? Math.max(0, currentHealthy - desiredHealthy) : 0;
	const problem = 'problem' in counted ? counted.problem : undefined;
	const condition = {
		type: 'DisruptionAllowed',
		status: disruptionsAllowed > 0 ? 'True' : 'False',
		reason: problem !== undefined ? 'SyncFailed' : disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
		message: problem ?? '',
		observedGeneration: generation,
	};
	const status = {
		conditions: [renewed(budget.status?.conditions, condition, world.now)],
		currentHealthy,
		desiredHealthy,
		disruptionsAllowed,
		expectedPods,
		observedGeneration: generation,
		...(Object.keys(disruptedPods).length > 0 && {disruptedPods}),
	};
	const wake = wakeAt === undefined ? {} : {wakeAt};
	if (canonical(status) === canonical(budget.status)) return {actions: [], ...wake};
	// The version of the budget that was counted: an eviction in between makes this write a conflict.
	const resource = inNamespace(resources.podDisruptionBudgets, namespace);
	return {actions: [{kind: 'replace', resource, object: {...budget, status}, subresource: 'status'}], ...wake};
};

/** Evictions that were granted and have not shown yet. */
const promises = ({now}: World, {status}: Budget, pods: readonly Pod[]) => {
	const open = Object.entries(status?.disruptedPods ?? {}).filter(([name, since]) => {
		const pod = pods.find(({metadata}) => metadata.name === name);
		return pod !== undefined && pod.metadata.deletionTimestamp === undefined && Date.parse(since) + promiseMs > now;
	});
	return {
		disruptedPods: Object.fromEntries(open),
		wakeAt: earliest(...open.map(([, since]) => Date.parse(since) + promiseMs)),
	};
};

type Counted = {expectedPods: number; desiredHealthy: number} | {problem: string};

const expectedOf = (world: World, {spec}: Budget, pods: readonly Pod[]): Counted => {
	const {minAvailable, maxUnavailable} = spec;
	if (typeof minAvailable === 'number') return {expectedPods: pods.length, desiredHealthy: minAvailable};
	if (minAvailable === undefined && maxUnavailable === undefined) return {expectedPods: pods.length, desiredHealthy: 1};
	const scales = new Map<string, number>();
	for (const pod of pods) {
		const scale = scaleOf(world, pod);
		if ('problem' in scale) return scale;
		scales.set(scale.owner, scale.replicas);
	}
	const expectedPods = [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
	if (minAvailable !== undefined) return {expectedPods, desiredHealthy: amountOf(minAvailable, expectedPods, 'up')};
	return {expectedPods, desiredHealthy: Math.max(0, expectedPods - amountOf(maxUnavailable ?? 0, expectedPods, 'up'))};
};

/** The controller that a pod belongs to in the end, and how many pods it wants. */
const scaleOf = ({replicaSets, deployments}: World, pod: Pod): {owner: string; replicas: number} | {problem: string} => {
	const controller = controllerOf(pod);
	if (controller === undefined) return {problem: `found no controllers for pod "${pod.metadata.name}"`};
	const set = replicaSets.find(({metadata}) => metadata.uid === controller.uid);
	if (set === undefined) return {problem: `${controller.kind} "${controller.name}" does not implement the scale subresource`};
	const above = controllerOf(set);
	const deployment = deployments.find(({metadata}) => metadata.uid === above?.uid);
	return {owner: (deployment ?? set).metadata.uid ?? '', replicas: (deployment ?? set).spec.replicas};
};
