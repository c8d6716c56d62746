import type {FileHandle} from 'node:fs/promises';
import {digestsOfFile} from '../../releases/files.ts';
import {type BankDigest, banks} from '../tpm/banks.ts';

export type MeasuredRuntime = {
	/** Digests of all banks, SHA-256 first. */
	digests: readonly BankDigest[];
	/** Whether the file behind the descriptor is the one that was hashed, untouched since. */
	isUnchanged: () => Promise<boolean>;
};

export type RuntimeDigests = (file: FileHandle) => Promise<MeasuredRuntime>;

/**
 * Hashes the runtime, about 120 MB, once for all machines that start from the same unchanged file. Which file it is, is asked of the
 * open descriptor: device, inode, size, and the times of the last change of content and of attributes, which no write leaves alone.
 */
export function createRuntimeDigests(): RuntimeDigests {
	const known = new Map<string, Promise<readonly BankDigest[]>>();
	return async file => {
		const identity = await identityOf(file);
		let digests = known.get(identity);
		if (!digests) {
			digests = hash(file);
			known.set(identity, digests);
			digests.catch(() => known.delete(identity));
		}
		return {digests: await digests, isUnchanged: async () => (await identityOf(file)) === identity};
	};
}

async function hash(file: FileHandle): Promise<readonly BankDigest[]> {
	const values = await digestsOfFile(
		file,
		banks.map(bank => bank.hash),
	);
	return banks.map(({algorithm}, index) => ({algorithm, digest: values[index] ?? new Uint8Array()}));
}

async function identityOf(file: FileHandle): Promise<string> {
	const {dev, ino, size, mtimeNs, ctimeNs} = await file.stat({bigint: true});
	return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
