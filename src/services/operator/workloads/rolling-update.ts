import {amountOf, isActive, isAvailable, nextAvailable} from './pods.ts';
import type {Deployment, Pod, ReplicaSet, World} from './types.ts';

type PodsOf = (set: ReplicaSet) => Pod[];

/** Available pods of a ReplicaSet, and when the next one becomes available by time alone. */
export const availableOf = ({now}: World, {spec}: Deployment, pods: readonly Pod[]): {count: number; wakeAt?: number} => {
	const active = pods.filter(isActive);
	const wakeAt = nextAvailable(active, spec.minReadySeconds, now);
	const count = active.filter(pod => isAvailable(pod, spec.minReadySeconds, now)).length;
	return {count, ...(wakeAt !== undefined && {wakeAt})};
};

/** How many pods may be missing while a Deployment changes; at least one when it may not have one more than it wants. */
export const mostUnavailable = ({spec}: Deployment): number => {
	const {rollingUpdate} = spec.strategy;
	if (spec.strategy.type !== 'RollingUpdate' || !rollingUpdate) return 0;
	const surge = amountOf(rollingUpdate.maxSurge, spec.replicas, 'up');
	const unavailable = amountOf(rollingUpdate.maxUnavailable, spec.replicas, 'down');
	return Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, spec.replicas);
};

/** The numbers of replicas that change in this step. */
export const plan = (
	world: World,
	deployment: Deployment,
	newest: ReplicaSet | undefined,
	old: readonly ReplicaSet[],
	podsOf: PodsOf,
): Map<ReplicaSet, number> => {
	const {replicas: wanted, strategy} = deployment.spec;
	if (strategy.type === 'Recreate') {
		const running = old.filter(set => set.spec.replicas > 0);
		if (running.length > 0) return new Map(running.map(set => [set, 0]));
		const isFree = old.every(set => podsOf(set).length === 0);
		return new Map(newest && isFree && newest.spec.replicas !== wanted ? [[newest, wanted]] : []);
	}
	const grown = grow(deployment, newest, old);
	return grown.size > 0 ? grown : shrink(world, deployment, newest, old, podsOf);
};

const total = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, {spec}) => sum + spec.replicas, 0);

/** The new ReplicaSet grows as far as the surge allows. */
const grow = ({spec}: Deployment, newest: ReplicaSet | undefined, old: readonly ReplicaSet[]): Map<ReplicaSet, number> => {
	if (!newest || newest.spec.replicas === spec.replicas) return new Map();
	if (newest.spec.replicas > spec.replicas) return new Map([[newest, spec.replicas]]);
	const surge = amountOf(spec.strategy.rollingUpdate?.maxSurge ?? 0, spec.replicas, 'up');
	const room = spec.replicas + surge - total([...old, newest]);
	if (room <= 0) return new Map();
	return new Map([[newest, Math.min(spec.replicas, newest.spec.replicas + room)]]);
};

/** The old ones shrink: pods that are of no use first, then others for as long as enough are available. */
const shrink = (
	world: World,
	deployment: Deployment,
	newest: ReplicaSet | undefined,
	old: readonly ReplicaSet[],
	podsOf: PodsOf,
): Map<ReplicaSet, number> => {
	const changes = new Map<ReplicaSet, number>();
	const running = old.filter(({spec}) => spec.replicas > 0);
	if (running.length === 0) return changes;
	const all = newest ? [...running, newest] : running;
	// What a set is to lose already is not there any more, even if nobody has removed it yet.
	const availability = new Map(
		all.map(set => [set, Math.min(set.spec.replicas, availableOf(world, deployment, podsOf(set)).count)]),
	);
	const available = (set: ReplicaSet) => availability.get(set) ?? 0;
	const least = deployment.spec.replicas - mostUnavailable(deployment);
	const newUnavailable = newest ? Math.max(0, newest.spec.replicas - available(newest)) : 0;
	let unhealthyRoom = total(all) - least - newUnavailable;
	for (const set of running) {
		const useless = Math.min(Math.max(0, unhealthyRoom), Math.max(0, set.spec.replicas - available(set)));
		if (useless === 0) continue;
		changes.set(set, set.spec.replicas - useless);
		unhealthyRoom -= useless;
	}
	let room = all.reduce((sum, set) => sum + available(set), 0) - least;
	for (const set of running) {
		const left = changes.get(set) ?? set.spec.replicas;
		const fewer = Math.min(Math.max(0, room), left, available(set));
		if (fewer === 0) continue;
		changes.set(set, left - fewer);
		room -= fewer;
	}
	return changes;
};
