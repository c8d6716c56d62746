import {AppError, exitCodes} from '../errors.ts';
import {formatMasterSecret, generateMasterSecret, type MasterSecret, parseMasterSecret} from '../keys/master-secret.ts';
import {readText, type Workspace, writeFileOnce} from './files.ts';

/** The master secret of the workspace, undefined where there is none. Throws AppError `master-secret-invalid`. */
export async function readMasterSecret(workspace: Workspace): Promise<MasterSecret | undefined> {
	const text = await readText(workspace.path('masterSecret'), 64 * 1024);
	return text === undefined ? undefined : parseMasterSecret(text);
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
