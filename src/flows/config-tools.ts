import {attestationKeyOf, attestationKeys} from '../config/attestation-keys.ts';
import {type CloudAnswers, generateCloudConfig} from '../config/generate-cloud.ts';
import {configProblems, configWarnings, parseConfig} from '../config/load.ts';
import {migrateConfig} from '../config/migrate.ts';
import {AppError, exitCodes, type Problem} from '../errors.ts';
import {type CloudId, catalogues, cloudIds} from '../providers/catalogues.ts';
import {fileNames, readText, type Workspace, workspaceAt, writeFileOnce, writeFileSafely} from '../workspace/files.ts';
import {refuseCheckout} from '../workspace/folder.ts';
import {readStamp} from '../workspace/stamp.ts';
import {configExists} from './config-file.ts';
import {refuseOriginal} from './original/open.ts';

export {type CloudId, cloudIds} from '../providers/catalogues.ts';

/** A config that was written, and what is still to be filled in. */
export type WrittenConfig = {file: string; name: string; open: readonly Problem[]};

/**
 * Writes a new config for a cloud. What was not said is left empty and named; what was said has to be right. Throws AppError
 * `invalid-config`, `config-exists`.
 */
export async function createCloudConfig(folder: string, cloud: CloudId, answers: Partial<CloudAnswers>): Promise<WrittenConfig> {
	const workspace = await freshWorkspace(folder);
	const {variant} = answers;
	const {title, variants} = catalogues[cloud];
	if (variant !== undefined && !variants.includes(variant))
		throw new AppError(`${title} has no attestation variant ${variant}.`, {
			code: 'usage',
			exitCode: exitCodes.usage,
			problems: [{path: '--attestation', message: `must be one of ${variants.join(', ')}`}],
		});
	const text = generateCloudConfig(cloud, answers);
	const open = configProblems(text);
	const wrong = open.filter(({message}) => !/^is empty/.test(message));
	if (wrong.length > 0)
		throw new AppError('The config would not be valid; nothing was written.', {
			code: 'invalid-config',
			exitCode: exitCodes.usage,
			problems: wrong,
			next: ['Give other values.'],
		});
	const file = workspace.path('config');
	if (await writeFileOnce(file, text)) return {file, name: answers.name ?? 'constell', open};
	throw configExists(file);
}

/** The text of a new config for a cloud, checked. Throws AppError `invalid-config` with every problem. */
export function cloudConfigText(cloud: CloudId, answers: CloudAnswers): string {
	const text = generateCloudConfig(cloud, answers);
	parseConfig(text);
	return text;
}

async function freshWorkspace(folder: string): Promise<Workspace> {
	const workspace = workspaceAt(folder);
	await refuseCheckout(workspace);
	await refuseOriginal(workspace);
	await readStamp(workspace);
	return workspace;
}

export type MigratedFile = {
	file: string;
	/** The old text; absent where the file was v3 already. */
	backup?: string;
	notes: readonly string[];
	problems: readonly Problem[];
	warnings: readonly string[];
};

/** Rewrites a v2 config as v3 and keeps the old one beside it. Throws AppError `config-missing`, `config-exists` and those of `migrateConfig`. */
export async function migrateConfigFile(folder: string): Promise<MigratedFile> {
	const workspace = workspaceAt(folder);
	await refuseOriginal(workspace);
	const file = workspace.path('config');
	const old = await readText(file);
	if (old === undefined)
		throw new AppError(`There is no ${fileNames.config} in ${workspace.folder}.`, {
			code: 'config-missing',
			exitCode: exitCodes.preflight,
			next: ['constellation config generate PROVIDER   writes one'],
			details: {folder: workspace.folder},
		});
	const migrated = migrateConfig(old);
	if (migrated === undefined) return {file, notes: [], problems: [], warnings: []};
	const backup = `${file}.backup.v2`;
	// A backup of an interrupted run has the same text; any other one is not ours to overwrite.
	if (!(await writeFileOnce(backup, old)) && (await readText(backup)) !== old) throw configExists(backup);
	await writeFileSafely(file, migrated.text);
	const {notes, problems} = migrated;
	return {file, backup, notes, problems, warnings: problems.length > 0 ? [] : configWarnings(parseConfig(migrated.text))};
}

/** What clouds offer, for one or for all. */
export function offersOf(cloud?: CloudId) {
	return (cloud === undefined ? cloudIds : [cloud]).map(id => {
		const {title, variants, instanceTypes, otherFamilies, regions, diskTypes} = catalogues[id];
		return {
			provider: id,
			title,
			variants: variants.map(variant => ({
				variant,
				key: attestationKeyOf(variant) ?? '',
				instanceTypes: instanceTypes(variant),
				otherFamilies: otherFamilies(variant),
			})),
			regions: regions(),
			diskTypes,
		};
	});
}

/** Variants by the names that people may use: that of the variant, or its key in the config. */
export const variantNamed = (name: string): string =>
	Object.entries(attestationKeys).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] ?? name;
