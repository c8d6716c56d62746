import {once} from 'node:events';
import {rm} from 'node:fs/promises';
import {createServer, type Socket} from 'node:net';
import {maxCommandSize} from '../../attestation/tpm/constants.ts';
import {headerSize} from './command.ts';

export type TpmServer = {close(): Promise<void>};

/** A node's services share one TPM: bootstrapper, join, verification, recovery, with room for restarts. */
const maxConnections = 32;

/**
 * Serves a TPM on a Unix socket that only its owner may open. Commands and responses are the plain TPM bytes; their length stands in
 * their header. A connection gets its answer before its next command is read; what is no TPM command ends the connection.
 */
export async function serveTpm(tpm: {handle(command: Uint8Array): Promise<Uint8Array>}, socketPath: string): Promise<TpmServer> {
	// A socket file left by a killed service would keep the address.
	await rm(socketPath, {force: true});
	const sockets = new Set<Socket>();
	const server = createServer({allowHalfOpen: false}, socket => {
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket));
		// A peer that goes away in the middle of an answer is its own loss.
		socket.on('error', () => socket.destroy());
		answer(tpm, socket);
	});
	server.maxConnections = maxConnections;
	const listening = once(server, 'listening');
	// Binding happens inside the call: the socket never exists with other modes.
	const previous = process.umask(0o177);
	server.listen(socketPath);
	process.umask(previous);
	await listening;
	return {
		async close() {
			for (const socket of sockets) socket.destroy();
			await new Promise<void>(resolve => server.close(() => resolve()));
			await rm(socketPath, {force: true});
		},
	};
}

function answer(tpm: {handle(command: Uint8Array): Promise<Uint8Array>}, socket: Socket): void {
	let received = Buffer.alloc(0);
	let busy = false;

	async function next(): Promise<void> {
		if (busy || received.length < headerSize) return;
		const size = received.readUInt32BE(2);
		if (size < headerSize || size > maxCommandSize) {
			socket.destroy();
			return;
		}
		if (received.length < size) return;
		const command = Buffer.from(received.subarray(0, size));
		received = received.subarray(size);
		busy = true;
		socket.pause();
		socket.write(await tpm.handle(command));
		busy = false;
		socket.resume();
		await next();
	}

	socket.on('data', (chunk: Buffer) => {
		received = Buffer.concat([received, chunk]);
		void next();
	});
}
