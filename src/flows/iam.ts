import path from 'node:path';
import {editProvider, providerSection} from '../config/edit-provider.ts';
import {AppError, exitCodes, type Problem} from '../errors.ts';
import type {Flow} from '../events.ts';
import type {Plan} from '../infrastructure/terraform.ts';
import {clouds} from '../providers/clouds.ts';
import {withAdvice} from '../providers/failure-advice.ts';
import {type IamCloud, iamClouds, iamKinds} from '../providers/iam.ts';
import {planPreview} from '../providers/plan-words.ts';
import {fileNames, readText, remove, type Workspace, writeFileSafely} from '../workspace/files.ts';
import {writeStamp} from '../workspace/stamp.ts';
import {readFacts} from '../workspace/state.ts';
import {requireCredentials} from './cloud/credentials.ts';
import {contentsOf, openTerraform, removeUnused, type TerraformPlace, writtenVariables} from './cloud/terraform.ts';
import {phase} from './phase.ts';

export {iamClouds} from '../providers/iam.ts';

/** What was asked for: a flag that is missing is taken from the identities that exist, then from the config. */
export type IamWishes = {prefix?: string; values: Readonly<Record<string, string | undefined>>};

export type PlannedIam = {cloud: IamCloud; prefix: string; plan: Plan};

type IamWorld = {workspace: Workspace; env: NodeJS.ProcessEnv; now: () => number};

const placeOf = (workspace: Workspace, cloud: IamCloud): TerraformPlace => ({
	folder: workspace.path('iam'),
	module: `iam/${cloud}`,
	environment: clouds[cloud].environment,
	words: iamKinds[cloud].words,
	preview: changes => planPreview(iamKinds[cloud].words, {groups: [], sourceRanges: [], notes: []}, changes),
});

/** Plans identities for the nodes of a cluster. Throws AppError `iam-incomplete`, `iam-other-provider`, `iam-exists`, `cloud-credentials`. */
export async function* planIam(world: IamWorld, cloud: IamCloud, wishes: IamWishes, signal: AbortSignal): Flow<PlannedIam> {
	const {workspace, env, now} = world;
	const known = await knownIam(workspace);
	if (known !== undefined && known.cloud !== cloud) throw otherProvider(known.cloud);
	const {prefix, values} = await settle(workspace, cloud, wishes, known);
	yield* phase('preflight', now, requireCredentials(clouds[cloud], env, now));
	return yield* phase('plan', now, planned(), ({plan}) =>
		plan.empty ? 'nothing to change' : `${plan.create} to create, ${plan.update} to change, ${plan.destroy} to destroy`,
	);

	async function* planned(): Flow<PlannedIam> {
		const variables = {name_prefix: prefix, tags: {}, cloud: values};
		try {
			await writeStamp(workspace);
			const terraform = await openTerraform(env, placeOf(workspace, cloud), signal, variables);
			return {cloud, prefix, plan: yield* terraform.plan()};
		} catch (error) {
			await removeUnused(workspace.path('iam'));
			throw withAdvice(error, destroyHint(cloud));
		}
	}
}

/** Plans with what the identities were made with, by the module of this tool. Throws AppError `no-iam`. */
export async function* planIamUpgrade(world: IamWorld, cloud: IamCloud, signal: AbortSignal): Flow<PlannedIam> {
	await requireIam(world.workspace, cloud);
	return yield* planIam(world, cloud, {values: {}}, signal);
}

/** Does what was planned; gives the values for the provider section of the config. */
export async function* applyIam(
	{workspace, env}: IamWorld,
	{plan, cloud}: PlannedIam,
	signal: AbortSignal,
): Flow<Record<string, string>> {
	const terraform = await openTerraform(env, placeOf(workspace, cloud), signal);
	try {
		if (!plan.empty) yield* terraform.apply(plan);
	} catch (error) {
		throw withAdvice(error, destroyHint(cloud));
	}
	const {config} = await terraform.values();
	return Object.fromEntries(Object.entries(config ?? {}).map(([key, value]) => [key, String(value)]));
}

/** The identities go away where nothing was made: an attempt that was not agreed to blocks nothing. */
export const forgetIam = (workspace: Workspace): Promise<void> => removeUnused(workspace.path('iam'));

/**
 * Writes values into the provider section of the config, if there is a config for this cloud. Values that stand there and differ are
 * kept unless `overwrite`. `written` and `kept` name keys.
 */
export async function writeIamConfig(
	workspace: Workspace,
	cloud: IamCloud,
	values: Readonly<Record<string, string>>,
	overwrite: boolean,
): Promise<{written: string[]; kept: string[]} | undefined> {
	const text = await readText(workspace.path('config'));
	const section = text === undefined ? undefined : providerSection(text, cloud);
	if (text === undefined || section === undefined) return undefined;
	const differing = Object.entries(values).filter(([key, value]) => section[key] !== value);
	const [kept, written] = [
		differing.filter(([key]) => !overwrite && (section[key] ?? '') !== ''),
		differing.filter(([key]) => overwrite || (section[key] ?? '') === ''),
	];
	if (written.length > 0) await writeFileSafely(workspace.path('config'), editProvider(text, cloud, Object.fromEntries(written)));
	return {written: written.map(([key]) => key), kept: kept.map(([key]) => key)};
}

