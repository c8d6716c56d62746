import {once} from 'node:events';
import {type AddressInfo, connect as connectTcp, createServer as createTcpServer} from 'node:net';
import {type ConnectionOptions, connect, createServer as createTlsServer, type TLSSocket} from 'node:tls';
import type {ExecutionContext} from 'ava';
import test from 'ava';
import {attestHandlers, confirmAttestation} from '../../src/atls/attest.ts';
import {attestUserData, connectionNonce, exporterLabels, joinUserData} from '../../src/atls/binding.ts';
import {atlsCredentials, openAtls} from '../../src/atls/client.ts';
import {type Connection, connectionOf} from '../../src/atls/connection.ts';
import {mintLeaf} from '../../src/atls/leaf.ts';
import {createGate, createQueue} from '../../src/atls/limits.ts';
import {encodeNonce, newNonce} from '../../src/atls/nonce.ts';
import {type AtlsServerOptions, serveAtls} from '../../src/atls/server.ts';
import {verifyLeaf} from '../../src/atls/verify-leaf.ts';
import {AttestationRefused} from '../../src/attestation/findings.ts';
import type {Issuer} from '../../src/attestation/variant.ts';
import {toPem} from '../../src/keys/pem.ts';
import {createAuthority, generateKeys, issueCertificate} from '../../src/keys/pki.ts';
import {clientOn} from '../../src/rpc/client.ts';
import {API as ConnectionApi} from '../../src/rpc/gen/connection_pb.ts';
import {API as KmsApi} from '../../src/rpc/gen/kms_pb.ts';
import {addService, createServer, listenPlain} from '../../src/rpc/server.ts';
import {RpcError, status} from '../../src/rpc/status.ts';
import {dummyIssuer, dummyValidator} from '../helpers/dummy-attestation.ts';

const host = '127.0.0.1';
const validator = dummyValidator();

type Served = {address: string; port: number; connections: Connection[]; close(grace?: number): Promise<void>};

const serve = async (t: ExecutionContext, options: Partial<AtlsServerOptions> = {}, issuer?: Issuer): Promise<Served> => {
	const server = createServer();
	const connections: Connection[] = [];
	addService(server, KmsApi, {
		getDataKey: (_request, context) => {
			connections.push(connectionOf(context));
			return Promise.resolve({dataKey: Buffer.from('key')});
		},
	});
	const node = issuer ?? dummyIssuer();
	addService(server, ConnectionApi, attestHandlers(node, 'control-plane'));
	const front = await serveAtls(server, {host, port: 0, issuer: node, ...options});
	let closed = false;
	const close = async (grace?: number) => {
		closed = true;
		await front.close(grace);
	};
	t.teardown(async () => {
		if (!closed) await front.close();
		server.forceShutdown();
	});
	return {address: `${host}:${front.port}`, port: front.port, connections, close};
};

/** What a bare TLS client sees: a working connection, or the code of the error. */
const handshake = async (port: number, options: ConnectionOptions): Promise<{socket?: TLSSocket; code?: string}> => {
	const socket = connect({host, port, ALPNProtocols: ['h2'], rejectUnauthorized: false, ...options});
	return new Promise(resolve => {
		socket.once('secureConnect', () => {
			resolve({socket});
		});
		socket.once('error', (error: NodeJS.ErrnoException) => {
			resolve({code: error.code ?? error.message});
		});
		socket.once('close', () => {
			resolve({code: 'closed'});
		});
	});
};

test('client and server share connection, leaf and exporter', async t => {
	const served = await serve(t);
	const atls = await openAtls(served.address, {validator});
	t.teardown(atls.close);
	await clientOn(atls.channel, KmsApi).getDataKey({});
	const [connection] = served.connections;
	t.truthy(connection);
	if (!connection) return;
	t.deepEqual(new Uint8Array(connection.leaf), new Uint8Array(atls.connection.leaf));
	t.deepEqual(connectionNonce(connection, exporterLabels.join), connectionNonce(atls.connection, exporterLabels.join));
	t.notDeepEqual(connectionNonce(connection, exporterLabels.join), connectionNonce(connection, exporterLabels.attest));
	t.is(connection.peerCertificate, undefined);
});

