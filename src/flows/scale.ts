import {type SizeWishes, sizesFor, withSizes} from '../config/group-sizes.ts';
import type {Flow} from '../events.ts';
import {writeFileSafely} from '../workspace/files.ts';
import {pinnedPolicy, readConfig, requireInitialised} from './cluster.ts';
import {restoreConfig} from './config-file.ts';
import {applyPlan, type PlannedCluster, planCluster} from './create.ts';
import type {Dependencies} from './dependencies.ts';
import {expectationsOf, writeReceipt} from './receipts.ts';
import {type SettledNodes, settleNodes} from './settle-nodes.ts';

/** A planned scale, and what the config said before: for `restoreConfig`, where nobody wants it any more. */
export type PlannedScale = {planned: PlannedCluster; before: string};

/** Writes the sizes to the config, checked like everything in it, and plans. A plan that fails leaves the config as it was. */
export async function* planScale(deps: Dependencies, wishes: SizeWishes, signal: AbortSignal): Flow<PlannedScale> {
	await requireInitialised(deps.workspace);
	const {config, text: before} = await readConfig(deps.workspace);
	const after = withSizes(before, sizesFor(config, wishes));
	if (after !== before) await writeFileSafely(deps.workspace.path('config'), after);
	try {
		return {planned: yield* planCluster(deps, signal), before};
	} catch (error) {
		await restoreConfig(deps.workspace, before);
		throw error;
	}
}

/** Applies a planned scale: returns when new nodes are Ready and the Node objects of removed machines are gone. */
export async function* applyScale(deps: Dependencies, planned: PlannedCluster, signal: AbortSignal): Flow<SettledNodes> {
	const {ids, clusterId} = await requireInitialised(deps.workspace);
	await deps.journal.intent('scale');
	const {config, image} = yield* applyPlan(deps, planned, signal);
	const target = {uid: ids.uid, clusterId, policy: pinnedPolicy(config), imageVersion: image.version};
	const settled = yield* settleNodes(deps, target, signal);
	await deps.journal.done('scale');
	const cluster = {id: clusterId, name: config.name, uid: ids.uid};
	const expectations = expectationsOf(target.policy, image);
	yield* writeReceipt(deps, {what: 'scale', outcome: 'accepted', cluster, expectations, nodes: settled.judged});
	return settled;
}
