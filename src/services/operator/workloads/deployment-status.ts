import {conditionOf, isActive, isReady, renewed, timeText} from './pods.ts';
import {availableOf, mostUnavailable} from './rolling-update.ts';
import type {Condition, Deployment, Pod, ReplicaSet, World} from './types.ts';

type Counts = {replicas: number; updatedReplicas: number; readyReplicas: number; availableReplicas: number};

/** The status of a Deployment, and when its progress deadline passes. */
export const deploymentStatus = (
	world: World,
	deployment: Deployment,
	newest: ReplicaSet | undefined,
	sets: readonly ReplicaSet[],
	podsOf: (set: ReplicaSet) => Pod[],
): {status: Record<string, unknown>; wakeAt?: number} => {
	const active = new Map(sets.map(set => [set, podsOf(set).filter(isActive)]));
	const all = [...active.values()].flat();
	const counts: Counts = {
		replicas: all.length,
		updatedReplicas: newest ? (active.get(newest) ?? []).length : 0,
		readyReplicas: all.filter(isReady).length,
		availableReplicas: sets.reduce((sum, set) => sum + availableOf(world, deployment, active.get(set) ?? []).count, 0),
	};
	const unavailableReplicas = Math.max(0, all.length - counts.availableReplicas);
	const numbers = Object.entries({...counts, unavailableReplicas}).filter(([, count]) => count > 0);
	const progress = progressing(world.now, deployment, newest, counts);
	const conditions = [available(world.now, deployment, counts), ...progress.conditions];
	return {
		status: {observedGeneration: deployment.metadata.generation, ...Object.fromEntries(numbers), conditions},
		...(progress.wakeAt !== undefined && {wakeAt: progress.wakeAt}),
	};
};

/** `lastUpdateTime` moves only with the content, so that nothing is written when nothing happened. */
const dated = (deployment: Deployment, next: Condition, now: number): Condition => {
	const before = deployment.status?.conditions;
	const old = conditionOf(deployment, next.type);
	const isSame = old?.status === next.status && old.reason === next.reason && old.message === next.message;
	return {...renewed(before, next, now), lastUpdateTime: (isSame ? old.lastUpdateTime : undefined) ?? timeText(now)};
};

const available = (now: number, deployment: Deployment, {availableReplicas}: Counts): Condition => {
	const enough = availableReplicas >= deployment.spec.replicas - mostUnavailable(deployment);
	return dated(
		deployment,
		{
			type: 'Available',
			status: enough ? 'True' : 'False',
			reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
			message: enough ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
		},
		now,
	);
};

const progressing = (
	now: number,
	deployment: Deployment,
	newest: ReplicaSet | undefined,
	counts: Counts,
): {conditions: Condition[]; wakeAt?: number} => {
	const {spec, status = {}} = deployment;
	const before = conditionOf(deployment, 'Progressing');
	const condition = (state: string, reason: string, message: string) =>
		dated(deployment, {type: 'Progressing', status: state, reason, message}, now);
	if (spec.paused === true) return {conditions: [condition('Unknown', 'DeploymentPaused', 'Deployment is paused')]};
	if (!newest) return {conditions: before ? [before] : []};
	const subject = `ReplicaSet "${newest.metadata.name}"`;
	const {replicas, updatedReplicas, availableReplicas} = counts;
	if (updatedReplicas === spec.replicas && replicas === spec.replicas && availableReplicas === spec.replicas) {
		return {conditions: [condition('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`)]};
	}
	const moved = (['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const).some(
		field => counts[field] > (status[field] ?? 0),
	);
	const message = `${subject} is progressing.`;
	const isNew = before?.reason !== 'ReplicaSetUpdated' && before?.reason !== 'ProgressDeadlineExceeded';
	const since = isNew || moved ? now : Date.parse(before.lastUpdateTime ?? '');
	const deadline = since + spec.progressDeadlineSeconds * 1000;
	if (now >= deadline)
		return {conditions: [condition('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`)]};
	if (before?.reason === 'ProgressDeadlineExceeded' && !moved) return {conditions: [before]};
	const updated = condition('True', 'ReplicaSetUpdated', message);
	return {conditions: [moved ? {...updated, lastUpdateTime: timeText(now)} : updated], wakeAt: deadline};
};
