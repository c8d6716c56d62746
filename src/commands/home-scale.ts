import {groupsIn} from '../config/group-sizes.ts';
import {AppError, exitCodes} from '../errors.ts';
import {readAnyConfig} from '../flows/cluster.ts';
import {openWorkspace} from '../flows/session.ts';
import type {Asker} from '../output/asker.ts';
import {openAsker} from '../output/prompts.ts';
import {count} from '../text.ts';
import type {CommandContext, CommandInput} from './types.ts';

/** Asks which node group is to have how many nodes, as the flags of `scale`. Throws AppError `declined`. */
export async function askForSize(context: CommandContext): Promise<CommandInput['flags']> {
	const {config} = await readAnyConfig((await openWorkspace(context)).workspace);
	const asker = await openAsker(context.surroundings);
	try {
		return await ask(asker, groupsIn(config));
	} finally {
		asker.close();
	}
}

async function ask(asker: Asker, groups: ReturnType<typeof groupsIn>): Promise<CommandInput['flags']> {
	const choices = Object.entries(groups).map(([name, {role, count: nodes}]) => ({
		value: name,
		title: name,
		detail: count(nodes, role === 'worker' ? 'worker' : 'control plane'),
	}));
	// Workers are what is scaled most.
	const workers = choices.map(({value}) => value).filter(name => groups[name]?.role === 'worker');
	const likely = workers.find(name => name === 'worker_default') ?? workers[0];
	const group = await asker.choose('Which node group?', choices, likely);
	if (group === undefined) throw declined();
	const nodes = await asker.ask(`How many nodes in ${group}?`, {
		initial: String(groups[group]?.count ?? ''),
		validate: text => (/^\d{1,3}$/.test(text) ? undefined : 'A whole number, please.'),
	});
	if (nodes === undefined) throw declined();
	return {group, nodes: Number(nodes)};
}

const declined = (): AppError => new AppError('Nothing was changed.', {code: 'declined', exitCode: exitCodes.cancelled});
