import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';

/** Ends the server; resolves when its last connection is closed. */
export type Drain = (options?: {idleMs?: number; limitMs?: number}) => Promise<void>;

type Connection = {socket: Socket; usedAt: number; answering: number};

const lookMs = 50;

/**
 * Lets an HTTP/1.1 server (TCP, plain or TLS) end without failing a request. A connection that is kept alive is closed behind the
 * answer to its next request, which says so (`Connection: close`, RFC 9112 section 9.6): only the server's last answer tells a client
 * that nothing it sends afterwards is lost. Connections that ask nothing for `idleMs` are closed then; after `limitMs` all are cut.
 */
export const drainable = (server: Server): Drain => {
	const connections = new Map<string, Connection>();
	const answers = new Set<ServerResponse>();
	let draining = false;

	server.on('connection', (socket: Socket) => {
		const name = nameOf(socket);
		connections.set(name, {socket, usedAt: performance.now(), answering: 0});
		socket.once('close', () => connections.delete(name));
	});
	// Before the handler, which may answer at once. Of TLS a request names another socket, with the same remote end.
	server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
		const connection = connections.get(nameOf(request.socket));
		answers.add(response);
		if (connection !== undefined) connection.answering++;
		if (draining) response.shouldKeepAlive = false;
		response.once('close', () => {
			answers.delete(response);
			if (connection === undefined) return;
			connection.answering--;
			connection.usedAt = performance.now();
		});
	});

	return async ({idleMs = 1000, limitMs = 4000} = {}) => {
		draining = true;
		const began = performance.now();
		// close() would cut connections that are kept alive at once (Node 19 and later), under the next request of a client.
		server.closeIdleConnections = () => undefined;
		const closed = new Promise<void>(resolve => {
			if (server.listening) server.close(() => resolve());
			else resolve();
		});
		for (const answer of answers) if (!answer.headersSent) answer.shouldKeepAlive = false;
		const timer = setInterval(() => {
			const now = performance.now();
			for (const {socket, usedAt, answering} of connections.values()) {
				const isIdle = answering === 0 && now - Math.max(usedAt, began) >= idleMs;
				if (isIdle || now - began >= limitMs) socket.destroy();
			}
		}, lookMs);
		await closed;
		clearInterval(timer);
	};
};

const nameOf = (socket: Socket): string => `${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`;