test('every connection has its own leaf, nonce and exporter', async t => {
	const issuer = dummyIssuer();
	const served = await serve(t, {}, issuer);
	const first = await openAtls(served.address, {validator});
	const second = await openAtls(served.address, {validator});
	t.teardown(first.close);
	t.teardown(second.close);
	t.is(issuer.issued, 2);
	t.notDeepEqual(first.connection.leaf, second.connection.leaf);
	t.notDeepEqual(connectionNonce(first.connection, exporterLabels.join), connectionNonce(second.connection, exporterLabels.join));
});

test('many clients at once each find their own connection', async t => {
	const served = await serve(t);
	const clients = await Promise.all(Array.from({length: 12}, () => openAtls(served.address, {validator})));
	for (const {close} of clients) t.teardown(close);
	const confirmed = await Promise.all(
		clients.map(({channel, connection}) => confirmAttestation(channel, connection, {validator, role: 'control-plane'})),
	);
	t.is(confirmed.length, 12);
});

const refusedNames: [string, ConnectionOptions][] = [
	['no server name', {}],
	['a host name', {servername: 'localhost'}],
	['base64 of 31 bytes', {servername: Buffer.alloc(31, 1).toString('base64')}],
	['base64 of 33 bytes', {servername: Buffer.alloc(33, 1).toString('base64')}],
	['the URL alphabet', {servername: Buffer.alloc(32, 255).toString('base64url')}],
	['no padding', {servername: Buffer.alloc(32, 1).toString('base64').replace('=', '')}],
	['spare bits', {servername: Buffer.alloc(32).toString('base64').replace('A=', 'B=')}],
	['a long name', {servername: 'A'.repeat(255)}],
	['TLS 1.2', {servername: encodeNonce(newNonce()), maxVersion: 'TLSv1.2'}],
	['another protocol than h2', {servername: encodeNonce(newNonce()), ALPNProtocols: ['http/1.1']}],
];

for (const [name, options] of refusedNames) {
	test(`the handshake ends with an alert, without a quote: ${name}`, async t => {
		const issuer = dummyIssuer();
		const served = await serve(t, {}, issuer);
		const {socket, code} = await handshake(served.port, options);
		socket?.destroy();
		t.regex(code ?? 'connected', /ERR_SSL_|EPROTO/);
		if (!/protocol than/.test(name)) t.is(issuer.issued, 0);
	});
}

test('a client without ALPN is cut off', async t => {
	const served = await serve(t);
	const socket = connect({host, port: served.port, servername: encodeNonce(newNonce()), rejectUnauthorized: false});
	socket.on('error', () => undefined);
	await once(socket, 'close');
	t.deepEqual(served.connections, []);
});

test('no session is resumed, with the same or another nonce', async t => {
	const issuer = dummyIssuer();
	const served = await serve(t, {}, issuer);
	const nonce = encodeNonce(newNonce());
	const sessions: Buffer[] = [];
	const first = connect({host, port: served.port, servername: nonce, ALPNProtocols: ['h2'], rejectUnauthorized: false});
	first.on('session', session => sessions.push(session));
	await once(first, 'secureConnect');
	const own = first.getSession();
	if (own) sessions.push(own);
	first.on('error', () => undefined);
	first.resume();
	first.end();
	await once(first, 'close');
	t.true(sessions.length > 0);
	for (const session of sessions) {
		for (const servername of [nonce, encodeNonce(newNonce())]) {
			const {socket, code} = await handshake(served.port, {servername, session});
			t.is(socket?.isSessionReused() ?? false, false, code);
			socket?.destroy();
		}
	}
	t.is(issuer.issued, 1 + 2 * sessions.length);
});

