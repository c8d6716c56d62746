import {rename} from 'node:fs/promises';
import path from 'node:path';
import {AppError, exitCodes} from '../errors.ts';
import {formatMasterSecret, generateMasterSecret, type MasterSecret, parseMasterSecret} from '../keys/master-secret.ts';
import {exists, fileNames, readText, type Workspace, writeFileOnce} from './files.ts';
import {readStamp, writeStamp} from './stamp.ts';

/** The master secret of the workspace, undefined where there is none. Throws AppError `master-secret-invalid`. */
export async function readMasterSecret(workspace: Workspace): Promise<MasterSecret | undefined> {
	const text = await readText(workspace.path('masterSecret'), 64 * 1024);
	return text === undefined ? undefined : parseMasterSecret(text);
}

/** A master secret kept elsewhere. Throws AppError `master-secret-missing`, `master-secret-invalid`. */
export async function readMasterSecretFile(file: string): Promise<MasterSecret> {
	const text = await readText(file, 64 * 1024);
	if (text !== undefined) return parseMasterSecret(text);
	throw new AppError(`There is no master secret in ${file}.`, {
		code: 'master-secret-missing',
		exitCode: exitCodes.preflight,
		next: ['Name the file that your copy is in: --master-secret FILE'],
	});
}

/**
 * The master secret of the workspace, made when there is none. It is on disk, mode 0600, before this resolves: a node must
 * never hold a secret that its owner could lose. An existing file is never replaced.
 */
export async function ensureMasterSecret(workspace: Workspace): Promise<{secret: MasterSecret; created: boolean}> {
	const existing = await readMasterSecret(workspace);
	if (existing !== undefined) return {secret: existing, created: false};
	const secret = generateMasterSecret();
	if (await writeFileOnce(workspace.path('masterSecret'), formatMasterSecret(secret))) return {secret, created: true};
	throw new AppError('Another process made a master secret at the same moment.', {
		code: 'workspace-busy',
		exitCode: exitCodes.preflight,
		next: ['Run the command again.'],
	});
}

/**
 * Sets the master secret of an earlier cluster aside under a dated name: it is the only key to what that cluster wrote, and a
 * new cluster gets its own. Gives the new name; undefined where no cluster used the secret.
 */
export async function archiveMasterSecret(workspace: Workspace, now: Date): Promise<string | undefined> {
	const {masterSecretUsed} = await readStamp(workspace);
	if (!masterSecretUsed || !(await exists(workspace.path('masterSecret')))) return undefined;
	const name = fileNames.masterSecret.replace('.json', `-until-${now.toISOString().replace(/[-:]|\.\d+/g, '')}.json`);
	await rename(workspace.path('masterSecret'), path.join(workspace.folder, name));
	await writeStamp(workspace, {masterSecretUsed: false, masterSecretCopied: false});
	return name;
}
