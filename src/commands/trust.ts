import path from 'node:path';
import {openAnyWorkspace, workspaceOf} from '../flows/session.ts';
import {exportTrust, importTrust, requireNew, showTrust, trustSettingsOf} from '../flows/trust-bundle.ts';
import {clusterEvidence, configToPrefetch, prefetchTrust} from '../flows/trust-prefetch.ts';
import {anchorsOf, trustWorld} from '../flows/trust-world.ts';
import {count} from '../text.ts';
import {type CommandContext, type CommandInput, type CommandModule, switchFlag, textFlag} from './types.ts';

async function surroundings({env, folder}: CommandContext, input: CommandInput, signal?: AbortSignal) {
	const world = trustWorld(env, signal);
	const trust = await trustSettingsOf(workspaceOf(folder));
	return {world, anchors: await anchorsOf(world, trust, textFlag(input, 'key'))};
}

export const exportBundle: CommandModule = async (context, input) => {
	const place = path.resolve(input.argument ?? '');
	await requireNew(place);
	const missing = switchFlag(input, 'offline') ? [] : await prefetched(context, input);
	const {world, anchors} = await surroundings(context, input);
	const {file, parts, left} = await exportTrust(place, world, anchors);
	return {
		command: 'trust export',
		data: {file, parts, left, missing},
		lines: [
			`${path.relative(process.cwd(), file)} holds ${count(parts.length, 'part')}.`,
			...parts.map(({kind, name, state}) => `  ${kind}  ${name}${state === 'expired' ? '  expired' : ''}`),
			...(left > 0 ? [`${count(left, 'part')} left out: what proves nothing here is not passed on.`] : []),
			...(missing.length > 0 ? ['Not in it:', ...missing.map(each => `  ${each}`)] : []),
		],
	};
};

/** What checks of the workspace's cluster take is fetched first; gives what could not be had. */
async function prefetched(context: CommandContext, input: CommandInput): Promise<readonly string[]> {
	const deps = await openAnyWorkspace(context);
	const config = await configToPrefetch(deps.workspace);
	if (config === undefined) return [];
	return context.output.run('Fetching what checks of this cluster take', async function* (signal) {
		const {world, anchors} = await surroundings(context, input, signal);
		const evidence = () => clusterEvidence(deps, world, signal);
		const missing = yield* prefetchTrust(config, {workspace: deps.workspace, world, anchors, evidence});
		// What an interrupt cut off is not merely missing.
		signal.throwIfAborted();
		return missing;
	});
}

export const importBundle: CommandModule = async (context, input) => {
	const {world, anchors} = await surroundings(context, input);
	const judged = await importTrust(path.resolve(input.argument ?? ''), world, anchors);
	const words = {add: 'checked and kept', same: 'here already', expired: 'expired, left out', refused: 'refused'} as const;
	return {
		command: 'trust import',
		data: {parts: judged.map(({part, state}) => ({kind: part.kind, name: part.name, state}))},
		lines: judged.map(({part, state}) => `${part.kind}  ${part.name}  ${words[state]}`),
	};
};

export const showBundle: CommandModule = async (context, input) => {
	const {world, anchors} = await surroundings(context, input);
	const file = input.argument === undefined ? undefined : path.resolve(input.argument);
	const {parts, damaged, calendar} = await showTrust(world, anchors, file);
	const date = (at: number) => new Date(at).toISOString().slice(0, 10);
	const left = (days: number) => (days < 0 ? `${-days} days ago` : `in ${days} days`);
	const mark = {valid: '', soon: '  soon', expired: '  expired'} as const;
	return {
		command: 'trust show',
		data: {parts, damaged, calendar},
		lines: [
			...(parts.length === 0 ? ['Nothing was imported or fetched yet.'] : []),
			...parts.map(({kind, name, state, problems}) => `${kind}  ${name}  ${[state, ...problems].join(': ')}`),
			...(parts.some(({state}) => state === 'refused')
				? ['A key of your own that signed such a part counts when it is named: --key FILE, or trust.keys in the config.']
				: []),
			...(damaged > 0 ? [`${damaged} files cannot be read; what they held is fetched or imported again.`] : []),
			'',
			'What ends when, soonest first:',
			...calendar.map(
				({at, days, what, of, state}) => `  ${date(at)}  ${left(days).padStart(14)}  ${what} (${of})${mark[state]}`,
			),
		],
	};
};
