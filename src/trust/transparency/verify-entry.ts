import {createHash, createPublicKey, verify} from 'node:crypto';
import {fromBase64, fromHex, MalformedError, sameBytes, toHex} from '../../attestation/bytes.ts';
import {openCheckpoint} from './checkpoint.ts';
import {type LogEntry, parseLeaf} from './entry.ts';
import {keyOf, type Log, logIdOf} from './log-key.ts';
import {leafHash, rootFrom} from './merkle.ts';

/** The signed file that an entry has to be about. `signature`: base64 text; `signer`: DER SubjectPublicKeyInfo. */
export type SignedFile = {content: Uint8Array; signature: Uint8Array; signer: Uint8Array};

/**
 * Everything that is wrong with an entry, as clauses; empty where the log proves that it took this very signature of this file by
 * this key: promise (SignedEntryTimestamp over RFC 8785 JSON), inclusion (RFC 6962) under a checkpoint that the log signed.
 */
export function problemsOfEntry(entry: LogEntry, file: SignedFile, log: Log): string[] {
	try {
		const leaf = fromBase64(entry.body, 'body');
		return [...problemsOfPromise(entry, log), ...problemsOfInclusion(entry, leaf, log), ...problemsOfLeaf(leaf, file)];
	} catch (error) {
		if (error instanceof MalformedError) return [`it cannot be read (${error.message})`];
		throw error;
	}
}

function problemsOfPromise(entry: LogEntry, log: Log): string[] {
	if (entry.logId !== logIdOf(log)) return ['it is of another log'];
	const {body, integratedTime, logId: logID, logIndex} = entry;
	// RFC 8785: names in this order, integers plain, and base64 and hex need no escapes.
	const signed = Buffer.from(JSON.stringify({body, integratedTime, logID, logIndex}));
	const signature = fromBase64(entry.signedEntryTimestamp, 'signedEntryTimestamp');
	return verify('sha256', signed, keyOf(log), signature) ? [] : ['the log did not sign its time and place'];
}

function problemsOfInclusion({uuid, proof}: LogEntry, leaf: Uint8Array, log: Log): string[] {
	const hash = leafHash(leaf);
	const problems: string[] = [];
	if (!uuid.endsWith(toHex(hash))) problems.push('it is not the entry that was asked for');
	const checkpoint = openCheckpoint(proof.checkpoint, log);
	if (checkpoint === undefined) return [...problems, 'the log did not sign the checkpoint'];
	if (checkpoint.size !== proof.size || !sameBytes(checkpoint.root, fromHex(proof.root, 'rootHash')))
		problems.push('the proof is of another tree than the checkpoint');
	const path = proof.hashes.map(each => fromHex(each, 'hash'));
	const root = rootFrom(hash, proof.index, checkpoint.size, path);
	if (root === undefined || !sameBytes(root, checkpoint.root)) problems.push('it is not in the tree');
	return problems;
}

function problemsOfLeaf(leaf: Uint8Array, {content, signature, signer}: SignedFile): string[] {
	const logged = parseLeaf(leaf);
	const problems: string[] = [];
	if (logged.hash !== createHash('sha256').update(content).digest('hex')) problems.push('it is about another file');
	const own = Buffer.from(signature)
		.toString('latin1')
		.replaceAll(/[\r\n]/g, '');
	if (!sameBytes(fromBase64(logged.signature, 'signature'), fromBase64(own, 'signature')))
		problems.push('it holds another signature');
	if (!sameKey(fromBase64(logged.publicKey, 'publicKey'), signer)) problems.push('it names another key');
	return problems;
}

function sameKey(pem: Uint8Array, signer: Uint8Array): boolean {
	try {
		return sameBytes(createPublicKey(Buffer.from(pem)).export({format: 'der', type: 'spki'}), signer);
	} catch {
		return false; // What is no key is not the signer's.
	}
}
