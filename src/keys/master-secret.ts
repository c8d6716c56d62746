import {randomBytes} from 'node:crypto';
import {AppError, exitCodes} from '../errors.ts';
import {Secret} from '../secret.ts';
import {decodeBase64, encodeBase64} from './base64.ts';
import type {MasterSecret} from './derive.ts';

export type {MasterSecret} from './derive.ts';

const minimumKey = 16;
const minimumSalt = 16;

const invalid = (message: string): AppError => new AppError(message, {code: 'master-secret-invalid', exitCode: exitCodes.usage});

/** A new master secret: 32 random bytes of key and of salt. */
export const generateMasterSecret = (): MasterSecret => ({key: new Secret(randomBytes(32)), salt: new Secret(randomBytes(32))});

/** Text of the master secret file: the v2.9 JSON object with `key` and `salt` in base64. The result is secret. */
export const formatMasterSecret = ({key, salt}: MasterSecret): string =>
	JSON.stringify({key: encodeBase64(key.reveal()), salt: encodeBase64(salt.reveal())}, null, '\t');

/** Reads the master secret file. Throws AppError `master-secret-invalid`, which never quotes the file. */
export const parseMasterSecret = (text: string): MasterSecret => {
	const {key, salt} = readShape(text);
	if (key.length < minimumKey) throw invalid(`the key of a master secret has at least ${minimumKey} bytes`);
	if (salt.length < minimumSalt) throw invalid(`the salt of a master secret has at least ${minimumSalt} bytes`);
	return {key: new Secret(key), salt: new Secret(salt)};
};

const readShape = (text: string): {key: Uint8Array; salt: Uint8Array} => {
	const value = parseObject(text);
	const key = typeof value.key === 'string' ? decodeBase64(value.key) : undefined;
	const salt = typeof value.salt === 'string' ? decodeBase64(value.salt) : undefined;
	if (!key || !salt) throw invalid('key and salt of a master secret are padded base64');
	return {key, salt};
};

const parseObject = (text: string): {key?: unknown; salt?: unknown} => {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === 'object' && value !== null) return value;
	} catch {
		// The parser's message quotes the text, which is secret: ours is thrown below.
	}
	throw invalid('a master secret is a JSON object with the members key and salt');
};
