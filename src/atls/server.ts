import {constants} from 'node:crypto';
import {once} from 'node:events';
import {type AddressInfo, createServer as createTcpServer, type Socket} from 'node:net';
import {createSecureContext, createServer as createTlsServer, type SecureContext, type TLSSocket} from 'node:tls';
import {type Server, ServerCredentials} from '@grpc/grpc-js';
import type {Issuer} from '../attestation/variant.ts';
import {toPem} from '../keys/pem.ts';
import {connectionOn, rememberConnection} from './connection.ts';
import {mintLeaf, nonceAuthority} from './leaf.ts';
import {createGate, createQueue, defaultGateLimits, type GateLimits} from './limits.ts';
import {decodeNonce, encodeNonce, newNonce} from './nonce.ts';

export type AtlsLimits = GateLimits & {
	/** Quotes that may wait for the TPM. */
	waitingQuotes: number;
	handshakeMilliseconds: number;
};

export type AtlsServerOptions = {
	/** Makes the evidence in the server's leaf; without it the leaf has none. */
	issuer?: Issuer;
	host: string;
	/** 0 for any free port. */
	port: number;
	/** Ask clients for a certificate. It is not checked here: `connectionOf(call).peerCertificate` has it. */
	requestClientCertificate?: boolean;
	limits?: Partial<AtlsLimits>;
};

export type AtlsServer = {
	port: number;
	/** Stops listening, lets open calls end for `grace` milliseconds, then cuts them off. */
	close: (grace?: number) => Promise<void>;
};

const defaultLimits: AtlsLimits = {...defaultGateLimits, waitingQuotes: 128, handshakeMilliseconds: 15_000};

/**
 * Serves a gRPC server over aTLS: each connection gets its own leaf with evidence for the nonce that its client put into the
 * server name. TLS 1.3 only, no resumption. A connection without a nonce, or with anything but the base64 of 32 bytes, ends
 * with an alert before any quote is made. Throws when the address cannot be bound.
 */
export const serveAtls = async (server: Server, options: AtlsServerOptions): Promise<AtlsServer> => {
	const limits = {...defaultLimits, ...options.limits};
	const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
	const tls = createTlsServer({
		ALPNProtocols: ['h2'],
		minVersion: 'TLSv1.3',
		// Here and not on the context that SNICallback gives, where it would come too late.
		secureOptions: constants.SSL_OP_NO_TICKET,
		requestCert: options.requestClientCertificate === true,
		rejectUnauthorized: false,
		handshakeTimeout: limits.handshakeMilliseconds,
		SNICallback: nonceCallback(options, limits),
	});
	const gate = createGate(limits);
	const handshakes = new Map<string, () => void>();
	tls.on('secureConnection', socket => {
		handshakes.get(nameOf(socket))?.();
		// gRPC hears of a broken connection when it closes.
		socket.on('error', () => undefined);
		const leaf = socket.getX509Certificate()?.raw;
		if (!isFresh(socket) || !leaf) {
			socket.destroy();
			return;
		}
		rememberConnection(socket, connectionOn(socket, leaf, socket.getPeerX509Certificate()?.raw));
		injector.injectConnection(socket);
	});
	// A failed handshake is the client's affair; Node closes its socket.
	tls.on('tlsClientError', () => undefined);
	const sockets = new Set<Socket>();
	const tcp = createTcpServer(socket => {
		const leave = gate.enter(socket.remoteAddress ?? '');
		if (!leave) {
			socket.destroy();
			return;
		}
		const name = nameOf(socket);
		handshakes.set(name, leave);
		sockets.add(socket);
		socket.on('error', () => undefined);
		socket.once('close', () => {
			leave();
			handshakes.delete(name);
			sockets.delete(socket);
		});
		tls.emit('connection', socket);
	});
	tcp.listen(options.port, options.host);
	await once(tcp, 'listening');
	const close = async (grace: number): Promise<void> => {
		injector.drain(grace);
		const closed = once(tcp, 'close');
		tcp.close();
		const cut = setTimeout(() => {
			for (const socket of sockets) socket.destroy();
		}, grace);
		await closed;
		clearTimeout(cut);
		injector.destroy();
	};
	let closing: Promise<void> | undefined;
	return {
		port: (tcp.address() as AddressInfo).port,
		close: (grace = 0) => {
			closing ??= close(grace);
			return closing;
		},
	};
};

const nameOf = (socket: Socket): string => `${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`;

type SniCallback = (serverName: string, done: (error: Error | null, context?: SecureContext) => void) => void;

/** Without a context the handshake goes on with the server's own, which has no certificate, and so ends with an alert. */
const nonceCallback = (options: AtlsServerOptions, limits: AtlsLimits): SniCallback => {
	const queue = createQueue(limits.waitingQuotes);
	return (serverName, done) => {
		const nonce = decodeNonce(serverName);
		if (!nonce) {
			done(null);
			return;
		}
		queue(() => contextFor(options, nonce)).then(
			context => {
				done(null, context);
			},
			() => {
				// No evidence, no handshake; why is between the issuer and its log.
				done(null);
			},
		);
	};
};

const contextFor = async (options: AtlsServerOptions, nonce: Uint8Array): Promise<SecureContext> => {
	const leaf = await mintLeaf(options.issuer, nonce);
	const cert = toPem('CERTIFICATE', leaf.certificate);
	return createSecureContext({
		key: leaf.key.export({format: 'pem', type: 'pkcs8'}),
		cert,
		ca: options.requestClientCertificate ? nonceAuthority(leaf, encodeNonce(newNonce())) : cert,
		minVersion: 'TLSv1.3',
	});
};

/** A resumed session would skip certificate and nonce. */
const isFresh = (socket: TLSSocket): boolean =>
	!socket.isSessionReused() && socket.getProtocol() === 'TLSv1.3' && socket.alpnProtocol === 'h2';
