import {createCipheriv, createDecipheriv, randomBytes} from 'node:crypto';
import {mkdir, readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {AppError, exitCodes} from '../errors.ts';
import type {Disk} from './host.ts';
import {replaceFile} from './replace-file.ts';

const magic = Buffer.from('CNSTATE1', 'latin1');
const nonceLength = 12;
const tagLength = 16;
const headerLength = magic.length + 8 + nonceLength;
const largestState = 4 * 1024 * 1024;
const keyLength = 32;

/**
 * The node's disk in `folder`: the file `state` is magic ‖ counter (8 bytes) ‖ nonce (12) ‖ AES-256-GCM ciphertext ‖ tag (16).
 * Disk UUID and counter are authenticated, so a state of another disk or with another counter does not open. A host that puts a
 * whole old file back is not detected. Wrong keys throw an AppError `state-key-wrong`.
 */
export const openDisk = (folder: string, readUuid: () => Promise<string>): Disk => {
	const path = join(folder, 'state');
	let known: string | undefined;
	const uuid = async () => {
		known ??= (await readUuid()).toLowerCase();
		return known;
	};

	return {
		folder,
		uuid,
		async isFormatted() {
			return (await sizeOf(path)) !== undefined;
		},
		async open(key) {
			const file = await readState(path);
			return decrypt(key, await uuid(), file);
		},
		async save(key, state) {
			await mkdir(folder, {recursive: true, mode: 0o700});
			const counter = (await sizeOf(path)) === undefined ? 1n : (await readState(path)).counter + 1n;
			await replaceFile(path, encrypt(key, await uuid(), counter, state));
		},
	};
};

type StateFile = {counter: bigint; nonce: Uint8Array; sealed: Uint8Array};

const sizeOf = async (path: string): Promise<number | undefined> => {
	try {
		return (await stat(path)).size;
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
		throw error;
	}
};

const readState = async (path: string): Promise<StateFile> => {
	const size = await sizeOf(path);
	if (size === undefined) throw broken('there is no state on this disk');
	if (size < headerLength + tagLength || size > largestState) throw broken(`the state file has ${String(size)} bytes`);
	const bytes = await readFile(path);
	if (!bytes.subarray(0, magic.length).equals(magic)) throw broken('the state file is not one of ours');
	return {
		counter: bytes.readBigUInt64BE(magic.length),
		nonce: bytes.subarray(magic.length + 8, headerLength),
		sealed: bytes.subarray(headerLength),
	};
};

const encrypt = (key: Uint8Array, uuid: string, counter: bigint, state: Uint8Array): Uint8Array => {
	checkKey(key);
	if (state.length > largestState - headerLength - tagLength) throw broken('the state is too large');
	const nonce = randomBytes(nonceLength);
	const cipher = createCipheriv('aes-256-gcm', key, nonce, {authTagLength: tagLength});
	cipher.setAAD(associated(uuid, counter));
	const sealed = Buffer.concat([cipher.update(state), cipher.final(), cipher.getAuthTag()]);
	return Buffer.concat([magic, counterBytes(counter), nonce, sealed]);
};

const decrypt = (key: Uint8Array, uuid: string, {counter, nonce, sealed}: StateFile): Uint8Array => {
	checkKey(key);
	const decipher = createDecipheriv('aes-256-gcm', key, nonce, {authTagLength: tagLength});
	decipher.setAAD(associated(uuid, counter));
	decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
	try {
		return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - tagLength)), decipher.final()]);
	} catch (cause) {
		throw new AppError('The key does not open the state of this disk.', {
			code: 'state-key-wrong',
			exitCode: exitCodes.cluster,
			next: ['Use the master secret of this cluster.'],
			cause,
		});
	}
};

const associated = (uuid: string, counter: bigint) => Buffer.concat([magic, Buffer.from(uuid, 'utf8'), counterBytes(counter)]);

const counterBytes = (counter: bigint) => {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64BE(counter);
	return bytes;
};

const checkKey = (key: Uint8Array) => {
	if (key.length !== keyLength) throw new Error(`a state key has ${String(keyLength)} bytes, not ${String(key.length)}`);
};

const broken = (what: string) =>
	new AppError(`The state of this node cannot be read: ${what}.`, {
		code: 'state-broken',
		exitCode: exitCodes.cluster,
		next: ['Replace this node.'],
	});