/** A service that speaks TLS with a leaf of its own choice and counts what it is sent after the handshake. */
const fakeService = async (t: ExecutionContext, leafFor: (nonce: Uint8Array) => ReturnType<typeof mintLeaf>, tls = {}) => {
	let received = 0;
	const pending = new Set<TLSSocket>();
	const tcp = createTcpServer(socket => {
		socket.once('data', (hello: Buffer) => {
			// The nonce stands in the clear in the ClientHello.
			const name = /[A-Za-z0-9+/]{43}=/.exec(hello.toString('latin1'))?.[0] ?? '';
			void leafFor(new Uint8Array(Buffer.from(name, 'base64'))).then(leaf => {
				const server = createTlsServer(
					{
						ALPNProtocols: ['h2'],
						cert: toPem('CERTIFICATE', leaf.certificate),
						key: leaf.key.export({format: 'pem', type: 'pkcs8'}),
						...tls,
					},
					secure => {
						pending.add(secure);
						secure.on('error', () => undefined);
						secure.on('data', chunk => {
							received += (chunk as Buffer).length;
						});
					},
				);
				server.on('tlsClientError', () => undefined);
				socket.unshift(hello);
				server.emit('connection', socket);
			});
			socket.pause();
		});
		socket.on('error', () => undefined);
	}).listen(0, host);
	await once(tcp, 'listening');
	t.teardown(() => {
		for (const socket of pending) socket.destroy();
		tcp.close();
	});
	return {address: `${host}:${(tcp.address() as AddressInfo).port}`, received: () => received};
};

const fakes: [string, (nonce: Uint8Array) => ReturnType<typeof mintLeaf>, object][] = [
	['evidence for another nonce', () => mintLeaf(dummyIssuer(), newNonce()), {}],
	['no evidence', nonce => mintLeaf(undefined, nonce), {}],
	['evidence under another variant', nonce => mintLeaf({...dummyIssuer(), oid: '1.3.9900.5.1'}, nonce), {}],
	[
		'evidence for another key, as a relay has it',
		nonce =>
			mintLeaf(
				{
					oid: dummyIssuer().oid,
					issue: (_own, given) => dummyIssuer().issue(new Uint8Array(32).fill(7), given),
				},
				nonce,
			),
		{},
	],
	['TLS 1.2', nonce => mintLeaf(dummyIssuer(), nonce), {maxVersion: 'TLSv1.2'}],
];

for (const [name, leafFor, tls] of fakes) {
	test(`a fake service gets no application byte: ${name}`, async t => {
		const fake = await fakeService(t, leafFor, tls);
		const error = await t.throwsAsync(openAtls(fake.address, {validator, handshakeTimeout: 5000}));
		if (name !== 'TLS 1.2') t.true(error instanceof AttestationRefused, String(error));
		t.is(fake.received(), 0);
	});
}

test('the same fake with honest evidence is accepted, so the fakes above fail for their evidence', async t => {
	const fake = await fakeService(t, nonce => mintLeaf(dummyIssuer(), nonce));
	const {credentials, connection} = atlsCredentials({validator});
	const [address, port] = fake.address.split(':');
	const socket = connectTcp(Number(port), address);
	await once(socket, 'connect');
	const connector = credentials._createSecureConnector({path: fake.address}, {});
	const {socket: secure} = await connector.connect(socket);
	t.teardown(() => secure.destroy());
	t.truthy((await connection()).attested);
	await t.throwsAsync(connector.connect(socket), {message: /not opened twice/});
});

