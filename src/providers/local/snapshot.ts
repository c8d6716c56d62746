import {chmod, open, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {AppError, exitCodes} from '../../errors.ts';

/**
 * Copies the store that the API servers of a cluster share to a new file, as a cloud would take a snapshot of its disk: one consistent
 * state, taken while the servers work (SQLite VACUUM INTO). Values are encrypted with a key that follows from the master secret; kinds
 * and names of objects are not. Throws AppError `snapshot-failed`; nothing is left then.
 */
export async function snapshotStore(cluster: string, file: string): Promise<void> {
	const temporary = `${file}.tmp`;
	await rm(temporary, {force: true});
	try {
		const store = new DatabaseSync(join(cluster, 'store.db'), {readOnly: true, timeout: 10_000});
		try {
			// The file has its mode before anything is in it.
			await (await open(temporary, 'wx', 0o600)).close();
			store.prepare('VACUUM INTO ?').run(temporary);
		} finally {
			store.close();
		}
		checkSnapshot(temporary);
		await chmod(temporary, 0o600);
		const written = await open(temporary, 'r');
		await written.sync().finally(() => written.close());
		await rename(temporary, file);
	} catch (error) {
		await rm(temporary, {force: true});
		throw failed(error);
	}
}

/** Reads a snapshot from end to end. Throws when it is damaged or no store. */
export function checkSnapshot(file: string): {objects: number} {
	const copy = new DatabaseSync(file, {readOnly: true});
	try {
		const verdict = copy.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
		if (verdict !== 'ok') throw new Error(`the copy is damaged: ${String(verdict)}`);
		const objects = Number(copy.prepare('SELECT COUNT(*) AS count FROM objects').get()?.['count'] ?? 0);
		if (objects === 0) throw new Error('the copy holds no objects');
		return {objects};
	} finally {
		copy.close();
	}
}

function failed(cause: unknown): AppError {
	return new AppError(
		`The state of the control plane could not be copied: ${cause instanceof Error ? cause.message : String(cause)}.`,
		{
			code: 'snapshot-failed',
			exitCode: exitCodes.preflight,
			next: ['Look at the free space of the disk, then run the command again.'],
			cause,
		},
	);
}
