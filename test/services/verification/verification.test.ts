import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {createServer} from 'node:net';
import {ChannelCredentials} from '@grpc/grpc-js';
import test, {type ExecutionContext} from 'ava';
import type {Issuer} from '../../../src/attestation/variant.ts';
import {encodeBase64} from '../../../src/keys/base64.ts';
import {createClient} from '../../../src/rpc/client.ts';
import {API} from '../../../src/rpc/gen/verify_pb.ts';
import {RpcError, status} from '../../../src/rpc/status.ts';
import {main, serveStatements} from '../../../src/services/verification/main.ts';
import {statementUserData} from '../../../src/services/verification/statement.ts';
import {dummyIssuer, dummyValidator} from '../../helpers/dummy-attestation.ts';

const free = {host: '127.0.0.1', port: 0};

const start = async (t: ExecutionContext, issuer: Issuer = dummyIssuer()) => {
	const {grpcPort, httpPort, stop} = await serveStatements(issuer, {grpc: free, http: free});
	const client = createClient(API, `127.0.0.1:${grpcPort}`, ChannelCredentials.createInsecure());
	t.teardown(async () => {
		client.channel.close();
		await stop();
	});
	const get = (path: string, init: RequestInit = {}) =>
		fetch(`http://127.0.0.1:${httpPort}${path}`, {headers: {connection: 'close'}, ...init});
	return {client, get};
};

test('a statement is for the nonce and for verification only, in both forms', async t => {
	const {client, get} = await start(t);
	const nonce = new Uint8Array(32).fill(0xfb);
	const {attestation} = await client.getAttestation({nonce});
	t.notThrows(() => dummyValidator().validate(attestation, nonce, statementUserData));
	t.is(Buffer.from(statementUserData).toString(), 'VerifyService');
	for (const [path, init] of [
		[`/?nonce=${encodeBase64(nonce, 'url')}`, {}],
		[`/any/path?a=b&nonce=${encodeURIComponent(encodeBase64(nonce, 'url'))}`, {method: 'POST', body: 'ignored'}],
	] as const) {
		const response = await get(path, init);
		t.is(response.status, 200);
		t.is(response.headers.get('content-type'), 'application/json');
		const text = await response.text();
		t.true(text.endsWith('}\n'));
		const {data} = JSON.parse(text) as {data: string};
		t.notThrows(() => dummyValidator().validate(Buffer.from(data, 'base64'), nonce, statementUserData));
	}
});

const badQueries = [
	'',
	'?nonce=',
	'?nonce=AAAA',
	`?nonce=${encodeBase64(new Uint8Array(32).fill(0xfb))}`,
	`?nonce=${encodeBase64(new Uint8Array(32), 'url').replace('=', '')}`,
	`?nonce=${encodeBase64(new Uint8Array(33), 'url')}`,
	`?nonce=${encodeBase64(new Uint8Array(32), 'url')}&nonce=${encodeBase64(new Uint8Array(32), 'url')}`,
];

test('nonces that are missing, doubled or not 32 bytes are refused before any quote', async t => {
	const issuer = dummyIssuer();
	const {client, get} = await start(t, issuer);
	for (const query of badQueries) t.is((await get(`/${query}`)).status, 400, query);
	for (const size of [0, 1, 31, 33, 64]) {
		const error = await t.throwsAsync(client.getAttestation({nonce: randomBytes(size)}), {instanceOf: RpcError});
		t.is(error.code, status.INVALID_ARGUMENT, String(size));
	}
	t.is(issuer.issued, 0);
});

test('a TPM that fails is a failure without details', async t => {
	const {client, get} = await start(t, {oid: '1', issue: () => Promise.reject(new Error('canary'))});
	const nonce = new Uint8Array(32);
	const error = await t.throwsAsync(client.getAttestation({nonce}), {instanceOf: RpcError});
	t.is(error.code, status.INTERNAL);
	t.notRegex(error.message, /canary/);
	const response = await get(`/?nonce=${encodeBase64(nonce, 'url')}`);
	t.is(response.status, 500);
	t.notRegex(await response.text(), /canary/);
});

test('when one form cannot be served, neither is', async t => {
	const taken = createServer().listen(0, '127.0.0.1');
	await once(taken, 'listening');
	t.teardown(() => taken.close());
	const address = taken.address();
	const port = typeof address === 'object' && address ? address.port : 0;
	await t.throwsAsync(serveStatements(dummyIssuer(), {grpc: free, http: {host: '127.0.0.1', port}}), {code: 'EADDRINUSE'});
	await t.throwsAsync(main({grpc: free, http: free, variant: 'dummy', tpm: 'x'}));
});
