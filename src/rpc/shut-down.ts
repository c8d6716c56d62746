import {setTimeout as delay} from 'node:timers/promises';
import type {Server} from '@grpc/grpc-js';

type Session = {goaway(code: number, lastStream: number): void; closed: boolean};

const isSession = (value: unknown): value is Session =>
	typeof value === 'object' && value !== null && 'goaway' in value && typeof value.goaway === 'function' && 'closed' in value;

/** Highest stream number there is: nothing that a client has begun meanwhile is refused. */
const everyStream = 0x7fff_ffff;
const lookMs = 25;

/**
 * Ends a server without failing a call. First every connection gets a GOAWAY that refuses nothing, so that clients open their next call
 * elsewhere (RFC 9113 section 6.8); once they have gone, or after `noticeMs`, the server takes no connection any more and lets the calls
 * under way end. After `limitMs` what is left is cut.
 */
export const shutDown = async (server: Server, {noticeMs = 800, limitMs = 3000} = {}): Promise<void> => {
	const noticed = new Set<Session>();
	const until = performance.now() + noticeMs;
	for (;;) {
		const open = sessionsOf(server).filter(({closed}) => !closed);
		for (const session of open) if (!noticed.has(session)) session.goaway(0, everyStream);
		for (const session of open) noticed.add(session);
		if (open.length === 0 || performance.now() > until) break;
		await delay(lookMs);
	}
	await new Promise<void>(resolve => {
		const timer = setTimeout(() => {
			server.forceShutdown();
			resolve();
		}, limitMs);
		server.tryShutdown(() => {
			clearTimeout(timer);
			resolve();
		});
	});
};

/** grpc-js 1.14 keeps its connections in a private map and has no notice of its own; without it the first call after the end is refused. */
const sessionsOf = (server: Server): Session[] => {
	const sessions: unknown = Reflect.get(server, 'sessions');
	return sessions instanceof Map ? [...sessions.keys()].filter(isSession) : [];
};
