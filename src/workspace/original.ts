import path from 'node:path';
import {parseDocument} from 'yaml';
import {exists, readText, type Workspace} from './files.ts';
import {readIds} from './id-file.ts';

/** Which releases of the original Constellation write a folder such as this one; `unknown` where only its shape is known. */
export type OriginalFormat = 'before-v2.9' | 'v2.9' | 'after-v2.9' | 'unknown';

/** What the config of an original workspace says of itself; empty where it does not say it. */
export type OriginalConfig = {
	version: string;
	name: string;
	image: string;
	kubernetesVersion: string;
	services: string;
	/** Keys below `provider` and `attestation`. */
	providers: readonly string[];
	variants: readonly string[];
};

/** A workspace that the original Constellation wrote: it is read, never changed. */
export type OriginalTraces = {
	format: OriginalFormat;
	/** What told it, a clause. */
	because: string;
	/** Absent where there is none, or none that can be read. */
	config?: OriginalConfig;
};

/** Files of the original that this tool has no use for, beside those in `fileNames`. */
export const originalNames = {
	iam: 'constellation-iam-terraform',
	upgrades: 'constellation-upgrade',
	migrationOutput: 'terraform-migration-output.json',
	libvirt: 'libvirt.name',
	gcpKey: 'gcpServiceAccountKey.json',
	license: 'constellation.license',
	configBackup: 'constellation-conf.yaml.backup.v2',
	laterState: 'constellation-state.yaml',
	earlierState: 'constellation-state.json',
	earlierSecret: 'constellation-mastersecret.base64',
} as const;

/**
 * What says that the original wrote this workspace; undefined where it did not, or where it wrote a config only: that is as good a start
 * as any. This tool leaves a stamp or a journal wherever it works, and Terraform's variables as JSON. Throws AppError `id-file-invalid`.
 */
export async function findOriginal(workspace: Workspace): Promise<OriginalTraces | undefined> {
	const isThere = (name: string) => exists(path.join(workspace.folder, name));
	if ((await exists(workspace.path('stamp'))) || (await exists(workspace.path('journal')))) return undefined;
	if (await exists(path.join(workspace.path('terraform'), 'terraform.tfvars.json'))) return undefined;
	if (await isThere(originalNames.laterState)) return made(workspace, 'after-v2.9', originalNames.laterState);
	if ((await isThere(originalNames.earlierState)) || (await isThere(originalNames.earlierSecret)))
		return made(workspace, 'before-v2.9', `${originalNames.earlierState} or ${originalNames.earlierSecret}`);
	const ids = await readIds(workspace);
	const config = await readOriginalConfig(workspace);
	const isOurs = config?.providers.includes('local') === true;
	if (ids?.cloudProvider === 'Local' || (isOurs && (ids?.cloudProvider ?? 'Unknown') === 'Unknown')) return undefined;
	const variables = [workspace.path('terraform'), path.join(workspace.folder, originalNames.iam)];
	const hasVariables = (await Promise.all(variables.map(folder => exists(path.join(folder, 'terraform.tfvars'))))).some(Boolean);
	const isTheirs = config !== undefined && /^v2\./.test(config.services || config.image);
	const hasSecrets = (await exists(workspace.path('masterSecret'))) || (await exists(workspace.path('kubeconfig')));
	if (ids === undefined && !hasVariables && !(isTheirs && hasSecrets)) return undefined;
	return {...formatOf(config), ...(config === undefined ? {} : {config})};
}

async function made(workspace: Workspace, format: OriginalFormat, file: string): Promise<OriginalTraces> {
	const config = await readOriginalConfig(workspace);
	return {format, because: `it has ${file}`, ...(config === undefined ? {} : {config})};
}

/** By the format of the config, then by the version of the services, which is that of the release that set them up. */
function formatOf(config: OriginalConfig | undefined): Pick<OriginalTraces, 'format' | 'because'> {
	if (config === undefined) return {format: 'unknown', because: 'there is no config that can be read'};
	const {version, services, image} = config;
	const number = Number(/^v(\d+)$/.exec(version)?.[1]);
	if (number < 3) return {format: 'before-v2.9', because: `its config has version ${version}`};
	if (number > 3) return {format: 'after-v2.9', because: `its config has version ${version}`};
	const release = services || image;
	const minor = Number(/^v2\.(\d{1,4})\.\d/.exec(release)?.[1]);
	if (number !== 3 || Number.isNaN(minor)) return {format: 'unknown', because: 'its config names no release'};
	const because = `its config has version v3 and names ${release}`;
	return {format: minor === 9 ? 'v2.9' : minor < 9 ? 'before-v2.9' : 'after-v2.9', because};
}

/** Reads what can be read, whatever else is wrong with the file: a config that is no longer valid is no reason to know nothing. */
async function readOriginalConfig(workspace: Workspace): Promise<OriginalConfig | undefined> {
	const text = await readText(workspace.path('config'));
	if (text === undefined) return undefined;
	const document = parseDocument(text);
	const value: unknown = document.errors.length > 0 ? undefined : document.toJS({maxAliasCount: 10});
	if (!isObject(value)) return undefined;
	const word = (key: string) => (typeof value[key] === 'string' ? value[key] : '');
	const keys = (key: string) => (isObject(value[key]) ? Object.keys(value[key]) : []);
	return {
		version: word('version'),
		name: word('name'),
		image: word('image'),
		kubernetesVersion: word('kubernetesVersion'),
		services: word('microserviceVersion'),
		providers: keys('provider'),
		variants: keys('attestation'),
	};
}

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