/** Plans the removal of the identities. Throws AppError `no-iam` (exit 2), `iam-other-provider`, `iam-in-use`. */
export async function* planIamRemoval(world: IamWorld, cloud: IamCloud, signal: AbortSignal): Flow<PlannedIam> {
	const {workspace, env, now} = world;
	const prefix = await requireIam(workspace, cloud);
	const {id, kubeconfig, resources} = await readFacts(workspace);
	if (id || kubeconfig || resources) throw inUse();
	yield* phase('preflight', now, requireCredentials(clouds[cloud], env, now));
	const terraform = await openTerraform(env, placeOf(workspace, cloud), signal);
	return {cloud, prefix, plan: yield* phase('plan', now, terraform.plan({destroy: true}))};
}

/** Removes the identities, then the folder. */
export async function* removeIam({workspace, env, now}: IamWorld, {plan, cloud}: PlannedIam, signal: AbortSignal): Flow<void> {
	yield* phase('destroy', now, removed());

	async function* removed(): Flow<void> {
		const terraform = await openTerraform(env, placeOf(workspace, cloud), signal);
		try {
			yield* terraform.apply(plan);
		} catch (error) {
			throw withAdvice(error, 'Nothing is forgotten: what is left is still in the state.');
		}
		await remove(workspace.path('iam'));
	}
}

/** Identities that Terraform made here; undefined where there are none, whatever an aborted run left. */
async function knownIam(
	workspace: Workspace,
): Promise<{cloud: IamCloud; prefix: string; values: Record<string, string>} | undefined> {
	const folder = workspace.path('iam');
	if (((await contentsOf(folder))?.total ?? 0) === 0) return undefined;
	const main = (await readText(path.join(folder, 'main.tf'))) ?? '';
	const cloud = iamClouds.find(each => main.includes(`provider "${iamKinds[each].terraform}"`));
	const variables = await writtenVariables(folder);
	const values = (variables?.['cloud'] ?? {}) as Record<string, string>;
	const prefix = variables?.['name_prefix'];
	return cloud === undefined ? undefined : {cloud, prefix: typeof prefix === 'string' ? prefix : '', values};
}

async function requireIam(workspace: Workspace, cloud: IamCloud): Promise<string> {
	const known = await knownIam(workspace);
	if (known === undefined) throw noIam(workspace);
	if (known.cloud !== cloud) throw otherProvider(known.cloud);
	return known.prefix;
}

async function settle(workspace: Workspace, cloud: IamCloud, wishes: IamWishes, known: Awaited<ReturnType<typeof knownIam>>) {
	const {prefix: form, values: wanted} = iamKinds[cloud];
	const section = providerSection((await readText(workspace.path('config'))) ?? '', cloud) ?? {};
	const prefix = wishes.prefix ?? known?.prefix ?? '';
	const problems: Problem[] = [];
	if (prefix === '')
		problems.push({path: '--prefix', message: 'is missing', fix: 'say what the names of the identities start with'});
	else if (!form.pattern.test(prefix)) problems.push({path: '--prefix', message: `must have ${form.form}`});
	const values: Record<string, string> = {};
	for (const {variable, key, flag, pattern, form: shape} of wanted) {
		const value = wishes.values[flag] ?? known?.values[variable] ?? section[key] ?? '';
		if (value === '') problems.push({path: `--${flag}`, message: 'is missing', fix: shape});
		else if (!pattern.test(value)) problems.push({path: `--${flag}`, message: `must be ${shape}`});
		values[variable] = value;
	}
	if (problems.length > 0) throw incomplete(cloud, problems);
	if (known !== undefined && (known.prefix !== prefix || JSON.stringify(known.values) !== JSON.stringify(values)))
		throw existing(cloud, known.prefix);
	return {prefix, values};
}

const destroyHint = (cloud: IamCloud): string => `constellation iam destroy ${cloud}   removes what was made`;

const incomplete = (cloud: IamCloud, problems: readonly Problem[]): AppError =>
	new AppError(`Identities in ${clouds[cloud].title} need more than was said.`, {
		code: 'iam-incomplete',
		exitCode: exitCodes.usage,
		problems,
		next: [`constellation iam create ${cloud} --help   shows the flags`],
	});

const existing = (cloud: IamCloud, prefix: string): AppError =>
	new AppError(`This folder has identities already, made with the prefix ${prefix}.`, {
		code: 'iam-exists',
		exitCode: exitCodes.preflight,
		next: [
			`constellation iam create ${cloud}   without flags goes on with them`,
			destroyHint(cloud),
			'constellation -C DIR   makes others in another folder',
		],
	});

const otherProvider = (cloud: IamCloud): AppError =>
	new AppError(`The identities in this folder are those of ${clouds[cloud].title}.`, {
		code: 'iam-other-provider',
		exitCode: exitCodes.preflight,
		next: [destroyHint(cloud), 'constellation -C DIR   makes others in another folder'],
		details: {provider: cloud},
	});

const noIam = (workspace: Workspace): AppError =>
	new AppError(`There are no identities in ${workspace.folder}.`, {
		code: 'no-iam',
		exitCode: exitCodes.usage,
		next: ['constellation -C DIR   works on those of another folder'],
		details: {folder: workspace.folder},
	});

const inUse = (): AppError =>
	new AppError('The cluster in this folder uses the identities; without them its nodes can do nothing.', {
		code: 'iam-in-use',
		exitCode: exitCodes.preflight,
		next: [
			'constellation terminate   removes the cluster first',
			`It is gone already? Remove ${fileNames.id} and ${fileNames.kubeconfig}.`,
		],
	});
