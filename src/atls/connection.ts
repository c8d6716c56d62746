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

/**
 * Remembers a connection under the name that gRPC gives its peer, until the socket closes. False when the name is taken: then
 * two connections could not be told apart and the new one must go.
 */
export const rememberConnection = (socket: TLSSocket, connection: Connection): boolean => {
	const peer = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`;
	if (open.has(peer)) return false;
	open.set(peer, connection);
	socket.once('close', () => open.delete(peer));
	return true;
};

/** The aTLS connection on which a call arrived. Throws RpcError UNAUTHENTICATED when it came another way. */
export const connectionOf = (call: {peer: string}): Connection => {
	const connection = open.get(call.peer);
	if (!connection) throw new RpcError(status.UNAUTHENTICATED, 'this connection is not attested');
	return connection;
};
