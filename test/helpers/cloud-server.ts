import {once} from 'node:events';
import {createServer, type IncomingHttpHeaders} from 'node:http';
import type {AddressInfo, Socket} from 'node:net';
import type {ExecutionContext} from 'ava';

export type Asked = {method: string; path: string; query: URLSearchParams; headers: IncomingHttpHeaders; body: string};
/** `body` is sent as JSON, `text` as it is; `cut` closes the connection without an answer. */
export type Reply = {status?: number; headers?: Record<string, string>; body?: unknown; text?: string; cut?: boolean};

/** The API of a cloud on this machine; what it was asked is kept. `answer` may throw a Reply. */
export const cloudServer = async (
	t: ExecutionContext,
	answer: (asked: Asked) => Reply,
): Promise<{url: string; asked: Asked[]}> => {
	const asked: Asked[] = [];
	const sockets = new Set<Socket>();
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			const url = new URL(request.url ?? '', 'http://cloud');
			const call = {
				method: request.method ?? '',
				path: decodeURIComponent(url.pathname),
				query: url.searchParams,
				headers: request.headers,
				body: Buffer.concat(chunks).toString(),
			};
			asked.push(call);
			const {status = 200, headers = {}, body, text, cut} = answer(call);
			if (cut === true) response.destroy();
			else response.writeHead(status, headers).end(text ?? (body === undefined ? '' : JSON.stringify(body)));
		});
	});
	server.on('connection', socket => sockets.add(socket));
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => {
		server.close();
		for (const socket of sockets) socket.destroy();
	});
	return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked};
};

/** Patience without waiting: the clock goes on by a second with every pause. */
export const quickPatience = () => {
	let now = 0;
	return {
		timeoutMs: 10_000,
		now: () => now,
		pause: () => {
			now += 1000;
			return Promise.resolve();
		},
	};
};

/** Gives the first replies in order, then goes on to what comes after them. */
export const atFirst = (...replies: Reply[]) => {
	const left = [...replies];
	return (after: () => Reply): Reply => left.shift() ?? after();
};
