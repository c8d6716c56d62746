import type {TLSSocket} from 'node:tls';
import {RpcError, status} from '../rpc/status.ts';

/** One aTLS connection as either end sees it. */
export type Connection = {
	/** 32 bytes that only the two ends can compute (RFC 8446 7.5). */
	exporter: (label: string, context: Uint8Array) => Uint8Array;
	/** DER of the certificate that the service minted for this connection. */
	leaf: Uint8Array;
	/** DER of the certificate that the client showed, unchecked. */
	peerCertificate?: Uint8Array;
};

const nonceSize = 32;

/** The connection behind a socket whose handshake is complete. */
export const connectionOn = (socket: TLSSocket, leaf: Uint8Array, peerCertificate?: Uint8Array): Connection => ({
	exporter: (label, context) => new Uint8Array(socket.exportKeyingMaterial(nonceSize, label, Buffer.from(context))),
	leaf,
	...(peerCertificate ? {peerCertificate} : {}),
});

const open = new Map<string, Connection>();
let opened = 0;

/**
 * Remembers a connection until its socket closes. gRPC tells a handler only the address and port of its peer, which two
 * connections to different listeners may share; so the socket is given a name of its own, which gRPC takes for the address.
 */
export const rememberConnection = (socket: TLSSocket, connection: Connection): void => {
	opened += 1;
	const peer = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}#${opened}`;
	Object.defineProperties(socket, {remoteAddress: {value: peer}, remotePort: {value: undefined}});
	open.set(peer, connection);
	socket.once('close', () => open.delete(peer));
};

/** The aTLS connection on which a call arrived. Throws RpcError UNAUTHENTICATED when it came another way. */
export const connectionOf = (call: {peer: string}): Connection => {
	const connection = open.get(call.peer);
	if (!connection) throw new RpcError(status.UNAUTHENTICATED, 'this connection is not attested');
	return connection;
};
