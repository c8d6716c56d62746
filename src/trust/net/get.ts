import {Agent as PlainAgent, request as plainRequest} from 'node:http';
import {Agent, type RequestOptions, request} from 'node:https';
import {AppError, exitCodes} from '../../errors.ts';
import {isUnknownAuthority, proxyOf} from '../../proxy.ts';

/** Who may answer instead of the address that was asked: nobody, or another https address. */
export type RedirectRule = 'refuse' | 'https';

export type GetOptions = {
	/** Largest body in bytes; what says it is larger is not read at all. */
	limit: number;
	redirects?: RedirectRule;
	/** Whether http will do: only for what is signed, from authorities that offer nothing else (RFC 5280 section 4.2.1.13). */
	plain?: boolean;
	/** Sent as JSON by POST; without it the request is a GET. */
	json?: unknown;
	accept?: string;
};

/** `url`: the address that answered in the end. Only 200 has a body. */
export type Answer = {
	status: number;
	body: Uint8Array;
	url: string;
	headers: Readonly<Record<string, string | string[] | undefined>>;
};

/** Asks one address. Throws AppError `download-refused` (exit 5: not what may be asked or taken) or `download-unreachable` (exit 7). */
export type Get = (url: string, options: GetOptions) => Promise<Answer>;

export type Network = {
	env: Readonly<Record<string, string | undefined>>;
	/** PEM certificates of the authorities to trust; those of Node where absent. */
	ca?: readonly string[];
	/** Milliseconds for one address, redirects included. */
	timeoutMs?: number;
	signal?: AbortSignal;
};

const defaultTimeoutMs = 30_000;
const maxRedirects = 3;

/**
 * Plain https requests: certificate and name are always checked, TLS 1.2 or newer, through the proxy that HTTPS_PROXY and NO_PROXY
 * name (upper or lower case), no cookies, no credentials, nothing kept alive.
 */
export function httpsGet(network: Network): Get {
	return async (url, options) => {
		const timeout = AbortSignal.timeout(network.timeoutMs ?? defaultTimeoutMs);
		const signal = network.signal ? AbortSignal.any([timeout, network.signal]) : timeout;
		const secure = isPlain(url, options) ? undefined : new Agent({keepAlive: false, proxyEnv: proxyOf(network.env)});
		const agent = secure ?? new PlainAgent({keepAlive: false, proxyEnv: proxyOf(network.env)});
		try {
			return await follow(url, options, {agent, signal, ...(network.ca && {ca: [...network.ca]})});
		} catch (error) {
			network.signal?.throwIfAborted();
			if (error instanceof AppError) throw error;
			const why = timeout.aborted ? 'it did not answer in time' : error instanceof Error ? error.message : String(error);
			throw unreachable(url, why, error);
		} finally {
			agent.destroy();
		}
	};
}

type Connection = Pick<RequestOptions, 'agent' | 'ca'> & {signal: AbortSignal};

async function follow(start: string, options: GetOptions, connection: Connection): Promise<Answer> {
	let url = isPlain(start, options) ? new URL(start) : httpsAddress(start);
	for (let redirects = 0; ; redirects += 1) {
		const answer = await ask(url, options, connection);
		const {location} = answer.headers;
		if (![301, 302, 303, 307, 308].includes(answer.status) || typeof location !== 'string') return answer;
		if (options.redirects !== 'https') throw refused(url, `it sends on to ${JSON.stringify(location.slice(0, 200))}`);
		if (redirects === maxRedirects) throw refused(url, 'it sends on too often');
		url = httpsAddress(location, url);
	}
}

const isPlain = (url: string, {plain}: GetOptions): boolean => plain === true && URL.canParse(url) && url.startsWith('http://');

/** Throws AppError `download-refused` for anything but https without a user name in it. */
export function httpsAddress(text: string, base?: URL): URL {
	const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
	if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url;
	throw new AppError(`${JSON.stringify(text.slice(0, 200))} is no address to download from: only https without a password is.`, {
		code: 'download-refused',
		exitCode: exitCodes.refused,
		next: ['Give an address that starts with https://, or a file.'],
	});
}

function ask(url: URL, {limit, json, accept}: GetOptions, connection: Connection): Promise<Answer> {
	const body = json === undefined ? undefined : JSON.stringify(json);
	const headers = {
		'user-agent': 'constellation',
		...(accept && {accept}),
		...(body !== undefined && {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)}),
	};
	const {promise, resolve, reject} = Promise.withResolvers<Answer>();
	const minVersion = 'TLSv1.2' as const;
	const method = body === undefined ? 'GET' : 'POST';
	const how = url.protocol === 'http:' ? {...connection, method, headers} : {...connection, minVersion, method, headers};
	const call = (url.protocol === 'http:' ? plainRequest : request)(url, how, response => {
		const status = response.statusCode ?? 0;
		const chunks: Uint8Array[] = [];
		let size = 0;
		const tooLarge = () => {
			call.destroy();
			reject(refused(url, `it sends more than ${limit} bytes`));
		};
		if (status === 200 && Number(response.headers['content-length'] ?? 0) > limit) {
			tooLarge();
			return;
		}
		response.on('data', (chunk: Uint8Array) => {
			size += chunk.length;
			if (size > limit) tooLarge();
			else if (status === 200) chunks.push(chunk);
		});
		response.once('end', () => resolve({status, body: Buffer.concat(chunks), url: url.href, headers: response.headers}));
		response.once('error', reject);
		response.once('aborted', () => reject(new Error('the answer was cut off')));
	});
	call.once('error', reject);
	call.end(body);
	return promise;
}

function refused(url: URL, why: string): AppError {
	return new AppError(`What ${url.host} answers is not taken: ${why}.`, {
		code: 'download-refused',
		exitCode: exitCodes.refused,
		next: ['Name the address that has the file itself, or another mirror.'],
		details: {url: url.href},
	});
}

function unreachable(url: string, why: string, cause?: unknown): AppError {
	const host = URL.canParse(url) ? new URL(url).host : url;
	const isUnknown = isUnknownAuthority(cause);
	return new AppError(
		`${host} cannot be reached: ${isUnknown ? `nobody whom this machine trusts signed its certificate` : why}.`,
		{
			code: 'download-unreachable',
			exitCode: exitCodes.unreachable,
			next: [
				isUnknown
					? 'If the mirror has a certificate authority of your own, name its PEM file in NODE_EXTRA_CA_CERTS.'
					: 'Check the network and HTTPS_PROXY, or use a file, a mirror or an imported trust bundle.',
			],
			details: {url},
			cause,
		},
	);
}

/** The body of an answer that must be there. Throws AppError `not-published` (exit 7) for 404 and `download-unreachable` for other answers. */
export function bodyOf({status, body, url}: Answer): Uint8Array {
	if (status === 200) return body;
	if (status !== 404) throw unreachable(url, `it answered ${status}`);
	throw new AppError(`There is no ${new URL(url).pathname} on ${new URL(url).host}.`, {
		code: 'not-published',
		exitCode: exitCodes.unreachable,
		next: ['Check version and address; a version that was never published has no measurements.'],
		details: {url},
	});
}
