import {createHash} from 'node:crypto';
import {MalformedError} from '../../attestation/bytes.ts';
import {parseStrictJson} from '../../attestation/strict-json.ts';
import {bodyOf, type Get} from '../net/get.ts';
import {maxEntrySize, parseLogEntry} from './entry.ts';
import type {Log} from './log-key.ts';
import type {LogVerdict} from './verdict.ts';
import {problemsOfEntry, type SignedFile} from './verify-entry.ts';

/** A verdict, and the answer of the log (exact bytes) that supports it, to be kept with the file. */
export type Proof = {verdict: LogVerdict; entry?: Uint8Array};

/** Anyone can log a hash: among these many entries the right one has to be. */
const maxHits = 32;

/** Judges answers of a log without asking anybody. The first entry that proves the file wins; otherwise all problems are told. */
export function judgeEntries(answers: readonly Uint8Array[], file: SignedFile, log: Log): Proof {
	const problems: string[] = [];
	for (const answer of answers) {
		try {
			const entry = parseLogEntry(answer);
			const found = problemsOfEntry(entry, file, log);
			if (found.length === 0) {
				const {logIndex: index, integratedTime} = entry;
				return {verdict: {state: 'logged', log: log.name, index, at: integratedTime * 1000}, entry: answer};
			}
			problems.push(found.join(', '));
		} catch (error) {
			if (!(error instanceof MalformedError)) throw error;
			problems.push(`it cannot be read (${error.message})`);
		}
	}
	return {verdict: answers.length === 0 ? {state: 'not-logged', log: log.name} : {state: 'failed', log: log.name, problems}};
}

/**
 * Asks a log for the entry of a signed file (Rekor API v1): every hit for the file's hash is looked at, because anyone may log a hash
 * with another key. Throws AppError where the log cannot be reached.
 */
export async function proveLogged(file: SignedFile, log: Log, get: Get): Promise<Proof> {
	const hash = `sha256:${createHash('sha256').update(file.content).digest('hex')}`;
	const found = await get(new URL('/api/v1/index/retrieve', log.url).href, {limit: maxEntrySize, json: {hash}});
	const uuids = parseHits(bodyOf(found));
	if (uuids === undefined) return {verdict: {state: 'failed', log: log.name, problems: ['its list of entries cannot be read']}};
	const answers: Uint8Array[] = [];
	for (const uuid of uuids.slice(0, maxHits)) {
		const answer = await get(new URL(`/api/v1/log/entries/${uuid}`, log.url).href, {limit: maxEntrySize});
		answers.push(bodyOf(answer));
		const proof = judgeEntries(answers.slice(-1), file, log);
		if (proof.verdict.state === 'logged') return proof;
	}
	return judgeEntries(answers, file, log);
}

function parseHits(body: Uint8Array): string[] | undefined {
	try {
		const json = parseStrictJson(body, {bytes: maxEntrySize, depth: 2});
		const uuids: unknown[] = Array.isArray(json) ? json : [undefined];
		if (uuids.every((uuid): uuid is string => typeof uuid === 'string' && /^[0-9a-f]{64,80}$/.test(uuid))) return uuids;
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
	}
	return undefined;
}
