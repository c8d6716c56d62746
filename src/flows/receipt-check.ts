import {createPublicKey} from 'node:crypto';
import path from 'node:path';
import {MalformedError} from '../attestation/bytes.ts';
import {AppError, exitCodes} from '../errors.ts';
import {type CheckedReceipt, checkReceipt} from '../trust/receipt/check.ts';
import {keyIdOf} from '../trust/receipt/cose.ts';
import {readText, workspaceAt} from '../workspace/files.ts';
import {readReceiptFile, readReceiptKey, receiptFiles} from '../workspace/receipts.ts';

export {type CheckedReceipt, unchangedSentence} from '../trust/receipt/check.ts';
export {checkRows, receiptJson, receiptLines} from '../trust/receipt/describe.ts';

/** One receipt of a workspace: what it is about, or why it cannot be read. */
export type ListedReceipt = {file: string; checked?: CheckedReceipt; problem?: string};

/** A receipt, its signature and contents checked. Throws AppError `receipt-changed` (exit 5). `key`: as readKeyId takes it. */
export async function openReceiptFile(file: string, key?: string): Promise<CheckedReceipt> {
	const wanted = key === undefined ? undefined : await readKeyId(key);
	try {
		return checkReceipt(await readReceiptFile(file), wanted);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		throw new AppError(`${path.basename(file)} is no unchanged receipt: ${error.message}.`, {
			code: 'receipt-changed',
			exitCode: exitCodes.refused,
			next: ['Take the file from another copy. What this one says proves nothing.'],
			details: {file},
		});
	}
}

/** As openReceiptFile, and everything in it must hold. Throws AppError `receipt-contradicts` (exit 5) otherwise. */
export async function verifyReceiptFile(file: string, key?: string): Promise<CheckedReceipt> {
	const checked = await openReceiptFile(file, key);
	const failed = checked.checks.filter(({verdict}) => verdict === 'failed');
	if (failed.length === 0) return checked;
	throw new AppError(`${path.basename(file)} is signed, but not everything in it holds.`, {
		code: 'receipt-contradicts',
		exitCode: exitCodes.refused,
		problems: failed.map(({check, detail}) => ({path: check, message: detail})),
		next: ['Do not rely on this receipt.'],
		details: {file, fingerprint: checked.fingerprint, checks: checked.checks},
	});
}

/** All receipts of a workspace, oldest first. */
export async function listReceipts(folder: string): Promise<ListedReceipt[]> {
	const workspace = workspaceAt(folder);
	const files = await receiptFiles(workspace);
	return Promise.all(
		files.map(async file => {
			try {
				return {file, checked: await openReceiptFile(path.join(workspace.folder, file))};
			} catch (error) {
				if (error instanceof AppError) return {file, problem: error.message};
				throw error;
			}
		}),
	);
}

/** SHA-256 of a key: `SHA256:` and hex, or a PEM file of the public key. Throws AppError `usage`. */
async function readKeyId(key: string): Promise<Uint8Array> {
	const [, hex] = /^SHA256:([\da-f]{64})$/i.exec(key) ?? [];
	if (hex !== undefined) return Buffer.from(hex, 'hex');
	try {
		return keyIdOf(createPublicKey((await readText(key, 64 * 1024)) ?? '').export({format: 'der', type: 'spki'}));
	} catch {
		throw new AppError('The key is neither a fingerprint nor a file with a public key in PEM form.', {
			code: 'usage',
			exitCode: exitCodes.usage,
			problems: [{path: '--key', message: 'must be SHA256: and 64 hex digits, or a PEM file'}],
		});
	}
}

/** Fingerprint of the key that this workspace signs with; undefined where it has none. */
export async function ownKeyId(folder: string): Promise<Uint8Array | undefined> {
	const key = await readReceiptKey(workspaceAt(folder));
	return key === undefined ? undefined : keyIdOf(createPublicKey(key).export({format: 'der', type: 'spki'}));
}
