import {randomBytes} from 'node:crypto';
import {chmod, link, mkdir, open, readdir, readFile, rename, rm, rmdir, stat} from 'node:fs/promises';
import path from 'node:path';
import {AppError, exitCodes} from '../errors.ts';

/** Names of the files of a workspace: those of v2.9, and folders of our own. */
export const fileNames = {
	config: 'constellation-conf.yaml',
	id: 'constellation-id.json',
	masterSecret: 'constellation-mastersecret.json',
	kubeconfig: 'constellation-admin.conf',
	terraform: 'constellation-terraform',
	iam: 'constellation-iam-terraform',
	clusterLog: 'constellation-cluster.log',
	receipts: 'constellation-receipts',
	upgrades: 'constellation-upgrade',
	own: '.constellation',
	stamp: '.constellation/workspace.json',
	lock: '.constellation/lock.json',
	journal: '.constellation/journal.jsonl',
	receiptKey: '.constellation/receipt-key.pem',
} as const;

export type WorkspaceFile = keyof typeof fileNames;

/** The files of one cluster. */
export type Workspace = {
	/** Absolute path. */
	folder: string;
	path: (file: WorkspaceFile) => string;
};

export function workspaceAt(folder: string): Workspace {
	const absolute = path.resolve(folder);
	return {folder: absolute, path: file => path.join(absolute, fileNames[file])};
}

const codeOf = (error: unknown): string =>
	error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** What a failed write means to a person. */
function writeError(file: string, error: unknown): AppError {
	const code = codeOf(error);
	const causes: Record<string, [code: string, sentence: string, next: string]> = {
		ENOSPC: ['disk-full', 'The disk is full', 'Free some space, then run the same command again: it continues.'],
		EDQUOT: ['disk-full', 'Your disk quota is used up', 'Free some space, then run the same command again: it continues.'],
		EROFS: ['folder-read-only', 'The folder is read-only', 'Choose another folder with -C DIR.'],
		EACCES: ['folder-read-only', 'You may not write there', 'Choose another folder with -C DIR, or change its owner.'],
		EPERM: ['folder-read-only', 'You may not write there', 'Choose another folder with -C DIR, or change its owner.'],
	};
	const [name, sentence, next] = causes[code] ?? [
		'write-failed',
		`It cannot be written (${code || String(error)})`,
		'Look at the disk and the folder.',
	];
	return new AppError(`${sentence}: ${file}.`, {
		code: name,
		exitCode: exitCodes.preflight,
		next: [next],
		details: {file},
		cause: error,
	});
}

async function syncFolder(folder: string): Promise<void> {
	const handle = await open(folder, 'r');
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}

async function writeTemporary(file: string, data: string | Uint8Array): Promise<string> {
	const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
	const handle = await open(temporary, 'wx', 0o600);
	try {
		await handle.writeFile(data);
		await handle.sync();
	} catch (error) {
		await rm(temporary, {force: true});
		throw error;
	} finally {
		await handle.close();
	}
	return temporary;
}

/** Replaces a file in one step: whoever reads it sees the old or the new content. Mode 0600, on disk when it resolves. */
export async function writeFileSafely(file: string, data: string | Uint8Array): Promise<void> {
	try {
		await mkdir(path.dirname(file), {recursive: true, mode: 0o700});
		const temporary = await writeTemporary(file, data);
		await rename(temporary, file);
		await syncFolder(path.dirname(file));
	} catch (error) {
		throw writeError(file, error);
	}
}

/** As writeFileSafely, but never over a file that is there: resolves false instead. */
export async function writeFileOnce(file: string, data: string | Uint8Array): Promise<boolean> {
	try {
		await mkdir(path.dirname(file), {recursive: true, mode: 0o700});
		const temporary = await writeTemporary(file, data);
		try {
			await link(temporary, file);
		} finally {
			await rm(temporary, {force: true});
		}
		await syncFolder(path.dirname(file));
		return true;
	} catch (error) {
		if (codeOf(error) === 'EEXIST') return false;
		throw writeError(file, error);
	}
}

/** The text of a file, undefined where there is none. Throws AppError `file-too-large` above `limit` bytes. */
export async function readText(file: string, limit = 1024 * 1024): Promise<string | undefined> {
	try {
		const {size} = await stat(file);
		if (size > limit)
			throw new AppError(`${path.basename(file)} is larger than ${limit} bytes.`, {
				code: 'file-too-large',
				exitCode: exitCodes.preflight,
				details: {file},
			});
		return await readFile(file, 'utf8');
	} catch (error) {
		if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
		throw error;
	}
}

export async function exists(file: string): Promise<boolean> {
	// What cannot be looked at cannot be used; writing it says why.
	return (await stat(file).catch(() => undefined)) !== undefined;
}

/** Removes a file or folder; tells whether there was one. */
export async function remove(file: string): Promise<boolean> {
	const present = await exists(file);
	await rm(file, {recursive: true, force: true});
	return present;
}

/**
 * Makes the workspace folder and proves that it can be written. The result takes the folders that were made away again, as
 * far as nothing was put into them: a folder that only was mistyped leaves no trace.
 */
export async function prepareFolder(workspace: Workspace): Promise<() => Promise<void>> {
	const own = workspace.path('own');
	let made: string | undefined;
	try {
		made = await mkdir(own, {recursive: true, mode: 0o700}).catch(async (error: unknown) => {
			// On a read-only disk the recursive form says that something is missing; the plain one says why.
			await mkdir(await topmostMissing(own), {mode: 0o700});
			throw error;
		});
		await chmod(own, 0o700);
		await rm(await writeTemporary(path.join(own, 'probe'), ''), {force: true});
	} catch (error) {
		throw writeError(workspace.folder, error);
	}
	return () => (made === undefined ? Promise.resolve() : removeEmpty(own, made));
}

async function topmostMissing(folder: string): Promise<string> {
	const above = path.dirname(folder);
	return (await exists(above)) ? folder : topmostMissing(above);
}

async function removeEmpty(from: string, upTo: string): Promise<void> {
	try {
		for (let folder = from; folder.length >= upTo.length; folder = path.dirname(folder)) await rmdir(folder);
	} catch {
		// Something is in it: it stays, and so does what it lies in.
	}
}

const unfinished = /^(.+)\.[\da-f]{12}\.tmp$/;

/** Removes what a killed run left of files that it was writing, secrets among them. Only for who holds the lock. */
export async function removeUnfinished(workspace: Workspace): Promise<void> {
	const known = new Set<string>(Object.values(fileNames));
	// Others write this one without holding the lock.
	known.delete(fileNames.lock);
	const receipts = (await exists(workspace.path('receipts'))) ? [fileNames.receipts] : [];
	for (const folder of ['', fileNames.own, ...receipts]) {
		for (const name of await readdir(path.join(workspace.folder, folder))) {
			const target = unfinished.exec(name)?.[1];
			if (target !== undefined && (folder === fileNames.receipts || known.has(path.posix.join(folder, target))))
				await rm(path.join(workspace.folder, folder, name), {force: true});
		}
	}
}
