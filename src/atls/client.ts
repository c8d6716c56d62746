import type {Socket} from 'node:net';
import {connect as connectTls, type TLSSocket} from 'node:tls';
import {CallCredentials, ChannelCredentials} from '@grpc/grpc-js';
import type {Attested, Validator} from '../attestation/variant.ts';
import {type Channel, type ChannelOptions, openChannel} from '../rpc/client.ts';
import type {Secret} from '../secret.ts';
import {type Connection, connectionOn} from './connection.ts';
import {encodeNonce, newNonce} from './nonce.ts';
import {verifyLeaf} from './verify-leaf.ts';

/** A connection whose other end was judged. */
export type AttestedConnection = Connection & {attested: Attested};

export type AtlsClientOptions = {
	/** Judges the evidence of the service. */
	validator: Validator;
	/** Shown to a service that asks for one; PEM. */
	clientCertificate?: {certificate: string; key: Secret};
	/** Milliseconds for the TLS handshake. */
	handshakeTimeout?: number;
};

export type AtlsCredentials = {
	credentials: ChannelCredentials;
	/** Resolves when the service's evidence was accepted; rejects with AttestationRefused or the error of the connection. */
	connection: () => Promise<AttestedConnection>;
};

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/**
 * Channel credentials for exactly one aTLS connection: evidence, exporter and requests belong together, so a second connection
 * is refused. Not one byte of a request is sent before the evidence was accepted.
 */
export const atlsCredentials = (options: AtlsClientOptions): AtlsCredentials => {
	const {promise, resolve, reject} = Promise.withResolvers<AttestedConnection>();
	// Whoever does not ask for the connection hears of a refusal through its call.
	promise.catch(() => undefined);
	let used = false;
	const secure = async (socket: Socket): Promise<TLSSocket> => {
		if (used) throw new Error('an attested connection is not opened twice');
		used = true;
		try {
			const [tlsSocket, connection] = await attestedSocket(socket, options);
			resolve(connection);
			return tlsSocket;
		} catch (error) {
			reject(error);
			throw error;
		}
	};
	return {credentials: new AtlsChannelCredentials(secure), connection: () => promise};
};

class AtlsChannelCredentials extends ChannelCredentials {
	readonly #secure: (socket: Socket) => Promise<TLSSocket>;

	constructor(secure: (socket: Socket) => Promise<TLSSocket>) {
		super();
		this.#secure = secure;
	}

	override _isSecure(): boolean {
		return true;
	}

	override _equals(other: ChannelCredentials): boolean {
		return this === other;
	}

	override _createSecureConnector(_target: unknown, _options: unknown, callCredentials?: CallCredentials): SecureConnector {
		return {
			connect: async socket => ({socket: await this.#secure(socket), secure: true}),
			waitForReady: () => Promise.resolve(),
			getCallCredentials: () => callCredentials ?? CallCredentials.createEmpty(),
			destroy: () => undefined,
		};
	}
}

const attestedSocket = async (socket: Socket, options: AtlsClientOptions): Promise<[TLSSocket, AttestedConnection]> => {
	const nonce = newNonce();
	const tlsSocket = await handshake(socket, encodeNonce(nonce), options);
	try {
		checkFresh(tlsSocket);
		const leaf = tlsSocket.getPeerX509Certificate()?.raw;
		const attested = verifyLeaf(leaf, {validator: options.validator, nonce});
		return [tlsSocket, {...connectionOn(tlsSocket, leaf ?? new Uint8Array()), attested}];
	} catch (error) {
		tlsSocket.destroy();
		throw error;
	}
};

/** A resumed session would skip the certificate. */
const checkFresh = (socket: TLSSocket): void => {
	if (socket.isSessionReused()) throw new Error('the service resumed a session');
};

const handshake = (
	socket: Socket,
	servername: string,
	{clientCertificate, handshakeTimeout = 30_000}: AtlsClientOptions,
): Promise<TLSSocket> =>
	new Promise((resolve, reject) => {
		const tlsSocket = connectTls({
			socket,
			servername,
			ALPNProtocols: ['h2'],
			// Exporters of older versions are not bound to the handshake.
			minVersion: 'TLSv1.3',
			// The peer is judged by its evidence, not by an authority.
			rejectUnauthorized: false,
			...(clientCertificate ? {cert: clientCertificate.certificate, key: Buffer.from(clientCertificate.key.reveal())} : {}),
		});
		const timer = setTimeout(() => {
			tlsSocket.destroy(new Error('the service did not finish the TLS handshake in time'));
		}, handshakeTimeout);
		const failed = (error?: Error) => {
			clearTimeout(timer);
			reject(error ?? new Error('the service closed the connection during the TLS handshake'));
		};
		tlsSocket.on('error', failed);
		tlsSocket.once('close', () => {
			failed();
		});
		tlsSocket.once('secureConnect', () => {
			clearTimeout(timer);
			resolve(tlsSocket);
		});
	});

/** An open channel whose one connection was attested. */
export type AtlsChannel = {channel: Channel; connection: AttestedConnection; close: () => void};

/**
 * Connects to `host:port` and judges the service. Throws AttestationRefused, RpcError UNAVAILABLE when nothing answers, or the
 * signal's reason.
 */
export const openAtls = async (
	address: string,
	options: AtlsClientOptions & ChannelOptions & {signal?: AbortSignal},
): Promise<AtlsChannel> => {
	const {credentials, connection} = atlsCredentials(options);
	const channel = openChannel(address, credentials, options);
	try {
		await connectedOrWhy(channel, connection(), options.signal);
		return {channel, connection: await connection(), close: channel.close};
	} catch (error) {
		channel.close();
		throw error;
	}
};

/** The channel only knows that it could not connect; the connection, if there was one, knows why. */
const connectedOrWhy = async (channel: Channel, connection: Promise<unknown>, signal?: AbortSignal): Promise<void> => {
	try {
		await channel.connect(signal);
	} catch (error) {
		await Promise.race([connection, Promise.reject(error as Error)]);
		throw error;
	}
};
