import {createHash, randomBytes} from 'node:crypto';
import {constants} from 'node:fs';
import {type FileHandle, link, open, rm} from 'node:fs/promises';

const chunkSize = 256 * 1024;

export function temporaryName(path: string): string {
	return `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
}

/** Writes a file that must not change once it is there: of several writers the first wins, nobody sees half a file. */
export async function writeOnce(path: string, content: string | Uint8Array, mode: number): Promise<void> {
	const temporary = temporaryName(path);
	try {
		await writeSynced(temporary, content, mode);
		await link(temporary, path);
	} catch (error) {
		if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
	} finally {
		await rm(temporary, {force: true});
	}
}

/** Creates a file, never through a link, and waits until it is on disk. */
export async function writeSynced(path: string, content: string | Uint8Array, mode: number): Promise<void> {
	const file = await open(path, 'wx', mode);
	try {
		await file.writeFile(content);
		await file.sync();
	} finally {
		await file.close();
	}
}

/** Opens a regular file for reading, not a link to one. */
export async function openRegular(path: string): Promise<FileHandle> {
	const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
	if ((await file.stat()).isFile()) return file;
	await file.close();
	throw new Error(`${path} is not a regular file`);
}

/** Digests of an open file in several algorithms at once, in pieces so that nothing else has to wait for long. */
export async function digestsOfFile(file: FileHandle, algorithms: readonly string[]): Promise<Uint8Array[]> {
	const hashes = algorithms.map(algorithm => createHash(algorithm));
	const buffer = Buffer.allocUnsafe(chunkSize);
	for (let position = 0; ; ) {
		const {bytesRead} = await file.read(buffer, 0, chunkSize, position);
		if (bytesRead === 0) return hashes.map(hash => hash.digest());
		for (const hash of hashes) hash.update(buffer.subarray(0, bytesRead));
		position += bytesRead;
	}
}

/** SHA-256 of the file at a path. */
export async function sha256OfPath(path: string): Promise<Uint8Array> {
	const file = await openRegular(path);
	try {
		const [digest = new Uint8Array()] = await digestsOfFile(file, ['sha256']);
		return digest;
	} finally {
		await file.close();
	}
}
