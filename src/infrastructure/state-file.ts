import {copyFile, readFile, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';

export type LockHolder = {who: string; operation: string; since: string; pid?: number};

/**
 * Terraform replaces its state in place. A kill in the middle of that leaves a file that is empty or cut off, and everything made so far
 * would be forgotten. If the backup of the same run is whole, it is put back. Says whether it was.
 */
export const repairState = async (folder: string): Promise<boolean> => {
	const state = join(folder, 'terraform.tfstate');
	const backup = `${state}.backup`;
	const text = await readText(state);
	if (text === undefined || isState(text)) return false;
	const older = await readText(backup);
	if (older === undefined || !isState(older)) return false;
	await copyFile(backup, state);
	return true;
};

/** Who holds the lock of the state, from what Terraform left beside it; undefined when nobody says so. */
export const lockHolder = async (folder: string): Promise<LockHolder | undefined> => {
	const text = await readText(join(folder, lockFile));
	if (text === undefined) return undefined;
	const pid = await lockingProcess(join(folder, 'terraform.tfstate'));
	const {Who, Operation, Created} = parse(text);
	const said = (value: unknown) => (typeof value === 'string' ? value : 'unknown');
	return {who: said(Who), operation: said(Operation), since: said(Created), ...(pid !== undefined && {pid})};
};

/** Removes the note of a lock that no process holds any more. The caller knows that no Terraform runs in the folder. */
export const clearLockNote = (folder: string): Promise<void> => rm(join(folder, lockFile), {force: true});

const lockFile = '.terraform.tfstate.lock.info';

/** The kernel knows who holds a file lock (Linux); elsewhere the note has to do. */
const lockingProcess = async (path: string): Promise<number | undefined> => {
	const locks = await readText('/proc/locks');
	// Without a state there is no lock on it.
	const file = await stat(path).catch(() => undefined);
	if (locks === undefined || file === undefined) return undefined;
	const line = locks.split('\n').find(each => each.includes(`:${file.ino} `) && each.includes('WRITE'));
	const pid = Number(line?.trim().split(/\s+/)[4]);
	return Number.isInteger(pid) && pid > 0 ? pid : undefined;
};

const isState = (text: string): boolean => typeof parse(text).version === 'number';

const parse = (text: string): Record<string, unknown> => {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
	} catch {
		// Cut off or empty: an answer in itself.
		return {};
	}
};

const readText = async (path: string): Promise<string | undefined> => {
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
		throw error;
	}
};
