import {mkdtempSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {create, type DescMessage, fromBinary, fromJson, type JsonValue, toBinary} from '@bufbuild/protobuf';
import {ChannelCredentials, type Server} from '@grpc/grpc-js';
import test from 'ava';
import {AppError} from '../../src/errors.ts';
import {clientOn, createClient, openChannel} from '../../src/rpc/client.ts';
import * as connectionProto from '../../src/rpc/gen/connection_pb.ts';
import * as initProto from '../../src/rpc/gen/init_pb.ts';
import * as joinProto from '../../src/rpc/gen/join_pb.ts';
import * as kmsProto from '../../src/rpc/gen/kms_pb.ts';
import * as recoverProto from '../../src/rpc/gen/recoverproto_pb.ts';
import * as upgradeProto from '../../src/rpc/gen/upgrade_pb.ts';
import * as verifyProto from '../../src/rpc/gen/verify_pb.ts';
import {addService, createServer, listenPlain} from '../../src/rpc/server.ts';
import {RpcError, rpcFailure, status, toRpcError} from '../../src/rpc/status.ts';
import type {CallContext, Handlers} from '../../src/rpc/types.ts';

type Vector = {id: string; message: string; method: string; direction: string; fields: JsonValue; wireHex: string};
const {cases} = JSON.parse(readFileSync(new URL('../fixtures/wire/protobuf.json', import.meta.url), 'utf8')) as {cases: Vector[]};

const files = [
	initProto.file_init,
	joinProto.file_join,
	kmsProto.file_kms,
	verifyProto.file_verify,
	recoverProto.file_recoverproto,
	upgradeProto.file_upgrade,
];
const messages = new Map<string, DescMessage>(files.flatMap(file => file.messages.map(message => [message.typeName, message])));
const methods = new Set(
	files.flatMap(file => file.services.flatMap(service => service.methods.map(method => `/${service.typeName}/${method.name}`))),
);

for (const vector of cases) {
	test(`protobuf as v2.9 sends it: ${vector.id}`, t => {
		const message = messages.get(vector.message);
		if (!message) throw new Error(`no message ${vector.message}`);
		t.true(methods.has(vector.method), vector.method);
		const wire = new Uint8Array(Buffer.from(vector.wireHex, 'hex'));
		const value = fromJson(message, vector.fields);
		t.is(Buffer.from(toBinary(message, value)).toString('hex'), vector.wireHex);
		t.deepEqual(fromBinary(message, wire), value);
	});
}

type Kms = Handlers<(typeof kmsProto.API)['method']>;
const plain = ChannelCredentials.createInsecure();

const serveKms = async (getDataKey: Kms['getDataKey'], failures: unknown[] = []) => {
	const server = createServer({maxMessageBytes: 1024});
	addService(server, kmsProto.API, {getDataKey}, (_method, error) => failures.push(error));
	const socket = join(mkdtempSync(join(tmpdir(), 'rpc-')), 's');
	await listenPlain(server, `unix:${socket}`);
	return {server, address: `unix:${socket}`};
};

const stop = (server: Server, ...closers: (() => void)[]) => {
	for (const close of closers) close();
	server.forceShutdown();
};

test('a unary call goes there and back', async t => {
	const {server, address} = await serveKms(request => {
		return Promise.resolve({dataKey: Buffer.from(`${request.dataKeyId} ${request.length}`)});
	});
	const client = createClient(kmsProto.API, address, plain);
	t.teardown(() => {
		stop(server, client.channel.close);
	});
	await client.channel.connect();
	const answer = await client.getDataKey({dataKeyId: 'x', length: 32}, {timeout: 5000});
	t.is(Buffer.from(answer.dataKey).toString(), 'x 32');
});

test('an RpcError is the answer, any other error is INTERNAL without its text', async t => {
	const failures: unknown[] = [];
	const {server, address} = await serveKms(request => {
		if (request.length === 0) throw new RpcError(status.INVALID_ARGUMENT, 'no length');
		return Promise.reject(new Error('canary'));
	}, failures);
	const client = createClient(kmsProto.API, address, plain);
	t.teardown(() => {
		stop(server, client.channel.close);
	});
	const refused = await t.throwsAsync(client.getDataKey({}), {instanceOf: RpcError});
	t.is(refused.code, status.INVALID_ARGUMENT);
	t.is(refused.message, 'no length');
	t.deepEqual(failures, []);
	const failed = await t.throwsAsync(client.getDataKey({length: 1}), {instanceOf: RpcError});
	t.is(failed.code, status.INTERNAL);
	t.notRegex(String(failed), /canary/);
	t.is(failures.length, 1);
});

test('a request over the limit, a passed deadline and an abort each end the call', async t => {
	const aborted: unknown[] = [];
	const {server, address} = await serveKms(async (_request, context: CallContext) => {
		await new Promise(resolve => {
			context.signal.addEventListener('abort', resolve, {once: true});
		});
		aborted.push(context.signal.reason);
		return {};
	});
	const client = createClient(kmsProto.API, address, plain);
	t.teardown(() => {
		stop(server, client.channel.close);
	});
	const big = await t.throwsAsync(client.getDataKey({dataKeyId: 'x'.repeat(2000)}), {instanceOf: RpcError});
	t.is(big.code, status.RESOURCE_EXHAUSTED);
	const late = await t.throwsAsync(client.getDataKey({}, {timeout: 50}), {instanceOf: RpcError});
	t.is(late.code, status.DEADLINE_EXCEEDED);
	const controller = new AbortController();
	const call = client.getDataKey({}, {signal: controller.signal});
	controller.abort(new Error('enough'));
	await t.throwsAsync(call, {message: 'enough'});
	await t.throwsAsync(client.getDataKey({}, {signal: controller.signal}), {message: 'enough'});
	const second = new AbortController();
	const open = client.getDataKey({}, {signal: second.signal});
	await client.channel.connect();
	second.abort(new Error('later'));
	await t.throwsAsync(open, {message: 'later'});
});

const joinHandlers = (watchJoins: Handlers<(typeof joinProto.API)['method']>['watchJoins']) => ({
	issueJoinTicket: () => Promise.reject(new RpcError(status.UNIMPLEMENTED, 'not here')),
	issueRejoinTicket: () => Promise.reject(new RpcError(status.UNIMPLEMENTED, 'not here')),
	watchJoins,
});

test('a stream keeps its order, waits for a slow reader and ends when the reader leaves', async t => {
	const server = createServer();
	let left: () => void = () => {};
	const gone = new Promise<void>(resolve => {
		left = resolve;
	});
	let produced = 0;
	addService(
		server,
		joinProto.API,
		joinHandlers(async function* (_request, context) {
			try {
				await Promise.resolve();
				for (let index = 0; ; index += 1) {
					context.signal.throwIfAborted();
					produced = index;
					yield {cursor: String(index).padStart(10_000, '0')};
				}
			} finally {
				left();
			}
		}),
	);
	const port = await listenPlain(server, '127.0.0.1:0');
	const client = createClient(joinProto.API, `127.0.0.1:${port}`, plain);
	t.teardown(() => {
		stop(server, client.channel.close);
	});
	let seen = 0;
	for await (const {cursor} of client.watchJoins({})) {
		t.is(Number(cursor), seen);
		seen += 1;
		if (seen === 20) break;
	}
	await gone;
	t.true(produced < 5000, `the server ran ahead to ${produced}`);
});

test('a stream ends with the status of its handler, or with the reason of an abort', async t => {
	const server = createServer();
	addService(
		server,
		joinProto.API,
		joinHandlers(async function* (request, context) {
			yield {cursor: 'first'};
			if (request.cursor === 'fail') throw new RpcError(status.PERMISSION_DENIED, 'not you');
			await new Promise(resolve => {
				context.signal.addEventListener('abort', resolve, {once: true});
			});
		}),
	);
	const port = await listenPlain(server, '127.0.0.1:0');
	const channel = openChannel(`127.0.0.1:${port}`, plain);
	t.teardown(() => {
		stop(server, channel.close);
	});
	const client = clientOn(channel, joinProto.API);
	const read = async (cursor: string, signal?: AbortSignal, on: () => void = () => {}) => {
		for await (const {cursor: seen} of client.watchJoins({cursor}, signal ? {signal} : {})) if (seen) on();
	};
	const denied = await t.throwsAsync(read('fail'), {instanceOf: RpcError});
	t.is(denied.code, status.PERMISSION_DENIED);
	const controller = new AbortController();
	await t.throwsAsync(
		read('wait', controller.signal, () => {
			controller.abort(new Error('enough'));
		}),
		{message: 'enough'},
	);
});

test('nobody there is UNAVAILABLE at once', async t => {
	const channel = openChannel('127.0.0.1:1', plain);
	t.teardown(channel.close);
	const error = await t.throwsAsync(channel.connect(), {instanceOf: RpcError});
	t.is(error.code, status.UNAVAILABLE);
	await t.throwsAsync(channel.connect(AbortSignal.abort(new Error('no'))), {message: 'no'});
	const client = clientOn(channel, connectionProto.API);
	t.is((await t.throwsAsync(client.attest({}), {instanceOf: RpcError})).code, status.UNAVAILABLE);
});

test('statuses become errors with an exit code and a next step', t => {
	const failure = rpcFailure(new RpcError(status.UNAVAILABLE, 'x'), 'watch the nodes');
	t.is(failure.exitCode, 7);
	t.regex(failure.message, /^Could not watch the nodes/);
	t.true(failure.next.length > 0);
	const wrapped = 'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ';
	const named = rpcFailure(new RpcError(status.UNAVAILABLE, wrapped), 'ask', 'Check the address');
	t.deepEqual([named.message, named.next], ['Could not ask: connect ECONNREFUSED 127.0.0.1:1', ['Check the address']]);
	t.notDeepEqual(rpcFailure(new RpcError(status.DATA_LOSS, ''), 'x', 'Check the address').next, ['Check the address']);
	t.is(rpcFailure(new RpcError(status.CANCELLED, ''), 'x').exitCode, 130);
	t.is(rpcFailure(new RpcError(status.DATA_LOSS, ''), 'x').code, 'rpc-failed');
	const own = new AppError('x', {code: 'y', exitCode: 3});
	t.is(rpcFailure(own, 'x'), own);
	t.is(toRpcError('x').code, status.UNKNOWN);
	t.is(toRpcError(Object.assign(new Error('5 X: y'), {code: 5, details: 'y'})).message, 'y');
	t.is(create(kmsProto.GetDataKeyRequestSchema).length, 0);
});