test('repeated evidence is bound to connection, leaf, role and key', async t => {
	const served = await serve(t, {}, dummyIssuer('same-key'));
	const {channel, connection, close} = await openAtls(served.address, {validator});
	const other = await openAtls(served.address, {validator});
	t.teardown(close);
	t.teardown(other.close);
	const expected = {validator, role: 'control-plane'} as const;
	t.is((await confirmAttestation(channel, connection, expected)).attestationKey, 'same-key');
	const refused = (name: string, changed: () => Promise<unknown>) =>
		t.throwsAsync(changed(), {instanceOf: AttestationRefused}, name);
	await refused('another connection', () => confirmAttestation(channel, other.connection, expected));
	await refused('another leaf', () => confirmAttestation(channel, {...connection, leaf: other.connection.leaf}, expected));
	await refused('another role', () => confirmAttestation(channel, connection, {validator, role: 'worker'}));
	await refused('another enrolled role', () =>
		confirmAttestation(channel, connection, {validator: dummyValidator(undefined, 'worker'), role: 'control-plane'}),
	);
	await refused('another key', () =>
		confirmAttestation(channel, {...connection, attested: {...connection.attested, attestationKey: 'other'}}, expected),
	);
});

test('evidence is answered on attested connections only', async t => {
	const server = createServer();
	addService(server, ConnectionApi, attestHandlers(dummyIssuer(), 'worker'));
	const port = await listenPlain(server, `${host}:0`);
	t.teardown(() => {
		server.forceShutdown();
	});
	const error = await t.throwsAsync(openAtls(`${host}:${port}`, {validator, handshakeTimeout: 3000}));
	t.false(error instanceof AttestationRefused);
	t.throws(() => connectionOf({peer: '127.0.0.1:1'}), {instanceOf: RpcError});
});

test('a client certificate arrives unchecked', async t => {
	const served = await serve(t, {requestClientCertificate: true});
	const keys = generateKeys();
	const certificate = issueCertificate(createAuthority({commonName: 'ca'}), {
		subject: {commonName: 'admin'},
		publicKey: keys.publicKey,
		usages: ['clientAuth'],
		days: 1,
	});
	const atls = await openAtls(served.address, {validator, clientCertificate: {certificate, key: keys.privateKey}});
	t.teardown(atls.close);
	await clientOn(atls.channel, KmsApi).getDataKey({});
	t.is(toPem('CERTIFICATE', served.connections[0]?.peerCertificate ?? new Uint8Array()), certificate);
	const without = await openAtls(served.address, {validator});
	t.teardown(without.close);
	await clientOn(without.channel, KmsApi).getDataKey({});
	t.is(served.connections[1]?.peerCertificate, undefined);
});

test('a failing TPM ends the handshake, and the next one works', async t => {
	const good = dummyIssuer();
	let broken = true;
	const served = await serve(
		t,
		{},
		{
			oid: good.oid,
			issue: (userData, nonce) => (broken ? Promise.reject(new Error('TPM gone')) : good.issue(userData, nonce)),
		},
	);
	await t.throwsAsync(openAtls(served.address, {validator}));
	broken = false;
	const atls = await openAtls(served.address, {validator});
	t.teardown(atls.close);
	t.pass();
});

test('handshakes over the cap are closed before any quote is made', async t => {
	const issuer = dummyIssuer();
	const served = await serve(t, {limits: {perSource: 2, total: 2}}, issuer);
	const idle = [connectTcp(served.port, host), connectTcp(served.port, host)];
	for (const socket of idle) {
		socket.on('error', () => undefined);
		await once(socket, 'connect');
	}
	const {code} = await handshake(served.port, {servername: encodeNonce(newNonce())});
	t.regex(code ?? 'connected', /ECONNRESET|closed/);
	t.is(issuer.issued, 0);
	for (const socket of idle) {
		socket.destroy();
		await once(socket, 'close');
	}
	const atls = await openAtls(served.address, {validator});
	t.teardown(atls.close);
	t.is(issuer.issued, 1);
});

test('closing lets an open call end within its grace', async t => {
	const served = await serve(t);
	const atls = await openAtls(served.address, {validator});
	t.teardown(atls.close);
	const call = clientOn(atls.channel, KmsApi).getDataKey({});
	await call;
	await served.close(2000);
	const error = await t.throwsAsync(openAtls(served.address, {validator}), {instanceOf: RpcError});
	t.is(error.code, status.UNAVAILABLE);
});

