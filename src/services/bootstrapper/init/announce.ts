import {once} from 'node:events';
import {createServer} from 'node:net';
import {splitEndpoint} from '../../metadata.ts';
import type {Stop} from '../../supervisor/protocol.ts';

/**
 * Shows the other machines that a cluster is being made here, by listening at an endpoint where a service of the cluster will be.
 * Whoever announces first and looks at the others then sees every other that did so before: two never go on side by side.
 * Stop it before that service starts; others see the API server by then.
 */
export const announce = async (endpoint: string): Promise<Stop> => {
	const server = createServer(socket => socket.destroy());
	const {host, port} = splitEndpoint(endpoint);
	server.listen(port, host);
	await once(server, 'listening');
	let closing: Promise<unknown> | undefined;
	return async () => {
		closing ??= once(server.close(), 'close');
		await closing;
	};
};
