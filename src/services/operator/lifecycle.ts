import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {countsAsReady} from '../kubelet/node.ts';
import {leaseSeconds} from '../kubelet/status.ts';

const leases = inNamespace(resources.leases, 'kube-node-lease');
const notReadyKey = 'node.kubernetes.io/not-ready';
const unreachableKey = 'node.kubernetes.io/unreachable';

type Taint = {key: string; effect: string; timeAdded?: string; value?: string};
type Condition = {type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string};

/**
 * Marks nodes that stopped renewing their Lease as NotReady, and takes the taints away from those that are Ready. Renewals are timed
 * by our own monotonic clock. When this process itself was held up (a laptop slept), every node gets the full time again.
 */
export const nodeLifecycle = (monotonic: () => number = () => performance.now()) => {
	const seen = new Map<string, {renewTime: string; at: number}>();
	let lastRound = monotonic();
	return async (kube: Kube, nodes: readonly KubeObject[]) => {
		const now = monotonic();
		if (now - lastRound > (leaseSeconds * 1000) / 2) seen.clear();
		lastRound = now;
		const {items} = await kube.list(leases);
		const renewals = new Map(
			items.map(lease => [lease.metadata.name, (lease.spec as {renewTime?: string} | undefined)?.renewTime ?? '']),
		);
		for (const node of nodes) {
			const {name} = node.metadata;
			const renewTime = renewals.get(name) ?? '';
			const last = seen.get(name);
			if (last?.renewTime !== renewTime) seen.set(name, {renewTime, at: now});
			const silentMs = now - (seen.get(name)?.at ?? now);
			const ready = countsAsReady(node);
			if (ready && silentMs >= leaseSeconds * 1000) await giveUp(kube, node);
			else await setTaints(kube, node, ready ? [] : wantedTaints(node));
		}
	};
};

const giveUp = async (kube: Kube, node: KubeObject) => {
	const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
	const before = (node.status as {conditions?: Condition[]} | undefined)?.conditions ?? [];
	const conditions = before.map(condition =>
		condition.status === 'Unknown'
			? condition
			: {
					...condition,
					status: 'Unknown',
					reason: 'NodeStatusUnknown',
					message: 'Kubelet stopped posting node status.',
					lastTransitionTime: at,
				},
	);
	const given = await kube.patch(resources.nodes, node.metadata.name, {status: {conditions}}, 'strategic', 'status');
	await setTaints(kube, given, wantedTaints(given));
};

const wantedTaints = (node: KubeObject): Taint[] => {
	const conditions = (node.status as {conditions?: Condition[]} | undefined)?.conditions ?? [];
	const key = conditions.find(({type}) => type === 'Ready')?.status === 'Unknown' ? unreachableKey : notReadyKey;
	return ['NoSchedule', 'NoExecute'].map(effect => ({key, effect}));
};

/** Makes the taints that this controller owns equal to `wanted`; all others stay. */
const setTaints = async (kube: Kube, node: KubeObject, wanted: readonly Taint[]) => {
	const taints = (node.spec as {taints?: Taint[]} | undefined)?.taints ?? [];
	const owned = taints.filter(({key}) => key === notReadyKey || key === unreachableKey);
	const same =
		owned.length === wanted.length &&
		wanted.every(({key, effect}) => owned.some(taint => taint.key === key && taint.effect === effect));
	if (same) return;
	const timeAdded = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
	const next = [...taints.filter(taint => !owned.includes(taint)), ...wanted.map(taint => ({...taint, timeAdded}))];
	const {resourceVersion} = node.metadata;
	const metadata = resourceVersion === undefined ? {} : {resourceVersion};
	await kube.patch(resources.nodes, node.metadata.name, {metadata, spec: {taints: next}}, 'merge');
};
