import {groupsIn, type SizeWishes, sizesFor, withSizes} from '../../config/group-sizes.ts';
import {AppError, exitCodes} from '../../errors.ts';
import type {NodeGroups} from '../../providers/node-groups.ts';
import {type Workspace, writeFileSafely} from '../../workspace/files.ts';
import type {CloudPlace} from './status.ts';
import {noteSizes} from './terraform.ts';

export type GroupChange = {group: string; from: number; to: number};

/** What a scale would change in the cloud, and the config that says so. */
export type PlannedGroups = {changes: readonly GroupChange[]; text: string};

/**
 * Throws AppError `usage` for fewer control planes: the cloud chooses which machine goes, and a control plane that goes unasked takes its
 * vote of the cluster's store with it. `invalid-config` where the config may not say the sizes: nothing is set then.
 * `cloud-no-node-groups` on OpenStack and STACKIT: Terraform makes each server there.
 */
export async function planCloudScale(
	{config, text}: CloudPlace,
	nodeGroups: NodeGroups,
	wishes: SizeWishes,
): Promise<PlannedGroups> {
	const sizes = sizesFor(config, wishes);
	const planned = withSizes(text, sizes);
	const changes: GroupChange[] = [];
	for (const [group, to] of Object.entries(sizes)) {
		const {size: from} = await nodeGroups.get(group);
		if (groupsIn(config)[group]?.role === 'control-plane' && to < from) throw fewer(group, from);
		if (from !== to) changes.push({group, from, to});
	}
	if (changes.length > 0 && 'openstack' in config.provider) throw noGroups(changes);
	return {changes, text: planned};
}

/** Sets the sizes, then writes them to the config. Run again after a failure, it goes on. */
export async function applyCloudScale(
	workspace: Workspace,
	place: CloudPlace,
	nodeGroups: NodeGroups,
	{changes, text}: PlannedGroups,
): Promise<void> {
	for (const {group, to} of changes) {
		await nodeGroups.setSize(group, to);
		await noteSizes(workspace.path('terraform'), {[group]: to});
	}
	if (text !== place.text) await writeFileSafely(workspace.path('config'), text);
}

const fewer = (group: string, there: number): AppError =>
	new AppError(`Control planes are not taken away: ${group} has ${there}.`, {
		code: 'usage',
		exitCode: exitCodes.usage,
		next: ['Scale to as many or more.'],
	});

const noGroups = (changes: readonly GroupChange[]): AppError =>
	new AppError('This cloud has no groups of machines: Terraform makes each server of the cluster by itself.', {
		code: 'cloud-no-node-groups',
		exitCode: exitCodes.infrastructure,
		next: [
			`Write ${changes.map(({group, to}) => `nodeGroups.${group}.count: ${to}`).join(' and ')} into the config.`,
			'constellation apply   shows what that changes, and does it',
		],
	});
