import type {Flow} from '../events.ts';
import {type Kube, KubeError} from '../kubernetes/kube.ts';
import {readMachineRecords, retireMachines} from '../kubernetes/machine-records.ts';
import {resources} from '../kubernetes/resources.ts';
import {type Condition, waitFor} from '../kubernetes/wait.ts';
import type {ReceiptNode} from '../trust/receipt/receipt.ts';
import {adminKube} from './cluster.ts';
import type {Dependencies} from './dependencies.ts';
import {phase} from './phase.ts';
import {rememberGeneration} from './policy-generation.ts';
import {judgedNodes} from './receipts.ts';
import {type ReadyNode, type WatchTarget, watchUntil} from './watch.ts';

/** `judged`: what the JoinServices know of the nodes that are ready now, for a receipt. */
export type SettledNodes = {nodes: ReadyNode[]; removed: string[]; judged: ReceiptNode[]};

/** Brings the cluster to what its machines are: ends when each has a Ready node, and no other node is known any more. */
export async function* settleNodes(deps: Dependencies, target: WatchTarget, signal: AbortSignal): Flow<SettledNodes> {
	const {kube} = await adminKube(deps);
	const wanted = async () => (await deps.provider.machines(target.uid)) ?? [];
	let removed: string[] = [];
	const begin = async () => {
		await waitFor(answering(kube), {timeoutMs: 120_000, signal});
		await rememberGeneration(deps.workspace, kube);
		removed = await strangers(kube, new Set((await wanted()).map(({name}) => name)));
		await forget(kube, removed);
		return removed;
	};
	const body = watchUntil(deps, target, {wanted, begin}, signal);
	const nodes = yield* phase('nodes', deps.now, body, found => `${found.length} of ${found.length} ready`);
	return {nodes, removed, judged: await judgedNodes(deps, kube, nodes)};
}

/** Right after an Init or a power loss the API server may be about to start. */
const answering = (kube: Kube): Condition<true> => ({
	name: 'the Kubernetes API answers',
	check: async () => {
		await kube.get(resources.namespaces, 'kube-system');
		return true;
	},
});

/** Names that the cluster knows and that have no machine: also of an interrupted run, which removed the machine and no more. */
async function strangers(kube: Kube, machines: ReadonlySet<string>): Promise<string[]> {
	const {items} = await kube.list(resources.nodes);
	const records = [...(await readMachineRecords(kube)).values()].filter(({retired}) => retired !== true);
	const known = new Set([...items.map(({metadata}) => metadata.name), ...records.map(({name}) => name)]);
	return [...known].filter(name => !machines.has(name)).sort();
}

async function forget(kube: Kube, names: readonly string[]): Promise<void> {
	if (names.length === 0) return;
	for (const name of names) {
		try {
			await kube.delete(resources.nodes, name);
		} catch (error) {
			// The operator of the cluster may have been faster.
			if (!(error instanceof KubeError && error.code === 404)) throw error;
		}
	}
	await retireMachines(kube, names);
}
