import type {IncomingMessage} from 'node:http';
import {Agent, request} from 'node:https';
import type {Secret} from '../secret.ts';
import {KubeError} from './kube.ts';

/** How to reach one API server: its URL, the cluster CA it must be signed by, and who we are (all PEM). */
export type KubeConnection = {server: string; ca: string; cert: string; key: Secret};

/** `path` holds the query already; `body` is serialised JSON. */
export type KubeRequest = {method: string; path: string; body?: string; contentType?: string; signal?: AbortSignal};

/** Sends a request and gives the answer once its headers are there; throws KubeError with code 0 when there is none. */
export type Send = (request: KubeRequest) => Promise<IncomingMessage>;

const answerTimeout = 30_000;

/** Keep-alive HTTPS that trusts the cluster CA only. */
export function httpsSender(connection: KubeConnection): Send {
	const base = new URL(connection.server);
	if (base.protocol !== 'https:') throw new TypeError('The API server must be an https URL');
	const agent = new Agent({
		keepAlive: true,
		maxFreeSockets: 4,
		ca: connection.ca,
		cert: connection.cert,
		key: Buffer.from(connection.key.reveal()),
		rejectUnauthorized: true,
		minVersion: 'TLSv1.2',
	});
	const once = (options: KubeRequest, retry: boolean) =>
		new Promise<IncomingMessage>((resolve, reject) => {
			const outgoing = request(
				{
					agent,
					host: base.hostname.replace(/^\[(.*)]$/, '$1'),
					port: base.port || 443,
					path: options.path,
					method: options.method,
					headers: headersOf(options),
					...(options.signal && {signal: options.signal}),
				},
				answer => {
					outgoing.setTimeout(0);
					resolve(answer);
				},
			);
			outgoing.setTimeout(answerTimeout, () => outgoing.destroy(new Error(`no answer within ${answerTimeout / 1000} s`)));
			outgoing.once('error', error => {
				// The server may close an idle connection just as we reuse it; reading again is harmless.
				if (retry && outgoing.reusedSocket && options.method === 'GET' && !options.signal?.aborted) {
					once(options, false).then(resolve, reject);
				} else {
					reject(new KubeError(0, 'NotReached', `${connection.server} was not reached: ${error.message}`));
				}
			});
			outgoing.end(options.body);
		});
	return options => once(options, true);
}

function headersOf({body, contentType}: KubeRequest): Record<string, string> {
	const headers: Record<string, string> = {accept: 'application/json'};
	if (body !== undefined) {
		headers['content-type'] = contentType ?? 'application/json';
		headers['content-length'] = String(Buffer.byteLength(body));
	}
	return headers;
}

/** The whole body as text; throws KubeError when it is longer than `limit` bytes or breaks off. */
export async function readText(answer: IncomingMessage, limit: number): Promise<string> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of readChunks(answer)) {
		size += chunk.length;
		if (size > limit) {
			answer.destroy();
			throw new KubeError(0, 'TooLarge', `The API server answered more than ${limit} bytes`);
		}
		chunks.push(chunk);
	}
	return Buffer.concat(chunks, size).toString('utf8');
}

/** The lines of a stream without their line feeds; throws KubeError when one is longer than `limit` bytes. */
export async function* readLines(answer: IncomingMessage, limit: number): AsyncGenerator<string> {
	let pending: Buffer[] = [];
	let size = 0;
	for await (const chunk of readChunks(answer)) {
		let from = 0;
		for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
			pending.push(chunk.subarray(from, end));
			yield Buffer.concat(pending).toString('utf8');
			pending = [];
			size = 0;
			from = end + 1;
		}
		const rest = chunk.subarray(from);
		size += rest.length;
		if (size > limit) {
			answer.destroy();
			throw new KubeError(0, 'TooLarge', `The API server sent a watch event of more than ${limit} bytes`);
		}
		if (rest.length > 0) pending.push(rest);
	}
}

async function* readChunks(answer: IncomingMessage): AsyncGenerator<Buffer> {
	try {
		for await (const chunk of answer) yield chunk as Buffer;
	} catch (error) {
		if (error instanceof KubeError) throw error;
		throw new KubeError(0, 'NotReached', `The API server's answer broke off: ${(error as Error).message}`);
	}
}
