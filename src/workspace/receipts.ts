import {createPrivateKey, generateKeyPair, type KeyObject} from 'node:crypto';
import {chmod, readdir, readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import {promisify} from 'node:util';
import {AppError, exitCodes} from '../errors.ts';
import {exists, fileNames, readText, type Workspace, writeFileOnce} from './files.ts';

const generate = promisify(generateKeyPair);
const maxSize = 1024 * 1024;

/** The key that signs the receipts of this workspace (ECDSA P-256), undefined where none was made. Throws AppError `receipt-key-unusable`. */
export async function readReceiptKey(workspace: Workspace): Promise<KeyObject | undefined> {
	const file = workspace.path('receiptKey');
	const text = await readText(file, 64 * 1024);
	if (text === undefined) return undefined;
	try {
		const key = createPrivateKey(text);
		if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('another curve');
		return key;
	} catch {
		// The library's words could quote the file.
		throw new AppError(`The key of the receipts in ${file} cannot be used: it is no ECDSA P-256 key in PEM form.`, {
			code: 'receipt-key-unusable',
			exitCode: exitCodes.preflight,
			next: ['Put it back from a backup, or remove it: a new one is made, with another fingerprint.'],
			details: {file},
		});
	}
}

/** As readReceiptKey, made where there is none: mode 0600, once a workspace. */
export async function ensureReceiptKey(workspace: Workspace): Promise<KeyObject> {
	const existing = await readReceiptKey(workspace);
	if (existing !== undefined) {
		await chmod(workspace.path('receiptKey'), 0o600);
		return existing;
	}
	const {privateKey} = await generate('ec', {namedCurve: 'prime256v1'});
	const pem = privateKey.export({format: 'pem', type: 'pkcs8'});
	// Another run may have been faster; then its key is the one of the workspace.
	if (await writeFileOnce(workspace.path('receiptKey'), pem)) return privateKey;
	return (await readReceiptKey(workspace)) ?? privateKey;
}

/** Puts a receipt into the workspace under its time and what it is about; gives the name relative to the workspace. */
export async function saveReceipt(
	workspace: Workspace,
	{time, what}: {time: string; what: string},
	bytes: Uint8Array,
): Promise<string> {
	const stem = `${time.replace(/\.\d+Z$/, 'Z').replaceAll(':', '-')}-${what}`;
	for (let attempt = 1; ; attempt += 1) {
		const name = path.join(fileNames.receipts, `${stem}${attempt === 1 ? '' : `-${attempt}`}.cbor`);
		if (await writeFileOnce(path.join(workspace.folder, name), bytes)) return name;
	}
}

/** Names of the receipts of a workspace, relative to it, oldest first. */
export async function receiptFiles(workspace: Workspace): Promise<string[]> {
	const folder = workspace.path('receipts');
	if (!(await exists(folder))) return [];
	const names = await readdir(folder);
	return names
		.filter(name => name.endsWith('.cbor'))
		.sort()
		.map(name => path.join(fileNames.receipts, name));
}

/** The bytes of a receipt file. Throws AppError `receipt-missing`, `file-too-large`. */
export async function readReceiptFile(file: string): Promise<Uint8Array> {
	try {
		const {size} = await stat(file);
		if (size <= maxSize) return await readFile(file);
	} catch (error) {
		throw new AppError(`There is no receipt ${file} that can be read.`, {
			code: 'receipt-missing',
			exitCode: exitCodes.preflight,
			next: ['constellation receipt list   names those of the workspace'],
			details: {file},
			cause: error,
		});
	}
	throw new AppError(`${path.basename(file)} is larger than ${maxSize} bytes.`, {
		code: 'file-too-large',
		exitCode: exitCodes.preflight,
		details: {file},
	});
}
