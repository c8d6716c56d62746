import {existsSync} from 'node:fs';
import {findCloudCluster} from '../flows/cloud/terminate.ts';
import {readConfig} from '../flows/cluster.ts';
import {openOriginal} from '../flows/original/open.ts';
import {listReceipts} from '../flows/receipt-check.ts';
import {fileNames, openWorkspace, withLock, workspaceOf} from '../flows/session.ts';
import {findExisting, terminateCluster} from '../flows/terminate.ts';
import {refuseDuringRoll} from '../flows/upgrade/beside.ts';
import {agreeByName} from './consent.ts';
import type {CommandModule} from './types.ts';

export const terminate: CommandModule = async context => {
	const original = await openOriginal(context.folder);
	if (original !== undefined) {
		const {terminateOriginal} = await import('./original.ts');
		return terminateOriginal(context, original);
	}
	if ((await findCloudCluster(workspaceOf(context.folder))) !== undefined)
		return (await import('./infrastructure.ts')).terminateOnCloud(context);
	// Looked at before the lock is taken: an empty folder stays empty.
	await findExisting(await openWorkspace(context));
	return withLock(context, 'terminate', async deps => {
		const existing = await findExisting(deps);
		await refuseDuringRoll(deps);
		const {name} = await readConfig(deps.workspace).then(
			({config}) => config,
			// A config that cannot be read is no reason to keep a cluster.
			() => ({name: existing.ids?.uid ?? 'constell'}),
		);
		const what = [...existing.leftovers, `${existing.resources} Terraform resources`].join(', ');
		await agreeByName(context, name, `This removes ${what}. It cannot be undone.`);
		const removed = await context.output.run('Terminating', signal => terminateCluster(deps, existing, signal), {
			expected: ['destroy'],
		});
		const receipts = (await listReceipts(context.folder)).length === 0 ? [] : [`${fileNames.receipts}/`];
		const upgrades = existsSync(deps.workspace.path('upgrades')) ? [`${fileNames.upgrades}/`] : [];
		const files = (['config', 'masterSecret'] as const).filter(each => existsSync(deps.workspace.path(each)));
		const kept = [...files.map(each => fileNames[each]), ...receipts, ...upgrades];
		return {
			command: 'terminate',
			data: {removed, kept},
			lines: [
				`Removed: ${removed.join(', ')}.`,
				...(kept.length === 0 ? [] : [`Kept: ${kept.join(', ')}.`]),
				'No process, file or resource that we know of is left; backups, swap and snapshots were not checked.',
			],
		};
	});
};
