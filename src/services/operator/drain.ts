import {type Kube, KubeError, type KubeObject} from '../../kubernetes/kube.ts';
import {inNamespace, resourcePath, resources} from '../../kubernetes/resources.ts';
import {pause} from '../abort.ts';
import {countsAsReady} from '../kubelet/node.ts';
import {missing} from '../missing.ts';
import {type DrainPhase, ensureMaintenance, maintenanceStatus, reportMaintenance} from './maintenance.ts';

export type DrainOptions = {
	/** Why, for people: `node is replaced due to OS image update`. */
	reason: string;
	/** The drain fails when pods are left so long after it began, by the creation time of its NodeMaintenance. */
	deadlineMs: number;
	/** Milliseconds since the epoch. */
	now?: () => number;
};

/** A pod that may not go now; `budget` (`namespace/name`) is the PodDisruptionBudget that keeps it. */
export type BlockedPod = {pod: string; budget?: string; message: string};

export type DrainState = {
	phase: DrainPhase;
	/** Pods that had to go when the drain began. */
	total: number;
	/** Pods that still have to go (`namespace/name`), terminating ones among them. */
	pending: string[];
	blocked: BlockedPod[];
	/** Empty while nothing is in the way. */
	lastError: string;
};

const nothing: DrainState = {phase: 'Succeeded', total: 0, pending: [], blocked: [], lastError: ''};

/**
 * One pass of a drain: cordons the node, asks for the eviction of every pod that has to go, and writes the NodeMaintenance. It waits
 * for nothing, and keeps nothing but what is in the cluster: whoever leads next goes on with the next pass. Succeeded and Failed are
 * final until `endMaintenance`. Throws KubeError.
 */
export const drainStep = async (
	kube: Kube,
	name: string,
	{reason, deadlineMs, now = Date.now}: DrainOptions,
): Promise<DrainState> => {
	const found = await kube.get(resources.nodes, name).catch(missing);
	if (found === undefined) return nothing;
	const maintenance = await ensureMaintenance(kube, found, reason);
	const before = maintenanceStatus(maintenance);
	const kept = {total: before.evictionPods ?? 0, pending: before.pendingPods ?? [], lastError: before.lastError ?? ''};
	if (before.phase === 'Failed') return {phase: 'Failed', blocked: [], ...kept};
	const node = await cordon(kube, found);

	const {items} = await kube.list(resources.pods, {fieldSelector: `spec.nodeName=${name}`});
	const isLost = !countsAsReady(node);
	const leaving = items.filter(pod => hasToGo(pod) && !(isLost && isOverdue(pod, now())));
	const pending: string[] = [];
	const blocked: BlockedPod[] = [];
	for (const pod of leaving) {
		const outcome = pod.metadata.deletionTimestamp === undefined ? await evict(kube, pod) : 'going';
		if (outcome === 'gone') continue;
		pending.push(nameOf(pod));
		if (outcome !== 'going') blocked.push(outcome);
	}
	const began = Date.parse(maintenance.metadata.creationTimestamp ?? '');
	const isLate = pending.length > 0 && now() >= began + deadlineMs;
	const phase = pending.length === 0 ? 'Succeeded' : isLate ? 'Failed' : 'Running';
	const total = Math.max(before.evictionPods ?? 0, leaving.length);
	const why = blocked.map(({pod, message}) => `${pod}: ${message}`).join('; ');
	const late = `after ${Math.round(deadlineMs / 1000)} s ${pending.length} pods are still there: ${why || pending.join(', ')}`;
	const lastError = isLate ? late : why;
	const budgets = [...new Set(blocked.flatMap(({budget}) => budget ?? []))].sort();
	const drainProgress = total === 0 ? 100 : Math.floor(((total - pending.length) / total) * 100);
	const totalpods = before.totalpods ?? items.length;
	const status = {phase, drainProgress, pendingPods: pending, totalpods, evictionPods: total, lastError} as const;
	await reportMaintenance(kube, maintenance, status, budgets, now());
	return {phase, total, pending, blocked, lastError};
};

/** Drains until the node is empty or the deadline is over; looks again every `intervalMs` (a second). Throws the reason of `signal`. */
export const drain = async (
	kube: Kube,
	node: string,
	options: DrainOptions & {signal: AbortSignal; intervalMs?: number; onState?: (state: DrainState) => void},
): Promise<DrainState> => {
	for (;;) {
		options.signal.throwIfAborted();
		const state = await drainStep(kube, node, options);
		options.onState?.(state);
		if (state.phase !== 'Running') return state;
		await pause(options.intervalMs ?? 1000, options.signal);
	}
};

/** Nothing new is scheduled on the node from here on. */
export const cordon = async (kube: Kube, node: KubeObject): Promise<KubeObject> => {
	if ((node.spec as {unschedulable?: boolean} | undefined)?.unschedulable === true) return node;
	return kube.patch(resources.nodes, node.metadata.name, {spec: {unschedulable: true}}, 'merge');
};

/** Not what the node runs by itself (mirror pods), what belongs on every node (DaemonSets), or what has ended. */
export const hasToGo = ({metadata, status}: KubeObject): boolean => {
	if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return false;
	const owners = (metadata['ownerReferences'] ?? []) as {kind?: string; controller?: boolean}[];
	if (owners.some(({kind, controller}) => kind === 'DaemonSet' && controller === true)) return false;
	const {phase} = (status ?? {}) as {phase?: string};
	return phase !== 'Succeeded' && phase !== 'Failed';
};

/** On a node that is away nobody ends a pod: what should have ended by now is not waited for. */
const isOverdue = ({metadata}: KubeObject, now: number): boolean =>
	metadata.deletionTimestamp !== undefined && Date.parse(metadata.deletionTimestamp) < now;

const nameOf = ({metadata}: KubeObject) => `${metadata.namespace ?? 'default'}/${metadata.name}`;

const evict = async (kube: Kube, pod: KubeObject): Promise<'going' | 'gone' | BlockedPod> => {
	const {name, namespace = 'default', uid} = pod.metadata;
	const path = resourcePath(inNamespace(resources.pods, namespace), name, 'eviction');
	const deleteOptions = uid === undefined ? {} : {preconditions: {uid}};
	try {
		await kube.post(path, {apiVersion: 'policy/v1', kind: 'Eviction', metadata: {name, namespace}, deleteOptions});
		return 'going';
	} catch (error) {
		if (!(error instanceof KubeError) || error.code === 0 || error.code === 401 || error.code === 403) throw error;
		// Another pod of the same name came in between: the next pass sees which.
		if (error.code === 409) return 'going';
		return error.code === 404 ? 'gone' : blockedBy(pod, error);
	}
};

const blockedBy = (pod: KubeObject, error: KubeError): BlockedPod => {
	const cause = error.causes.find(({reason}) => reason === 'DisruptionBudget');
	const budget = cause === undefined ? undefined : /^The disruption budget (\S+) /.exec(cause.message)?.[1];
	return {
		pod: nameOf(pod),
		message: cause?.message ?? error.message,
		...(budget !== undefined && {budget: `${pod.metadata.namespace ?? 'default'}/${budget}`}),
	};
};
