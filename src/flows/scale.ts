import {editConfig} from '../config/load.ts';
import type {Config} from '../config/schema.ts';
import type {Flow} from '../events.ts';
import {KubeError} from '../kubernetes/kube.ts';
import {retireMachines} from '../kubernetes/machine-records.ts';
import {resources} from '../kubernetes/resources.ts';
import {writeFileSafely} from '../workspace/files.ts';
import {adminKube, pinnedPolicy, readConfig, requireInitialised} from './cluster.ts';
import {applyPlan, type PlannedCluster, planCluster} from './create.ts';
import type {Dependencies} from './dependencies.ts';
import {phase} from './phase.ts';
import {type ReadyNode, watchUntil} from './watch.ts';

export type Sizes = {controlPlanes?: number; workers?: number};

/** A planned scale, and what the config said before: for `undoScale`. */
export type PlannedScale = {planned: PlannedCluster; before: string};

/** Writes the sizes to the config, checked like everything in it, and plans. A plan that fails leaves the config as it was. */
export async function* planScale(deps: Dependencies, sizes: Sizes, signal: AbortSignal): Flow<PlannedScale> {
	await requireInitialised(deps.workspace);
	const {config, text: before} = await readConfig(deps.workspace);
	const changes = changesOf(config, sizes);
	if (changes.length > 0) await writeFileSafely(deps.workspace.path('config'), editConfig(before, changes));
	try {
		return {planned: yield* planCluster(deps, signal), before};
	} catch (error) {
		await undoScale(deps, before);
		throw error;
	}
}

/** Puts the config back, for a scale that nobody wants any more. */
export async function undoScale({workspace}: Pick<Dependencies, 'workspace'>, before: string): Promise<void> {
	await writeFileSafely(workspace.path('config'), before);
}

function changesOf({nodeGroups}: Config, {controlPlanes, workers}: Sizes) {
	const change = (group: keyof typeof nodeGroups, count: number | undefined) =>
		count === undefined || nodeGroups[group].count === count ? [] : [{path: ['nodeGroups', group, 'count'], value: count}];
	return [...change('control_plane_default', controlPlanes), ...change('worker_default', workers)];
}

/** Applies a planned scale: returns when new nodes are Ready and the Node objects of removed machines are gone. */
export async function* applyScale(
	deps: Dependencies,
	planned: PlannedCluster,
	signal: AbortSignal,
): Flow<{nodes: ReadyNode[]; removed: string[]}> {
	const {ids, clusterId} = await requireInitialised(deps.workspace);
	const before = (await deps.provider.machines(ids.uid)) ?? [];
	await deps.journal.intent('scale');
	const {config, image} = yield* applyPlan(deps, planned, signal);
	const after = new Set(((await deps.provider.machines(ids.uid)) ?? []).map(({name}) => name));
	const removed = [
		...new Set([...before.map(({name}) => name).filter(name => !after.has(name)), ...(await strangers(deps, after))]),
	];
	await deleteNodes(deps, removed);
	const target = {uid: ids.uid, clusterId, policy: pinnedPolicy(config), imageVersion: image.version};
	const wanted = async () => (await deps.provider.machines(ids.uid)) ?? [];
	const nodes = yield* phase(
		'nodes',
		deps.now,
		watchUntil(deps, target, {wanted, gone: removed}, signal),
		found => `${found.length} of ${found.length} ready`,
	);
	await deps.journal.done('scale');
	return {nodes, removed};
}

/** Node objects without a machine: an interrupted scale may have removed the machine and not its object. */
async function strangers(deps: Dependencies, machines: ReadonlySet<string>): Promise<string[]> {
	const {kube} = await adminKube(deps);
	const {items} = await kube.list(resources.nodes);
	return items.map(({metadata}) => metadata.name).filter(name => !machines.has(name));
}

async function deleteNodes(deps: Dependencies, names: readonly string[]): Promise<void> {
	const {kube} = await adminKube(deps);
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
