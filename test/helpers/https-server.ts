import {once} from 'node:events';
import {createServer as createHttpServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {createServer} from 'node:https';
import {type AddressInfo, connect, type Socket} from 'node:net';
import type {ExecutionContext} from 'ava';
import {createAuthority, generateKeys, issueCertificate} from '../../src/keys/pki.ts';

const day = 1;

/** An authority of our own and a certificate that it gave to `localhost`, or to another name. */
export function serverIdentity(names: readonly string[] = ['localhost'], now = new Date()) {
	const authority = createAuthority({commonName: 'test authority'}, day, now);
	const keys = generateKeys();
	const cert = issueCertificate(authority, {
		subject: {commonName: names[0] ?? 'server'},
		publicKey: keys.publicKey,
		usages: ['serverAuth'],
		names,
		days: day,
		now,
	});
	return {ca: authority.certificate, cert, key: Buffer.from(keys.privateKey.reveal())};
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Files by path, changed by the test as it goes on; a handler answers for itself. */
export type Site = Map<string, Uint8Array | string | Handler>;

export type TestServer = {url: string; host: string; site: Site; asked: string[]; ca: string};

/** A server with real TLS that ends with the test. */
export async function httpsServer(t: ExecutionContext, identity = serverIdentity()): Promise<TestServer> {
	const site: Site = new Map();
	const asked: string[] = [];
	const sockets = new Set<Socket>();
	const server = createServer({cert: identity.cert, key: identity.key}, (request, response) => {
		const path = request.url ?? '';
		asked.push(`${request.method ?? ''} ${path}`);
		const found = site.get(path);
		if (typeof found === 'function') found(request, response);
		else response.writeHead(found === undefined ? 404 : 200).end(found);
	});
	server.on('connection', (socket: Socket) => sockets.add(socket));
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => {
		server.close();
		for (const socket of sockets) socket.destroy();
	});
	const host = `localhost:${(server.address() as AddressInfo).port}`;
	return {url: `https://${host}`, host, site, asked, ca: identity.ca};
}

/** A proxy that only knows CONNECT (RFC 9110 section 9.3.6); `asked` has every target. */
export async function proxyServer(t: ExecutionContext, status = 200): Promise<{url: string; asked: string[]}> {
	const asked: string[] = [];
	const sockets = new Set<Socket>();
	const proxy = createHttpServer((_request, response) => response.writeHead(405).end());
	proxy.on('connect', (request: IncomingMessage, client: Socket) => {
		asked.push(request.url ?? '');
		sockets.add(client);
		client.on('error', () => client.destroy());
		if (status !== 200) {
			client.end(`HTTP/1.1 ${status} no\r\n\r\n`);
			return;
		}
		const upstream = connect(Number((request.url ?? '').split(':').at(-1)), '127.0.0.1', () => {
			client.write('HTTP/1.1 200 OK\r\n\r\n');
			upstream.pipe(client).pipe(upstream);
		});
		sockets.add(upstream);
		upstream.on('error', () => client.destroy());
	});
	proxy.listen(0, '127.0.0.1');
	await once(proxy, 'listening');
	t.teardown(() => {
		proxy.close();
		for (const socket of sockets) socket.destroy();
	});
	return {url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked};
}
