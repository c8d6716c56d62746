import {createHash, generateKeyPairSync, type KeyObject, sign} from 'node:crypto';
import type {Log} from '../../src/trust/transparency/log-key.ts';
import {leafHash} from '../../src/trust/transparency/merkle.ts';

/** A key pair as release keys and logs have them. */
export function newSigner(): {privateKey: KeyObject; key: Uint8Array; pem: string} {
	const {privateKey, publicKey} = generateKeyPairSync('ec', {namedCurve: 'prime256v1'});
	return {
		privateKey,
		key: publicKey.export({format: 'der', type: 'spki'}),
		pem: publicKey.export({format: 'pem', type: 'spki'}),
	};
}

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(part);
	return hash.digest();
};

/** Root and audit path by the recursive definition (RFC 6962 section 2.1), to compare the iterative one with. */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
	const [first] = leaves;
	if (first === undefined) return sha256();
	if (leaves.length === 1) return sha256(Uint8Array.of(0), first);
	const k = splitOf(leaves.length);
	return sha256(Uint8Array.of(1), rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

export function pathOf(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
	if (leaves.length <= 1) return [];
	const k = splitOf(leaves.length);
	return index < k
		? [...pathOf(index, leaves.slice(0, k)), rootOf(leaves.slice(k))]
		: [...pathOf(index - k, leaves.slice(k)), rootOf(leaves.slice(0, k))];
}

const splitOf = (length: number): number => 2 ** Math.floor(Math.log2(length - 1));

/** The signed file of an entry; `publicKey` is PEM. */
export type Logged = {content: Uint8Array; signature: Uint8Array; publicKey: string};

export function leafOf({content, signature, publicKey}: Logged): Uint8Array {
	return Buffer.from(
		JSON.stringify({
			apiVersion: '0.0.1',
			kind: 'hashedrekord',
			spec: {
				data: {hash: {algorithm: 'sha256', value: createHash('sha256').update(content).digest('hex')}},
				signature: {
					content: Buffer.from(signature).toString('latin1'),
					publicKey: {content: Buffer.from(publicKey).toString('base64')},
				},
			},
		}),
	);
}

/** What the parts of an answer are before they are signed and written; a test changes one. */
export type EntryParts = {
	leaf: Uint8Array;
	integratedTime: number;
	logIndex: number;
	treeIndex: number;
	size: number;
	root: Uint8Array;
	path: Uint8Array[];
	origin: string;
};

/** A transparency log of our own with a key of its own. */
export function newLog(name = 'log.test') {
	const signer = newSigner();
	const log: Log = {name, url: `https://${name}`, key: signer.key};
	const logId = createHash('sha256').update(signer.key).digest('hex');
	const others = Array.from({length: 6}, (_, index) => Buffer.from(`entry ${index}`));

	const partsOf = (leaf: Uint8Array): EntryParts => {
		const leaves = [...others.slice(0, 3), leaf, ...others.slice(3)];
		const [root, path] = [rootOf(leaves), pathOf(3, leaves)];
		const place = {treeIndex: 3, size: leaves.length, root, path};
		return {leaf, integratedTime: 1_700_000_000, logIndex: 40_003, ...place, origin: `${name} - 42`};
	};
	const note = ({origin, size, root}: EntryParts, key = signer) => {
		const text = `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
		const hint = createHash('sha256').update(key.key).digest().subarray(0, 4);
		const signature = Buffer.concat([hint, sign('sha256', Buffer.from(text), key.privateKey)]).toString('base64');
		return `${text}\n\u2014 ${name} ${signature}\n`;
	};
	/** The answer of the server as an object, signed over whatever the parts are. */
	const answer = (parts: EntryParts, key = signer) => {
		const body = Buffer.from(parts.leaf).toString('base64');
		const promise = {body, integratedTime: parts.integratedTime, logID: logId, logIndex: parts.logIndex};
		const uuid = `${'0'.repeat(16)}${Buffer.from(leafHash(parts.leaf)).toString('hex')}`;
		return {
			uuid,
			entry: {
				...promise,
				verification: {
					inclusionProof: {
						checkpoint: note(parts, key),
						hashes: parts.path.map(hash => Buffer.from(hash).toString('hex')),
						logIndex: parts.treeIndex,
						rootHash: Buffer.from(parts.root).toString('hex'),
						treeSize: parts.size,
					},
					signedEntryTimestamp: sign('sha256', Buffer.from(JSON.stringify(promise)), key.privateKey).toString('base64'),
				},
			},
		};
	};
	return {log, signer, partsOf, answer, note};
}

export type TestLog = ReturnType<typeof newLog>;

/** An answer as the server writes it. */
export const answerBytes = ({uuid, entry}: ReturnType<TestLog['answer']>): Uint8Array =>
	Buffer.from(JSON.stringify({[uuid]: entry}));
