import type {Server} from '@grpc/grpc-js';

/**
 * Ends a server: no new connection, GOAWAY on the open ones (RFC 9113 section 6.8), calls under way end. A call that a client began
 * before it heard of that is refused unprocessed, and gRPC clients that may send it elsewhere do so. After `limitMs` what is left is cut.
 */
export const shutDown = (server: Server, limitMs = 3000): Promise<void> =>
	new Promise(resolve => {
		const timer = setTimeout(() => {
			server.forceShutdown();
			resolve();
		}, limitMs);
		server.tryShutdown(() => {
			clearTimeout(timer);
			resolve();
		});
	});
