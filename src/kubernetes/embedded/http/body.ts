import type {IncomingMessage} from 'node:http';
import {ApiError} from './status.ts';

/** Largest request body, as in the real server. */
export const bodyLimit = 3 * 1024 * 1024;

/** Reads a whole body; more than 3 MiB is 413. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
	if (Number(request.headers['content-length'] ?? 0) > bodyLimit) throw tooLarge();
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of request) {
		if (!Buffer.isBuffer(chunk)) throw new TypeError('The request stream has an encoding set');
		size += chunk.length;
		if (size > bodyLimit) throw tooLarge();
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

function tooLarge(): ApiError {
	return new ApiError(413, `Request entity too large: limit is ${bodyLimit}`, {
		reason: 'RequestEntityTooLarge',
		headers: {Connection: 'close'},
	});
}

/** `application/json; charset=utf-8` → `application/json`. */
export function mediaType(header: string | undefined): string {
	return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
