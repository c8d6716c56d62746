import type {Flow} from '../events.ts';
import type {Dependencies} from '../flows/dependencies.ts';
import type {PlannedIam} from '../flows/iam.ts';
import {
	applyIam,
	forgetIam,
	type IamWishes,
	planIam,
	planIamRemoval,
	planIamUpgrade,
	removeIam,
	writeIamConfig,
} from '../flows/iam.ts';
import {fileNames, withLock} from '../flows/session.ts';
import type {Result} from '../output/output.ts';
import {agree, agreeByName} from './consent.ts';
import {showPreview} from './preview.ts';
import {type CommandContext, type CommandInput, type CommandModule, switchFlag, textFlag} from './types.ts';

type IamCloud = PlannedIam['cloud'];

const worldOf = ({env}: CommandContext, {workspace, now}: Dependencies) => ({workspace, env: {...env}, now});

const cloudFrom = (input: CommandInput): IamCloud => input.argument as IamCloud;

function wishesFrom(input: CommandInput): IamWishes {
	const prefix = textFlag(input, 'prefix');
	const values = Object.fromEntries(['region', 'project', 'subscription'].map(flag => [flag, textFlag(input, flag)]));
	return {...(prefix === undefined ? {} : {prefix}), values};
}

export const create: CommandModule = (context, input) =>
	withLock(context, 'iam create', deps =>
		make(context, input, deps, 'iam create', signal =>
			planIam(worldOf(context, deps), cloudFrom(input), wishesFrom(input), signal),
		),
	);

export const upgrade: CommandModule = (context, input) =>
	withLock(context, 'iam upgrade', deps =>
		make(context, input, deps, 'iam upgrade', signal => planIamUpgrade(worldOf(context, deps), cloudFrom(input), signal)),
	);

async function make(
	context: CommandContext,
	input: CommandInput,
	deps: Dependencies,
	command: string,
	plan: (signal: AbortSignal) => Flow<PlannedIam>,
): Promise<Result> {
	const planned = await context.output.run('Planning', plan, {expected: ['preflight', 'plan']});
	const {cloud, prefix} = planned;
	const {create: made, update, destroy, empty} = planned.plan;
	try {
		if (!empty) {
			showPreview(context, planned.plan);
			await agree(
				context,
				`Terraform will create ${made}, change ${update} and destroy ${destroy} resources for ${prefix}. Go on?`,
			);
		}
	} catch (error) {
		await forgetIam(deps.workspace);
		throw error;
	}
	const values = await context.output.run('Making identities', signal => applyIam(worldOf(context, deps), planned, signal));
	const outcome = await writeIamConfig(deps.workspace, cloud, values, switchFlag(input, 'update-config'));
	return {
		command,
		data: {provider: cloud, prefix, values, written: outcome?.written ?? [], kept: outcome?.kept ?? [], changed: !empty},
		lines: [
			empty ? `The identities of ${prefix} are as they should be.` : `The identities of ${prefix} exist.`,
			...outcomeLines(cloud, values, outcome),
		],
	};
}

/** What became of the values, or how they have to stand in a config. */
function outcomeLines(
	cloud: IamCloud,
	values: Readonly<Record<string, string>>,
	outcome: {written: string[]; kept: string[]} | undefined,
): string[] {
	const yaml = (keys: readonly string[]) => keys.map(key => `    ${key}: "${values[key] ?? ''}"`);
	if (outcome === undefined) return ['For the config:', 'provider:', `  ${cloud}:`, ...yaml(Object.keys(values))];
	const {written, kept} = outcome;
	return [
		...(written.length === 0 ? [] : [`${fileNames.config} is written: ${written.join(', ')}.`]),
		...(kept.length === 0
			? []
			: [`${fileNames.config} has other values, which were kept (--update-config writes these):`, ...yaml(kept)]),
	];
}

export const destroy: CommandModule = (context, input) =>
	withLock(context, 'iam destroy', async deps => {
		const world = worldOf(context, deps);
		const cloud = cloudFrom(input);
		const planned = await context.output.run('Planning', signal => planIamRemoval(world, cloud, signal), {
			expected: ['preflight', 'plan'],
		});
		showPreview(context, planned.plan);
		const {prefix, plan} = planned;
		const shared = 'Clusters in other folders that use these identities stop working.';
		await agreeByName(context, prefix, `This removes ${plan.destroy} resources of ${prefix} for good. ${shared}`);
		await context.output.run('Removing identities', signal => removeIam(world, planned, signal), {expected: ['destroy']});
		return {
			command: 'iam destroy',
			data: {provider: cloud, prefix, removed: plan.destroy},
			lines: [`Removed: ${plan.destroy} resources of ${prefix}. The config still names them.`],
		};
	});
