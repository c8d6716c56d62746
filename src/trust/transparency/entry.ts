import {MalformedError} from '../../attestation/bytes.ts';
import {isObject} from '../../attestation/measurements.ts';
import {parseStrictJson} from '../../attestation/strict-json.ts';

/** One entry of a log as its server gives it (Rekor API v1, LogEntry). Nothing in it is checked yet. */
export type LogEntry = {
	/** Hex; ends with the leaf hash. */
	uuid: string;
	/** Base64 of the leaf. */
	body: string;
	integratedTime: number;
	logId: string;
	/** Counted over all trees of the log; the one of the proof is counted in its tree. */
	logIndex: number;
	/** Base64 of the log's promise over the four fields above. */
	signedEntryTimestamp: string;
	proof: {index: number; size: number; root: string; hashes: readonly string[]; checkpoint: string};
};

export const maxEntrySize = 64 * 1024;

/** Reads the one entry of an answer. Throws MalformedError for none, several, or one without proof and checkpoint. */
export function parseLogEntry(bytes: Uint8Array): LogEntry {
	const json = parseStrictJson(bytes, {bytes: maxEntrySize, depth: 8});
	const pairs = isObject(json) ? Object.entries(json) : [];
	const [uuid, entry] = pairs[0] ?? [];
	if (pairs.length !== 1 || uuid === undefined || !isObject(entry)) throw new MalformedError('log: not exactly one entry');
	if (!/^(?:[0-9a-f]{16})?[0-9a-f]{64}$/.test(uuid)) throw new MalformedError('log: name of the entry');
	const verification = objectIn(entry, 'verification');
	const proof = objectIn(verification, 'inclusionProof');
	const {hashes} = proof;
	if (!Array.isArray(hashes) || hashes.length > 64 || !hashes.every(hash => typeof hash === 'string'))
		throw new MalformedError('log: hashes');
	return {
		uuid,
		body: textIn(entry, 'body'),
		integratedTime: numberIn(entry, 'integratedTime'),
		logId: textIn(entry, 'logID'),
		logIndex: numberIn(entry, 'logIndex'),
		signedEntryTimestamp: textIn(verification, 'signedEntryTimestamp'),
		proof: {
			index: numberIn(proof, 'logIndex'),
			size: numberIn(proof, 'treeSize'),
			root: textIn(proof, 'rootHash'),
			hashes,
			checkpoint: textIn(proof, 'checkpoint'),
		},
	};
}

type Fields = Readonly<Record<string, unknown>>;

function objectIn(fields: Fields, name: string): Fields {
	const value = fields[name];
	if (isObject(value)) return value;
	throw new MalformedError(`log: ${name} is missing`);
}

function textIn(fields: Fields, name: string): string {
	const value = fields[name];
	if (typeof value === 'string') return value;
	throw new MalformedError(`log: ${name} is missing`);
}

function numberIn(fields: Fields, name: string): number {
	const value = fields[name];
	if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
	throw new MalformedError(`log: ${name} is missing`);
}

/** What a hashedrekord entry (version 0.0.1) says was signed, by which key. All three are text as they stand there. */
export type LoggedSignature = {hash: string; signature: string; publicKey: string};

/** Reads a leaf. Throws MalformedError for every other kind of entry. */
export function parseLeaf(leaf: Uint8Array): LoggedSignature {
	const json = parseStrictJson(leaf, {bytes: maxEntrySize, depth: 8});
	if (!isObject(json) || json['kind'] !== 'hashedrekord' || json['apiVersion'] !== '0.0.1')
		throw new MalformedError('log: not a signature of a file by hash');
	const spec = objectIn(json, 'spec');
	const hash = objectIn(objectIn(spec, 'data'), 'hash');
	const signature = objectIn(spec, 'signature');
	if (hash['algorithm'] !== 'sha256') throw new MalformedError('log: another hash than SHA-256');
	return {
		hash: textIn(hash, 'value'),
		signature: textIn(signature, 'content'),
		publicKey: textIn(objectIn(signature, 'publicKey'), 'content'),
	};
}