test('an address that is taken is an error', async t => {
	const served = await serve(t);
	await t.throwsAsync(serveAtls(createServer(), {host, port: served.port}), {code: 'EADDRINUSE'});
});

test('the gate counts by source and lets them in again', t => {
	let now = 0;
	const gate = createGate({perSource: 2, total: 3, perSecond: 1, burst: 4}, () => now);
	const enter = (address: string) => gate.enter(address);
	const first = enter('10.0.0.1');
	t.truthy(first);
	t.truthy(enter('::ffff:10.0.0.1'));
	t.is(enter('10.0.0.1'), undefined);
	t.truthy(enter('2001:db8::1'));
	t.is(enter('10.0.0.9'), undefined, 'the total is reached');
	first?.();
	first?.();
	const again = enter('10.0.0.1');
	t.truthy(again, 'one went');
	again?.();
	enter('10.0.0.1')?.();
	t.is(enter('10.0.0.1'), undefined, 'the rate is used up');
	now = 5000;
	t.truthy(enter('10.0.0.1'));
});

test('the gate forgets sources, not those under way', t => {
	const gate = createGate({perSource: 1, total: 100_000, perSecond: 0, burst: 1});
	t.truthy(gate.enter('10.0.0.1'));
	for (let index = 0; index < 10_000; index += 1) gate.enter(`11.${index >> 16}.${(index >> 8) & 255}.${index & 255}`)?.();
	t.is(gate.enter('10.0.0.1'), undefined);
	t.truthy(gate.enter('11.0.0.0'), 'was forgotten');
});

test('the queue is in order and bounded, and a failure does not stop it', async t => {
	const queue = createQueue(2);
	const order: number[] = [];
	const gate = Promise.withResolvers<undefined>();
	const first = queue(async () => {
		await gate.promise;
		order.push(1);
		throw new Error('first');
	});
	const second = queue(() => Promise.resolve(order.push(2)));
	await t.throwsAsync(
		queue(() => Promise.resolve(3)),
		{message: /too many/},
	);
	gate.resolve(undefined);
	await t.throwsAsync(first, {message: 'first'});
	await second;
	t.deepEqual(order, [1, 2]);
	t.is(await queue(() => Promise.resolve(4)), 4);
});

test('the bindings change with each of their parts', t => {
	const base = {method: 'IssueJoinTicket', diskUuid: 'a', role: 'worker', certificateRequest: Uint8Array.of(1)} as const;
	const digests = [
		joinUserData(base),
		joinUserData({...base, method: 'IssueRejoinTicket'}),
		joinUserData({...base, diskUuid: 'b'}),
		joinUserData({...base, role: 'control-plane'}),
		joinUserData({...base, certificateRequest: Uint8Array.of(2)}),
		joinUserData({method: 'IssueRejoinTicket', diskUuid: 'a'}),
		attestUserData('worker', Uint8Array.of(1)),
		attestUserData('control-plane', Uint8Array.of(1)),
		attestUserData('worker', Uint8Array.of(2)),
	].map(digest => Buffer.from(digest).toString('hex'));
	t.is(new Set(digests).size, digests.length);
	t.true(digests.every(digest => digest.length === 64));
	const echo = (leaf: number) => ({
		exporter: (label: string, context: Uint8Array) => Buffer.from([...Buffer.from(label), ...context]),
		leaf: Uint8Array.of(leaf),
	});
	t.notDeepEqual(connectionNonce(echo(1), exporterLabels.join), connectionNonce(echo(2), exporterLabels.join));
	t.notDeepEqual(connectionNonce(echo(1), exporterLabels.join), connectionNonce(echo(1), exporterLabels.attest));
	t.throws(() => verifyLeaf(undefined, {validator, nonce: newNonce()}), {instanceOf: AttestationRefused});
});
