import {AppError, exitCodes} from '../errors.ts';
import {openWorkspace, withExisting} from '../flows/session.ts';
import {withUpgrade} from '../flows/upgrade/dependencies.ts';
import {type AbortWay, abortUpgrade, abortWays, continueUpgrade, pauseUpgrade} from '../flows/upgrade/steer.ts';
import {agree, canAsk} from './consent.ts';
import {type CommandContext, type CommandInput, type CommandModule, switchFlag} from './types.ts';
import {upgradeResult} from './upgrade-apply.ts';

/** Works beside a run that is attached: that one sees it in the cluster. */
export const pause: CommandModule = async context => {
	const id = await pauseUpgrade(withUpgrade(await openWorkspace(context), context));
	return {
		command: 'upgrade pause',
		data: {id, state: 'pausing'},
		lines: ['The replacement that was begun is finished, no other begins.', 'next   constellation upgrade continue   goes on'],
	};
};

export const resume: CommandModule = context =>
	withExisting(context, 'upgrade', async base => {
		const deps = withUpgrade(base, context);
		const end = await context.output.run('Upgrading', signal => continueUpgrade(deps, signal), {
			expected: ['lock', 'control-planes', 'workers', 'retire', 'verify'],
			detaches: true,
		});
		return upgradeResult('upgrade continue', end);
	});

export const abort: CommandModule = (context, input) =>
	withExisting(context, 'upgrade', async base => {
		const deps = withUpgrade(base, context);
		const {file, ways, why} = await abortWays(deps);
		const way = chosenWay(input) ?? (await chooseWay(context, ways, why));
		await agree(context, sentences[way](file.plan.from.image));
		const end = await context.output.run('Ending the upgrade', signal => abortUpgrade(deps, way, signal), {
			expected: way === 'stay-mixed' ? ['lock'] : ['lock', 'policies', 'control-planes', 'workers', 'retire', 'verify'],
			detaches: true,
		});
		if (end.state === 'mixed') {
			const lines = [
				'Old and new nodes are both accepted; the upgrade is not over.',
				'next   constellation upgrade continue   goes on',
			];
			return {command: 'upgrade abort', data: {id: end.id, state: end.state}, lines};
		}
		return upgradeResult('upgrade abort', end);
	});

const sentences: Readonly<Record<AbortWay, (image: string) => string>> = {
	return: image => `No node was replaced yet. Accept only ${image} again?`,
	'stay-mixed': () => 'Leave the cluster with nodes of both images?',
	'roll-back': image => `Replace the new nodes with nodes of ${image}?`,
};

function chosenWay(input: CommandInput): AbortWay | undefined {
	if (switchFlag(input, 'stay-mixed')) return 'stay-mixed';
	return switchFlag(input, 'roll-back') ? 'roll-back' : undefined;
}

async function chooseWay(context: CommandContext, ways: readonly AbortWay[], why: string | undefined): Promise<AbortWay> {
	const [only, ...others] = ways;
	if (only !== undefined && others.length === 0) return only;
	if (!canAsk(context) || context.yes) throw undecided(ways);
	const {openAsker} = await import('../output/prompts.ts');
	const asker = await openAsker(context.surroundings);
	try {
		const titles: Readonly<Record<AbortWay, string>> = {
			return: 'go back to the old image',
			'stay-mixed': 'stay mixed: both images are accepted, nothing is replaced',
			'roll-back': 'roll back: new nodes are replaced with old ones',
		};
		const chosen = await asker.choose(
			why ?? 'Some nodes are new already. How should it end?',
			ways.map(value => ({value, title: titles[value]})),
		);
		if (chosen === undefined) throw new AppError('Nothing was changed.', {code: 'declined', exitCode: exitCodes.cancelled});
		return chosen;
	} finally {
		asker.close();
	}
}

function undecided(ways: readonly AbortWay[]): AppError {
	return new AppError('Some nodes are new already: say how the upgrade should end.', {
		code: 'usage',
		exitCode: exitCodes.usage,
		next: ways.map(way => `constellation upgrade abort --${way}`),
	});
}
