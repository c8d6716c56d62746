import {editConfig} from '../../config/load.ts';
import {nodeGroupsOf} from '../../config/provider.ts';
import {AppError, exitCodes} from '../../errors.ts';
import type {NodeGroups} from '../../providers/node-groups.ts';
import {type Workspace, writeFileSafely} from '../../workspace/files.ts';
import type {Sizes} from '../scale.ts';
import type {CloudPlace} from './status.ts';
import {noteSizes} from './terraform.ts';

export type GroupChange = {group: string; from: number; to: number};

const names = {controlPlanes: 'control_plane_default', workers: 'worker_default'} as const;

/**
 * What a scale would change on a cloud. Throws AppError `usage` for fewer control planes: the cloud chooses which machine goes, and a
 * control plane that goes unasked takes its vote of the cluster's store with it.
 */
export async function planCloudScale({config}: CloudPlace, nodeGroups: NodeGroups, sizes: Sizes): Promise<GroupChange[]> {
	const changes: GroupChange[] = [];
	for (const [key, group] of Object.entries(names) as [keyof typeof names, string][]) {
		const to = sizes[key];
		if (to === undefined) continue;
		if (nodeGroupsOf(config)[group] === undefined)
			throw usage(`The config has no node group ${group}.`, 'Change the count of your own groups in the config.');
		const {size: from} = await nodeGroups.get(group);
		if (key === 'controlPlanes' && to < from)
			throw usage(`Control planes are not taken away: there are ${from}.`, 'Scale to as many or more.');
		if (from !== to) changes.push({group, from, to});
	}
	return changes;
}

/** Sets the sizes, then writes them to the config. Run again after a failure, it goes on. */
export async function applyCloudScale(
	workspace: Workspace,
	{config, text}: CloudPlace,
	nodeGroups: NodeGroups,
	sizes: Sizes,
	changes: readonly GroupChange[],
): Promise<void> {
	for (const {group, to} of changes) {
		await nodeGroups.setSize(group, to);
		await noteSizes(workspace.path('terraform'), {[group]: to});
	}
	const counts = (Object.entries(names) as [keyof typeof names, string][]).flatMap(([key, group]) => {
		const value = sizes[key];
		return value === undefined || nodeGroupsOf(config)[group]?.count === value
			? []
			: [{path: ['nodeGroups', group, 'count'], value}];
	});
	if (counts.length > 0) await writeFileSafely(workspace.path('config'), editConfig(text, counts));
}

const usage = (message: string, next: string): AppError =>
	new AppError(message, {code: 'usage', exitCode: exitCodes.usage, next: [next]});
