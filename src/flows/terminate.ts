import {AppError, exitCodes} from '../errors.ts';
import type {Flow} from '../events.ts';
import {fileNames, remove} from '../workspace/files.ts';
import {type ClusterIds, readIds} from '../workspace/id-file.ts';
import {writeStamp} from '../workspace/stamp.ts';
import {terraformResources} from '../workspace/state.ts';
import {noCluster, refuseOtherProvider} from './cluster.ts';
import type {Dependencies} from './dependencies.ts';
import {withBackground} from './merge.ts';
import {phase} from './phase.ts';

/** What a workspace has that can be removed. */
export type Existing = {ids?: ClusterIds; resources: number; leftovers: readonly string[]};

/** Looks at what there is. Throws AppError `no-cluster` (exit 2: probably the wrong folder) where there is nothing at all. */
export async function findExisting({workspace, provider}: Pick<Dependencies, 'workspace' | 'provider'>): Promise<Existing> {
	const ids = await readIds(workspace);
	if (ids !== undefined) refuseOtherProvider(workspace, ids);
	const resources = (await terraformResources(workspace)) ?? 0;
	if (ids === undefined && resources === 0) throw noCluster(workspace, true);
	const leftovers = ids === undefined ? [] : await provider.leftovers(ids.uid);
	return {...(ids === undefined ? {} : {ids}), resources, leftovers};
}

/**
 * Removes the cluster: first through Terraform, then what the provider's own records still name, then the files that say the
 * cluster exists. Config and master secret stay. Gives what was removed, in words.
 */
export function terminateCluster(deps: Dependencies, existing: Existing, signal: AbortSignal): Flow<string[]> {
	return phase('destroy', deps.now, destroy(deps, existing, signal), removed => `${removed.length} removed`);
}

async function* destroy(deps: Dependencies, {ids, resources, leftovers}: Existing, signal: AbortSignal): Flow<string[]> {
	const {workspace, provider, journal} = deps;
	const removed: string[] = [...leftovers];
	await journal.intent('destroy');
	if (resources > 0) {
		const terraform = await deps.terraform(signal);
		const machines = ids === undefined ? [] : [(stop: AbortSignal) => provider.events(ids.uid, stop)];
		yield* withBackground(terraform.destroy(), machines, signal);
		removed.push(`${resources} Terraform ${resources === 1 ? 'resource' : 'resources'}`);
	}
	if (ids !== undefined) {
		// Also what Terraform never heard of: processes started in the instant before a kill.
		if ((await provider.leftovers(ids.uid)).length > 0) yield* provider.removeLeftovers(ids.uid);
		const left = await provider.leftovers(ids.uid);
		if (left.length > 0) throw incomplete(left);
	}
	await journal.done('destroy');
	await writeStamp(workspace, {policyGeneration: 0});
	// The id file goes last: as long as it is there, a second terminate finds the rest.
	for (const file of ['kubeconfig', 'terraform', 'journal', 'id'] as const) {
		if (await remove(workspace.path(file))) removed.push(fileNames[file]);
	}
	return removed;
}

function incomplete(left: readonly string[]): AppError {
	return new AppError(`Not everything could be removed: ${left.join(', ')}.`, {
		code: 'terminate-incomplete',
		exitCode: exitCodes.infrastructure,
		next: ['Run `constellation terminate` again.'],
		details: {left},
	});
}
