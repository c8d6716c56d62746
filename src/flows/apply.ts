import type {ClusterSummary, Flow} from '../events.ts';
import {readClusterId, showClusterId} from '../keys/cluster-id.ts';
import {fileNames} from '../workspace/files.ts';
import {readStamp, writeStamp} from '../workspace/stamp.ts';
import {readEndpoints, requireIds} from './cluster.ts';
import {applyPlan, type PlannedCluster} from './create.ts';
import type {Dependencies} from './dependencies.ts';
import {timed} from './durations.ts';
import {initCluster} from './init.ts';
import {requireMasterSecret, startCluster} from './lifecycle.ts';
import {phase} from './phase.ts';
import {type Prepared, prepare} from './prepare.ts';
import {expectationsOf, writeReceipt} from './receipts.ts';
import {settleNodes} from './settle-nodes.ts';
import {verifyCluster} from './verify.ts';
import type {ReadyNode} from './watch.ts';

/** Everything behind the consent: machines, initialisation, nodes, verification. Each part does only what is missing. */
export async function* applyCluster(deps: Dependencies, planned: PlannedCluster, signal: AbortSignal): Flow<ClusterSummary> {
	const startedAt = deps.now();
	return yield* finishCluster(deps, yield* createMachines(deps, planned, signal), startedAt, signal);
}

/** The same, with an estimate by earlier runs on this machine; a run that makes nothing says nothing of one that does. */
export function timedApply(
	env: Readonly<Record<string, string | undefined>>,
	deps: Dependencies,
	planned: PlannedCluster,
	signal: AbortSignal,
): Flow<ClusterSummary> {
	const nodes = Object.values(planned.prepared.config.nodeGroups).reduce((sum, {count}) => sum + count, 0);
	const flow = applyCluster(deps, planned, signal);
	return planned.plan.destroy > 0 || planned.plan.create === 0 ? flow : timed(env, `apply local ${nodes} nodes`, flow);
}

/** First phase: the machines of the plan, switched on. */
export async function* createMachines(deps: Dependencies, planned: PlannedCluster, signal: AbortSignal): Flow<Prepared> {
	await writeStamp(deps.workspace);
	return yield* switchedOn(deps, yield* applyPlan(deps, planned, signal), signal);
}

/** Second phase, on machines that exist: initialisation, nodes, verification. */
export async function* initMachines(deps: Dependencies, signal: AbortSignal): Flow<ClusterSummary> {
	const startedAt = deps.now();
	await requireIds(deps.workspace);
	const prepared = yield* phase('preflight', deps.now, prepare(deps));
	return yield* finishCluster(deps, prepared, startedAt, signal);
}

async function* finishCluster(
	deps: Dependencies,
	prepared: Prepared,
	startedAt: number,
	signal: AbortSignal,
): Flow<ClusterSummary> {
	const initialised = yield* initCluster(deps, prepared, signal);
	const clusterId = clusterIdOf(initialised);
	const {policy, image, ids} = initialised;
	const {nodes, judged} = yield* settleNodes(deps, {uid: ids.uid, clusterId, policy, imageVersion: image.version}, signal);
	const {verify} = await readEndpoints(deps.workspace);
	const expectations = expectationsOf(policy, image);
	const target = {endpoint: verify, clusterId, clusterIdFrom: fileNames.id, expectations, patienceMs: 60_000};
	yield* verifyCluster(deps, target, signal);
	const cluster = {id: clusterId, name: initialised.config.name, uid: ids.uid};
	yield* writeReceipt(deps, {what: 'apply', outcome: 'accepted', cluster, expectations, nodes: judged});
	const summary = await summaryOf(deps, initialised, nodes, startedAt);
	yield {type: 'summary', summary, at: deps.now()};
	return summary;
}

/** Machines that are off, as after a reboot, are switched on; a cluster that was initialised gets its secret again. */
async function* switchedOn(deps: Dependencies, prepared: Prepared, signal: AbortSignal): Flow<Prepared> {
	const {uid, clusterID} = prepared.ids;
	const machines = await deps.provider.machines(uid);
	const off = (machines ?? []).filter(({state}) => state === 'stopped' || state === 'failed');
	if (machines !== undefined && off.length === 0) return prepared;
	if (clusterID === '') yield* deps.provider.start(uid);
	else yield* startCluster(deps, await requireMasterSecret(deps), signal);
	return prepared;
}

function clusterIdOf({ids}: Prepared): Uint8Array {
	return readClusterId(ids.clusterID) ?? new Uint8Array();
}

async function summaryOf(deps: Dependencies, prepared: Prepared, nodes: ReadyNode[], startedAt: number): Promise<ClusterSummary> {
	const {kubernetes} = await readEndpoints(deps.workspace);
	const {config} = prepared;
	return {
		name: config.name,
		provider: 'local',
		clusterId: showClusterId(clusterIdOf(prepared)),
		endpoint: `https://${kubernetes}`,
		kubernetesVersion: config.kubernetesVersion,
		nodes,
		files: {
			kubeconfig: fileNames.kubeconfig,
			masterSecret: fileNames.masterSecret,
			id: fileNames.id,
			config: fileNames.config,
		},
		elapsedMs: deps.now() - startedAt,
		rehearsal: true,
	};
}

/** Whether the owner has proved to have a copy of the master secret. */
export async function isCopied({workspace}: Pick<Dependencies, 'workspace'>): Promise<boolean> {
	return (await readStamp(workspace)).masterSecretCopied;
}
