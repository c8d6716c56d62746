import type {KubeObject} from '../../../kubernetes/kube.ts';
import type {Amount, Condition, Owner, Pod} from './types.ts';

/** Not on its way out, and not through. */
export const isActive = ({metadata, status}: Pod): boolean =>
	metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

export const conditionOf = (pod: {status?: {conditions?: Condition[]}}, type: string): Condition | undefined =>
	pod.status?.conditions?.find(condition => condition.type === type);

export const isReady = (pod: {status?: {conditions?: Condition[]}}): boolean => conditionOf(pod, 'Ready')?.status === 'True';

/** When a pod is available: ready, and for `minReadySeconds`. Undefined while it is not ready. */
export const availableAt = (pod: Pod, minReadySeconds = 0): number | undefined => {
	const ready = conditionOf(pod, 'Ready');
	if (ready?.status !== 'True') return undefined;
	if (minReadySeconds === 0) return 0;
	return Date.parse(ready.lastTransitionTime ?? '') + minReadySeconds * 1000;
};

export const isAvailable = (pod: Pod, minReadySeconds: number | undefined, now: number): boolean =>
	(availableAt(pod, minReadySeconds) ?? Number.POSITIVE_INFINITY) <= now;

/** The earliest time after `now` at which a ready pod becomes available. */
export const nextAvailable = (pods: readonly Pod[], minReadySeconds: number | undefined, now: number): number | undefined =>
	earliest(...pods.map(pod => availableAt(pod, minReadySeconds)).filter(at => at === undefined || at > now));

export const earliest = (...times: (number | undefined)[]): number | undefined => {
	const known = times.filter(time => time !== undefined);
	return known.length === 0 ? undefined : Math.min(...known);
};

export const isMirror = ({metadata}: Pod): boolean => metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;

/** The owner that controls an object. */
export const controllerOf = ({metadata}: {metadata: {ownerReferences?: Owner[]}}): Owner | undefined =>
	metadata.ownerReferences?.find(({controller}) => controller === true);

/** The reference that makes `owner` the controller of something. */
export const ownedBy = ({apiVersion, kind, metadata}: KubeObject): Owner => ({
	apiVersion,
	kind,
	name: metadata.name,
	uid: metadata.uid ?? '',
	controller: true,
	blockOwnerDeletion: true,
});

/** A number, or a percentage of `total` rounded up or down. */
export const amountOf = (amount: Amount, total: number, round: 'up' | 'down'): number => {
	if (typeof amount === 'number') return amount;
	const exact = (Number.parseInt(amount, 10) * total) / 100;
	return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
};

/** RFC 3339 with seconds. */
export const timeText = (now: number): string => new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');

/** The condition with its transition time kept while its status is the same. */
export const renewed = (before: readonly Condition[] | undefined, next: Condition, now: number): Condition => {
	const old = before?.find(({type}) => type === next.type);
	const lastTransitionTime = old?.status === next.status ? old.lastTransitionTime : undefined;
	return {...next, lastTransitionTime: lastTransitionTime ?? timeText(now)};
};
