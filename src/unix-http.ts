import {type IncomingMessage, request} from 'node:http';

const largestAnswer = 8 * 1024 * 1024;

/** A request over a Unix socket was answered with an error; `status` is that of HTTP, `code` the one in the body. */
export class UnixHttpError extends Error {
	override readonly name = 'UnixHttpError';
	readonly status: number;
	readonly code: string;

	constructor(status: number, code: string, message: string) {
		super(message);
		this.status = status;
		this.code = code;
	}
}

export type UnixRequest = {socketPath: string; method: string; path: string; body?: unknown; signal?: AbortSignal};

/** JSON over HTTP over a Unix socket; throws UnixHttpError for an answered failure, the system's error when nobody answers. */
export const unixRequest = async (options: UnixRequest): Promise<unknown> => {
	const response = await send(options);
	return parse(await readAll(response, largestAnswer));
};

/** The lines of an answer that does not end, as they come; ends with the connection or `signal`. */
export const unixLines = async function* (options: UnixRequest): AsyncGenerator<string, void> {
	const response = await send(options);
	let rest = '';
	try {
		for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
			const lines = (rest + chunk).split('\n');
			rest = lines.pop() ?? '';
			if (rest.length > largestAnswer) throw new Error('a line from the socket is too long');
			yield* lines;
		}
	} catch (error) {
		if (options.signal?.aborted === true) return;
		throw error;
	} finally {
		response.destroy();
	}
	if (rest !== '') yield rest;
};

/** The whole body; throws when it is larger than `limit` bytes. */
export const readAll = async (message: IncomingMessage, limit: number): Promise<string> => {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of message as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size > limit) throw new UnixHttpError(413, 'too-large', `more than ${limit} bytes`);
		chunks.push(chunk);
	}
	return Buffer.concat(chunks).toString('utf8');
};

const send = ({socketPath, method, path, body, signal}: UnixRequest): Promise<IncomingMessage> =>
	new Promise((resolve, reject) => {
		const text = body === undefined ? undefined : JSON.stringify(body);
		const headers = text === undefined ? {} : {'content-type': 'application/json', 'content-length': Buffer.byteLength(text)};
		const call = request({socketPath, method, path, headers, agent: false, ...(signal && {signal})}, response => {
			const status = response.statusCode ?? 0;
			if (status >= 200 && status <= 299) {
				resolve(response);
				return;
			}
			readAll(response, largestAnswer).then(text => {
				const answer = parse(text);
				const {error, code} = typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};
				reject(
					new UnixHttpError(
						status,
						typeof code === 'string' ? code : 'unknown',
						typeof error === 'string' ? error : `status ${status} for ${method} ${path}`,
					),
				);
			}, reject);
		});
		call.on('error', reject);
		call.end(text);
	});

const parse = (text: string): unknown => {
	if (text === '') return undefined;
	try {
		return JSON.parse(text);
	} catch {
		// The peer is not ours, or broken: the caller's own check of the shape refuses it.
		return undefined;
	}
};
