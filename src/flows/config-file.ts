import path from 'node:path';
import {type ConfigAnswers, generateConfig} from '../config/generate.ts';
import {sizesFor, withSizes} from '../config/group-sizes.ts';
import {configWarnings, editConfig, parseConfig} from '../config/load.ts';
import type {Config} from '../config/schema.ts';
import type {TrustSettings} from '../config/trust.ts';
import {AppError, exitCodes} from '../errors.ts';
import {readText, type Workspace, workspaceAt, writeFileOnce, writeFileSafely} from '../workspace/files.ts';
import {refuseCheckout} from '../workspace/folder.ts';
import {readStamp} from '../workspace/stamp.ts';
import {readAnyConfig} from './cluster.ts';
import {refuseOriginal} from './original/open.ts';

/** Writes a new config, checked before; gives its path. Throws AppError `config-exists`. */
export async function createConfig(
	folder: string,
	answers: Partial<ConfigAnswers>,
	trust: TrustSettings = {},
): Promise<{file: string; config: Config}> {
	const workspace = workspaceAt(folder);
	await refuseCheckout(workspace);
	await refuseOriginal(workspace);
	await readStamp(workspace);
	const text = withTrust(generateConfig(answers), trust);
	const config = parseConfig(text);
	const file = workspace.path('config');
	if (await writeFileOnce(file, text)) return {file, config};
	throw configExists(file);
}

/** Keys without a value are taken out. */
const trustChanges = (trust: TrustSettings) => Object.entries(trust).map(([key, value]) => ({path: ['trust', key], value}));

const withTrust = (text: string, trust: TrustSettings): string => {
	const changes = trustChanges(trust).filter(({value}) => value !== undefined);
	return changes.length === 0 ? text : editConfig(text, changes);
};

export function configExists(file: string): AppError {
	return new AppError(`There is a ${path.basename(file)} already; it was not touched.`, {
		code: 'config-exists',
		exitCode: exitCodes.preflight,
		next: ['Edit it, or remove it first.', 'constellation config validate   checks it'],
		details: {file},
	});
}

/** Reads and checks the config of a workspace. */
export async function checkConfigFile(folder: string): Promise<{file: string; config: Config; warnings: string[]}> {
	const workspace = workspaceAt(folder);
	await readStamp(workspace);
	const {config} = await readAnyConfig(workspace);
	return {file: workspace.path('config'), config, warnings: configWarnings(config)};
}

/**
 * Copies a config from elsewhere into a workspace, checked before. One that is there with the same text is fine. Throws AppError
 * `config-missing`, `config-exists`.
 */
async function adoptConfig(workspace: Workspace, source: string): Promise<void> {
	const text = await readText(source);
	if (text === undefined) {
		throw new AppError(`There is no config in ${source}.`, {
			code: 'config-missing',
			exitCode: exitCodes.preflight,
			next: ['constellation config generate local   writes one'],
			details: {file: source},
		});
	}
	parseConfig(text);
	const file = workspace.path('config');
	if (path.resolve(source) === file || (await writeFileOnce(file, text))) return;
	if ((await readText(file)) !== text) throw configExists(file);
}

/** A config made from answers where there is none, or copied from `source`; answers beside an existing config change it. */
export async function settleConfig(
	workspace: Workspace,
	answers: Partial<ConfigAnswers>,
	source?: string,
	trust: TrustSettings = {},
): Promise<void> {
	if (source !== undefined) await adoptConfig(workspace, source);
	const file = workspace.path('config');
	const text = await readText(file);
	if (text === undefined) {
		await createConfig(workspace.folder, answers, trust);
		return;
	}
	const {controlPlanes, workers, ...others} = answers;
	const changes = [...Object.entries(others).map(([key, value]) => ({path: [key], value})), ...trustChanges(trust)];
	const edited = changes.length === 0 ? text : editConfig(text, changes);
	const wishes = {...(controlPlanes === undefined ? {} : {controlPlanes}), ...(workers === undefined ? {} : {workers})};
	const sized = Object.keys(wishes).length === 0 ? edited : withSizes(edited, sizesFor(parseConfig(edited), wishes));
	if (sized !== text) await writeFileSafely(file, sized);
}

/** The config as it stands, for `restoreConfig`; undefined where there is none. */
export const configText = (workspace: Workspace): Promise<string | undefined> => readText(workspace.path('config'));

/** Takes back what was written to a config since. */
export const restoreConfig = (workspace: Workspace, before: string): Promise<void> =>
	writeFileSafely(workspace.path('config'), before);
