import {compare} from 'bcryptjs';

/** bcrypt looks at the first 72 bytes only; a longer secret would be compared in part. */
const longestSecret = 72;
const freeFailures = 5;
const pauseMs = 5000;
const mostWaiting = 4;

export type Verdict = 'right' | 'wrong' | 'too-many';

/**
 * Compares init secrets with the bcrypt hash that the provider knows: one comparison at a time with few waiting, and after five wrong
 * ones only one every five seconds, so that guessing neither works nor keeps the node busy.
 */
export const secretAttempts = (readHash: () => Promise<string>, now: () => number = () => performance.now()) => {
	let failures = 0;
	let lastFailure = Number.NEGATIVE_INFINITY;
	let waiting = 0;
	let last: Promise<unknown> = Promise.resolve();

	const judge = async (secret: Uint8Array): Promise<Verdict> => {
		if (failures >= freeFailures && now() - lastFailure < pauseMs) return 'too-many';
		if (isPossible(secret) && (await compare(Buffer.from(secret).toString('utf8'), await readHash()))) {
			failures = 0;
			return 'right';
		}
		failures += 1;
		lastFailure = now();
		return 'wrong';
	};

	return async (secret: Uint8Array): Promise<Verdict> => {
		if (waiting >= mostWaiting) return 'too-many';
		waiting += 1;
		const verdict = last.then(() => judge(secret));
		// The next one waits for this one, whether the hash could be read or not.
		last = verdict.catch(() => undefined);
		try {
			return await verdict;
		} finally {
			waiting -= 1;
		}
	};
};

/** Init secrets are printable ASCII, so the text is exactly the bytes. */
const isPossible = (secret: Uint8Array) =>
	secret.length > 0 && secret.length <= longestSecret && secret.every(byte => byte > 0x20 && byte < 0x7f);
