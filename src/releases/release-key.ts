import {createPrivateKey, createPublicKey, generateKeyPair, type KeyObject} from 'node:crypto';
import {chmod, mkdir, open, readFile, rename} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {AppError, exitCodes} from '../errors.ts';
import {temporaryName, writeOnce} from './files.ts';

/** The key that signs the measurements of images made on this machine. `publicKey`: DER SubjectPublicKeyInfo. */
export type ReleaseKey = {privateKey: KeyObject; publicKey: Uint8Array};

const generate = promisify(generateKeyPair);

/** Reads the key pair in `folder`, or makes it (ECDSA P-256, once per user; two callers at once end with the same key). */
export async function ensureReleaseKey(folder: string): Promise<ReleaseKey> {
	await mkdir(folder, {recursive: true, mode: 0o700});
	const path = join(folder, 'private.pem');
	const existing = await readIfThere(path);
	if (existing === undefined) {
		const {privateKey} = await generate('ec', {namedCurve: 'prime256v1'});
		await writeOnce(path, privateKey.export({format: 'pem', type: 'pkcs8'}), 0o600);
	}
	const privateKey = privateKeyFrom(existing ?? (await readFile(path)), path);
	await chmod(path, 0o600);
	const publicKey = createPublicKey(privateKey);
	await ensurePublicKey(folder, publicKey);
	return {privateKey, publicKey: publicKey.export({format: 'der', type: 'spki'})};
}

/** The public half only: DER SubjectPublicKeyInfo. */
export async function readReleasePublicKey(folder: string): Promise<Uint8Array> {
	const pem = await readIfThere(join(folder, 'public.pem'));
	try {
		if (pem) return createPublicKey(pem).export({format: 'der', type: 'spki'});
	} catch {
		// Told below, with the file's name.
	}
	throw unusable(join(folder, 'public.pem'));
}

function privateKeyFrom(pem: Buffer, path: string): KeyObject {
	try {
		const key = createPrivateKey(pem);
		if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
	} catch {
		// Told below, with the file's name; the library's message could quote the file.
	}
	throw unusable(path);
}

function unusable(path: string): AppError {
	return new AppError(`The release key ${path} cannot be used: it is not an ECDSA P-256 key in PEM form.`, {
		code: 'release-key-unusable',
		exitCode: exitCodes.preflight,
		next: ['Put the file back from a backup, or remove the folder and make the images again.'],
	});
}

async function ensurePublicKey(folder: string, key: KeyObject): Promise<void> {
	const path = join(folder, 'public.pem');
	const pem = key.export({format: 'pem', type: 'spki'});
	if ((await readIfThere(path))?.toString() === pem) return;
	const temporary = temporaryName(path);
	const file = await open(temporary, 'wx', 0o644);
	try {
		await file.writeFile(pem);
		await file.sync();
	} finally {
		await file.close();
	}
	await rename(temporary, path);
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
	try {
		return await readFile(path);
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
		throw error;
	}
}
