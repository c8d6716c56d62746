import type {IncomingMessage, ServerResponse} from 'node:http';
import {gzipSync} from 'node:zlib';
import type {ApiObject, JsonObject} from '../types.ts';
import type {Representation} from './negotiate.ts';
import type {ApiError} from './status.ts';

/** Bodies above this are compressed for clients that accept it. */
const compressAbove = 128 * 1024;

/** Writes one JSON value on one line with a final newline, or as YAML. */
export async function sendValue(
	response: ServerResponse,
	code: number,
	value: ApiObject | JsonObject,
	form: Representation['form'] = 'json',
	warnings: readonly string[] = [],
): Promise<void> {
	for (const warning of warnings.slice(0, 50)) {
		response.appendHeader('Warning', `299 - "${warning.replace(/[\\"]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?')}"`);
	}
	if (form === 'yaml') {
		const {stringify} = await import('yaml');
		sendText(response, code, 'application/yaml', stringify(value, {lineWidth: 0}));
		return;
	}
	sendText(response, code, 'application/json', `${JSON.stringify(value)}\n`);
}

/** Writes a whole body with its length; compresses large ones. */
export function sendText(response: ServerResponse, code: number, contentType: string, text: string): void {
	const bytes = Buffer.from(text);
	response.setHeader('Content-Type', contentType);
	if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'no-cache, private');
	if (bytes.length > compressAbove && acceptsGzip(response.req)) {
		response.setHeader('Content-Encoding', 'gzip');
		response.setHeader('Vary', 'Accept-Encoding');
		finish(response, code, gzipSync(bytes, {level: 1}));
		return;
	}
	finish(response, code, bytes);
}

function finish(response: ServerResponse, code: number, bytes: Buffer): void {
	response.setHeader('Content-Length', bytes.length);
	response.writeHead(code);
	response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

function acceptsGzip(request: IncomingMessage): boolean {
	const header = request.headers['accept-encoding'];
	return (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').some(entry => entry.trim().startsWith('gzip'));
}

/** Answers with a Status; always JSON, never a Table. */
export function sendStatus(response: ServerResponse, error: ApiError): void {
	for (const [name, value] of Object.entries(error.options.headers ?? {})) response.setHeader(name, value);
	sendText(response, error.code, 'application/json', `${JSON.stringify(error.status())}\n`);
}
