import {openWorkspace} from '../flows/session.ts';
import {requireRunning} from '../flows/status.ts';
import {requireTarget, watchCluster, watchUntil} from '../flows/watch.ts';
import type {CommandModule} from './types.ts';

export const watch: CommandModule = async (context, {flags}) => {
	const deps = await openWorkspace(context);
	await requireRunning(deps);
	const target = await requireTarget(deps);
	if (flags['until-ready'] !== true) {
		await context.output.run('Watching', signal => watchCluster(deps, target, signal), {expected: [], watching: true});
		return {command: 'watch', data: {}, lines: []};
	}
	const wanted = async () => (await deps.provider.machines(target.uid)) ?? [];
	const nodes = await context.output.run('Watching', signal => watchUntil(deps, target, {wanted}, signal), {expected: []});
	return {command: 'watch', data: {nodes}, lines: [`${nodes.length} of ${nodes.length} nodes are ready.`]};
};
