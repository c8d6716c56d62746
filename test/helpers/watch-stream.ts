import {request} from 'node:https';
import {type ClientIdentity, type TestServer} from './api-server.ts';

export type StreamEvent = {type: string; object: {kind: string; metadata: Record<string, unknown>; [field: string]: unknown}};

/** An open watch: what came so far, and ways to wait for more. */
export type WatchStream = {
	events: StreamEvent[];
	status: number;
	/** Resolves with all events once `count` came. */
	until(count: number): Promise<StreamEvent[]>;
	/** Resolves when the server ended the answer. */
	ended: Promise<void>;
	close(): void;
};

/** Opens a watch on a test server (or another port of the same authority) and reads its events as they come. */
export function openWatch(
	server: Pick<TestServer, 'authority' | 'admin' | 'port'>,
	path: string,
	options: {accept?: string; identity?: ClientIdentity; port?: number} = {},
): Promise<WatchStream> {
	const {cert, key} = options.identity ?? server.admin;
	return new Promise((resolve, reject) => {
		const sent = request(
			{
				host: '127.0.0.1',
				port: options.port ?? server.port,
				path,
				ca: server.authority.certificate,
				cert,
				key: Buffer.from(key.reveal()),
				agent: false,
				headers: options.accept === undefined ? {} : {Accept: options.accept},
			},
			response => {
				const events: StreamEvent[] = [];
				let waiting: {count: number; done: (events: StreamEvent[]) => void}[] = [];
				let rest = '';
				response.setEncoding('utf8');
				response.on('data', (text: string) => {
					const lines = (rest + text).split('\n');
					rest = lines.pop() ?? '';
					for (const line of lines) events.push(JSON.parse(line) as StreamEvent);
					for (const entry of waiting) if (events.length >= entry.count) entry.done(events);
					waiting = waiting.filter(entry => events.length < entry.count);
				});
				const ended = new Promise<void>(done => {
					response.on('close', done);
				});
				resolve({
					events,
					status: response.statusCode ?? 0,
					ended,
					until: count => (events.length >= count ? Promise.resolve(events) : new Promise(done => waiting.push({count, done}))),
					close: () => sent.destroy(),
				});
			},
		);
		sent.on('error', reject);
		sent.end();
	});
}
