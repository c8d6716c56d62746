import {existsSync} from 'node:fs';
import {homedir} from 'node:os';
import path from 'node:path';
import {localRegisters} from '../attestation/registers.ts';
import {kubernetesVersions} from '../config/versions.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {MasterSecret} from '../keys/master-secret.ts';
import {clouds} from '../providers/clouds.ts';
import {withCloudsFile} from '../providers/openstack/environment.ts';
import {dataHome as dataHomeOf} from '../releases/data-home.ts';
import {listImages, loadImage} from '../releases/image.ts';
import {ensureImage} from '../releases/make-image.ts';
import {version as toolVersion} from '../version.ts';
import {readDraft, removeDraft, writeDraft} from '../workspace/draft.ts';
import {exists, fileNames, prepareFolder, workspaceAt} from '../workspace/files.ts';
import {addIgnoreRules, gitReport, refuseCheckout} from '../workspace/folder.ts';
import {lockWorkspace} from '../workspace/lock.ts';
import {readMasterSecret} from '../workspace/master-secret.ts';
import {readStamp, writeStamp} from '../workspace/stamp.ts';
import {credentialsFor} from './cloud/credentials.ts';
import type {Dependencies} from './dependencies.ts';
import {refuseOriginal} from './original/open.ts';
import {imageSources, type SystemOptions, systemDependencies} from './system.ts';
import {registerMeanings} from './verify-checks.ts';

/** A workspace that is worked on until `release`: locked, its folder made, its config written. */
export type OpenSetup = {deps: Dependencies; release: () => Promise<void>};

/** Takes the lock of a workspace for a setup. */
export async function openSetup(place: SystemOptions, options: {ignoreRules: boolean}): Promise<OpenSetup> {
	const workspace = workspaceAt(place.folder);
	await refuseCheckout(workspace);
	await refuseOriginal(workspace);
	await readStamp(workspace);
	await prepareFolder(workspace);
	const release = await lockWorkspace(workspace, 'constellation', new Date());
	// Asked only where it matters; elsewhere the answer is a default that nobody gave.
	if (options.ignoreRules && (await gitReport(workspace)) !== undefined) await addIgnoreRules(workspace);
	return {deps: await systemDependencies(place), release};
}

/** Whether one could begin on a cloud right now: what its own tools would find in this environment. */
export function placesOn(env: NodeJS.ProcessEnv, folder: string): Record<string, string> {
	const here = withCloudsFile(env, folder, existsSync);
	const words = Object.values(clouds).map(cloud => {
		const needs = cloud.recorded === 'OpenStack' ? 'needs a clouds.yaml' : 'needs credentials';
		return [cloud.id, credentialsFor(cloud, here) === undefined ? needs : 'has credentials'] as const;
	});
	return {local: 'ready', ...Object.fromEntries(words)};
}

/** What is known of a folder before it becomes a workspace. `base`: where relative folders start. */
export async function folderReport(text: string, base: string, existing: boolean) {
	const place = path.resolve(base, text.replace(/^~(?=$|\/)/, homedir()));
	const git = await gitReport(workspaceAt(place));
	const problem = await folderProblem(place, existing);
	const notes = (await exists(place)) ? [] : ['The folder will be made.'];
	return {
		path: place,
		notes,
		...(git === undefined ? {} : {git: {root: git.root, ignored: git.ignored}}),
		...(problem === undefined ? {} : {problem}),
	};
}

async function folderProblem(place: string, existing: boolean): Promise<string | undefined> {
	const workspace = workspaceAt(place);
	try {
		await refuseCheckout(workspace);
		await refuseOriginal(workspace);
		await readStamp(workspace);
	} catch (error) {
		if (error instanceof AppError) return error.message;
		throw error;
	}
	if (existing) return undefined;
	if (await exists(workspace.path('id'))) return 'There is a cluster in this folder already; open it with constellation -C DIR.';
	if (await exists(workspace.path('config')))
		return 'There is a config in this folder already; constellation apply -C DIR uses it.';
	if (await exists(workspace.path('masterSecret')))
		return `This folder holds the master secret of another cluster (${fileNames.masterSecret}); choose another one.`;
	return undefined;
}

/** Versions that can be chosen; the tool's own image is made when there is none. */
export async function versionsOn(env: NodeJS.ProcessEnv) {
	const dataHome = dataHomeOf(env);
	const own = `v${toolVersion}`;
	await ensureImage({version: own, from: imageSources(), dataHome});
	const usable = (await listImages(dataHome)).filter(({problem}) => problem === undefined).map(({version}) => version);
	const images = await Promise.all(
		[own, ...usable.filter(version => version !== own)].map(version => imageChoice(version, dataHome)),
	);
	return {kubernetes: [...kubernetesVersions].reverse(), images};
}

async function imageChoice(version: string, dataHome: string) {
	const image = await loadImage({version, dataHome});
	const meaning = (register: number) => registerMeanings.get(register) ?? '';
	const registers = [...image.registers].map(([register, {expected}]) => ({
		register,
		meaning: meaning(register),
		value: Buffer.from(expected).toString('hex'),
	}));
	// The image does not decide on it: the maker key of the cluster is part of what it measures.
	const commandLine = {register: localRegisters.commandLine, meaning: meaning(localRegisters.commandLine)};
	return {
		version,
		source: image.folder,
		origin: 'computed' as const,
		signer: 'your release key',
		log: 'no public log is asked about keys of your own',
		registers: [...registers, commandLine].sort((left, right) => left.register - right.register),
	};
}

/** The master secret of a cluster that was just made. */
export async function masterSecretIn(folder: string): Promise<MasterSecret> {
	const secret = await readMasterSecret(workspaceAt(folder));
	if (secret !== undefined) return secret;
	throw new AppError(`${fileNames.masterSecret} is gone.`, {code: 'master-secret-missing', exitCode: exitCodes.preflight});
}

/** Notes whether the owner has a copy of the master secret. */
export const noteCopy = (folder: string, masterSecretCopied: boolean): Promise<void> =>
	writeStamp(workspaceAt(folder), {masterSecretCopied});

/** Answers of a setup that did not come to its end. They belong to the user, not to a folder: the folder is one of them. */
export function draftStore(env: NodeJS.ProcessEnv) {
	const file = path.join(dataHomeOf(env), 'draft.json');
	return {load: () => readDraft(file), save: (text: string) => writeDraft(file, text), remove: () => removeDraft(file)};
}
