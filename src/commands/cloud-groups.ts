import type {SizeWishes} from '../config/group-sizes.ts';
import {connectCloud} from '../flows/cloud/connect.ts';
import {applyCloudScale, planCloudScale} from '../flows/cloud/scale.ts';
import {type CloudPlace, type CloudStatus, cloudStatus} from '../flows/cloud/status.ts';
import {workspaceOf} from '../flows/session.ts';
import type {Result} from '../output/output.ts';
import {agree} from './consent.ts';
import type {CommandContext} from './types.ts';

const groupsOf = async ({config, ids}: CloudPlace, {env, folder}: CommandContext) =>
	(await connectCloud(config, {env, folder})).nodeGroups(ids.uid);

/** `status` on a cloud: what the cloud says of the machines. */
export async function statusOfCloud(context: CommandContext, place: CloudPlace): Promise<Result> {
	const found = await cloudStatus(place, await groupsOf(place, context));
	return {command: 'status', data: {...found}, lines: statusLines(found)};
}

/** `scale` on a cloud: sets the sizes of node groups; machines come and go while nobody waits for them. */
export async function scaleOnCloud(context: CommandContext, place: CloudPlace, wishes: SizeWishes): Promise<Result> {
	const nodeGroups = await groupsOf(place, context);
	const planned = await planCloudScale(place, nodeGroups, wishes);
	const {changes} = planned;
	const told = changes.map(({group, from, to}) => `${group}: ${from} to ${to} machines`);
	const fewer = changes.some(({from, to}) => to < from);
	const question = `Scale ${told.join(', ')}?${fewer ? ' The cloud chooses which machines end.' : ''}`;
	if (changes.length > 0) await agree(context, question);
	await applyCloudScale(workspaceOf(context.folder), place, nodeGroups, planned);
	const lines = told.length === 0 ? ['Nothing to change.'] : [...told, 'constellation status   shows how far they are'];
	return {command: 'scale', data: {changes}, lines};
}

/** What a person reads of a cloud's machines. */
export function statusLines({name, provider, uid, ip, groups, machines}: CloudStatus): string[] {
	const width = Math.max(7, ...machines.map(machine => machine.name.length));
	return [
		`${name} on ${provider}: ${groups.map(group => `${group.name} ${group.running} of ${group.size} running`).join(', ') || 'no machines'}`,
		'As the cloud says; nothing of this is attested.',
		'',
		`${'machine'.padEnd(width)}  role           state`,
		...machines.map(
			({name: machine, role, state, detail}) =>
				`${machine.padEnd(width)}  ${role.padEnd(13)}  ${state}${detail === undefined ? '' : `: ${detail}`}`,
		),
		'',
		`uid            ${uid}`,
		`address        ${ip === '' ? 'none yet' : ip}`,
	];
}
