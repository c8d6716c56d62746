import {createHash} from 'node:crypto';

/** Hash of a leaf (RFC 6962 section 2.1). */
export function leafHash(leaf: Uint8Array): Uint8Array {
	return createHash('sha256').update(Uint8Array.of(0)).update(leaf).digest();
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
	return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest();
}

/**
 * Root that follows from a leaf hash and its audit path (RFC 9162 section 2.1.3.2, the same tree as RFC 6962). Undefined where the
 * path does not fit index and size: too short, too long, or an index outside of the tree.
 */
export function rootFrom(leaf: Uint8Array, index: number, size: number, path: readonly Uint8Array[]): Uint8Array | undefined {
	if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return undefined;
	let [node, last, hash] = [BigInt(index), BigInt(size) - 1n, leaf];
	for (const sibling of path) {
		if (last === 0n || sibling.length !== 32) return undefined;
		if ((node & 1n) === 1n || node === last) {
			hash = nodeHash(sibling, hash);
			while ((node & 1n) === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
		} else hash = nodeHash(hash, sibling);
		[node, last] = [node >> 1n, last >> 1n];
	}
	return last === 0n ? hash : undefined;
}
