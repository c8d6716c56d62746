import type {z} from 'zod';
import {AppError} from '../errors.ts';
import {type Fetch, isUnknownAuthority} from '../proxy.ts';
import {notFound} from './not-found.ts';
import {type CloudWords, noCredentials, refused, unreachable, untrusted} from './refusals.ts';

export type RestOptions = CloudWords & {
	/** What every path is appended to; nothing outside its origin is ever asked. */
	base: string;
	/** Headers that sign in; `fresh` after the cloud answered 401 to those before. Throws AppError `cloud-credentials`. */
	headers: (url: string, fresh: boolean) => Promise<Headers>;
	fetch: Fetch;
	wait: (milliseconds: number) => Promise<void>;
};

export type Query = Readonly<Record<string, string>>;
export type Answer = {status: number; headers: Headers; body: unknown};
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One call of a REST API. `path` is appended to the base, or a whole URL of the same origin. */
export type Rest = (method: Method, path: string, options?: {query?: Query; body?: unknown; headers?: Query}) => Promise<Answer>;

const attempts = 5;
const longestWaitMs = 30_000;
const answerTimeoutMs = 60_000;
const largestAnswer = 64 * 1024 * 1024;
const comeAgain = new Set([408, 429, 500, 502, 503, 504]);
const throttled = /^(?:rateLimitExceeded|userRateLimitExceeded|TooManyRequests)$/u;

/**
 * A client of a JSON API that waits and asks again when the cloud is busy (RFC 9110 section 10.2.3, Retry-After, else doubling).
 * Everything asked through it may be asked twice, and only over https. Throws AppError `cloud-credentials`, `cloud-refused`,
 * `cloud-object-missing` (404) or `cloud-unreachable`.
 */
export const restClient = (options: RestOptions): Rest => {
	const {base, headers: signedIn, fetch: ask, wait} = options;
	const {origin, protocol, hostname} = new URL(base);
	if (protocol !== 'https:' && hostname !== '127.0.0.1') {
		throw refused(options, 'to be asked', {
			reason: 'insecure-address',
			message: `${origin} is not https, and a token would be sent there`,
		});
	}
	return async (method, path, {query = {}, body, headers: more = {}} = {}) => {
		const url = new URL(/^https?:/u.test(path) ? path : `${base}/${path}`);
		// The answer of a cloud names the next page: a token must not go where somebody else listens.
		if (url.origin !== origin) throw refused(options, method, {reason: 'foreign-address', message: `it names ${url.origin}`});
		for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
		const what = `${method} ${url.pathname}`;
		let signedInAgain = false;
		const once = async (): Promise<Answer> => {
			const headers = new Headers(await signedIn(url.href, signedInAgain));
			for (const [name, value] of Object.entries(more)) headers.set(name, value);
			if (body !== undefined) headers.set('content-type', 'application/json');
			const answer = await ask(url, {
				method,
				headers,
				redirect: 'error',
				signal: AbortSignal.timeout(answerTimeoutMs),
				...(body !== undefined && {body: JSON.stringify(body)}),
			});
			return {status: answer.status, headers: answer.headers, body: parsed(await textOf(answer, largestAnswer))};
		};
		for (let attempt = 1; ; attempt += 1) {
			const answer = await once().catch((error: unknown) => {
				if (error instanceof AppError || attempt === attempts || isUnknownAuthority(error)) throw silence(options, what, error);
			});
			if (answer !== undefined && answer.status < 300) return answer;
			const failure = answer === undefined ? {reason: '', message: ''} : failureOf(answer.body);
			const status = answer?.status;
			if (status === 401 && signedInAgain) throw noCredentials(options, `${failure.reason} ${failure.message}`.trim());
			if (status === 401) signedInAgain = true;
			else if (status === 404) notFound(what);
			else if (status !== undefined && !comeAgain.has(status) && !throttled.test(failure.reason)) {
				throw refused(options, what, {status, ...failure});
			} else if (attempt === attempts) throw unreachable(options, what, `status ${status ?? 0} ${failure.reason}`.trim());
			else await wait(delayOf(answer?.headers.get('retry-after') ?? null, attempt));
		}
	};
};

/** The body of an answer in the shape that the public reference of the API gives it. */
export const shaped = <T>(schema: z.ZodType<T>, {body}: Answer, words: CloudWords, what: string): T => {
	const {data, success} = schema.safeParse(body);
	if (!success) throw refused(words, what, {reason: 'unreadable', message: 'its answer is not what its reference says'});
	return data;
};

const silence = (words: CloudWords, what: string, error: unknown): AppError => {
	if (error instanceof AppError) return error;
	if (isUnknownAuthority(error)) return untrusted(words, what);
	const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
	const code = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.name) : 'unknown';
	return unreachable(words, what, code);
};

const delayOf = (retryAfter: string | null, attempt: number): number => {
	const seconds = Number(retryAfter ?? Number.NaN);
	return Math.min(longestWaitMs, Number.isFinite(seconds) ? Math.max(0, seconds) * 1000 : 500 * 2 ** attempt);
};

/** The text of an answer of at most `limit` bytes. */
export const textOf = async (answer: Response, limit: number): Promise<string> => {
	const chunks: Uint8Array[] = [];
	let length = 0;
	for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
		length += chunk.length;
		if (length > limit) throw new Error('the answer is too large');
		chunks.push(chunk);
	}
	return Buffer.concat(chunks).toString('utf8');
};

const parsed = (text: string): unknown => {
	try {
		return text === '' ? undefined : JSON.parse(text);
	} catch {
		return undefined; // Whatever a gateway in between says: its status is all that counts.
	}
};

/**
 * `{error: {code, message, status, errors: [{reason}]}}` of Google and Azure, `{error: {title, message}}` of Keystone,
 * `{badRequest: {message}}` of Nova.
 */
const failureOf = (body: unknown): {reason: string; message: string} => {
	const [[name, error] = ['', undefined]] = isRecord(body) ? Object.entries(body).filter(([, value]) => isRecord(value)) : [];
	if (!isRecord(error)) return {reason: '', message: ''};
	const [first] = Array.isArray(error['errors']) ? (error['errors'] as unknown[]) : [];
	const candidates = [isRecord(first) ? first['reason'] : undefined, error['status'], error['code'], error['title'], name];
	const reason = candidates.find((each): each is string => typeof each === 'string' && each !== '');
	return {reason: reason ?? '', message: typeof error['message'] === 'string' ? error['message'] : ''};
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
