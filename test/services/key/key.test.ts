import {mkdtemp, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ChannelCredentials} from '@grpc/grpc-js';
import test, {type ExecutionContext} from 'ava';
import {encodeBase64} from '../../../src/keys/base64.ts';
import {dataKey} from '../../../src/keys/derive.ts';
import {generateMasterSecret} from '../../../src/keys/master-secret.ts';
import {createClient} from '../../../src/rpc/client.ts';
import {API} from '../../../src/rpc/gen/kms_pb.ts';
import {RpcError, status} from '../../../src/rpc/status.ts';
import {main} from '../../../src/services/key/main.ts';

const uuid = '71521480-b0fb-4f7b-807e-bd476f12fc0c';
const master = generateMasterSecret();
const masterSecret = {key: encodeBase64(master.key.reveal()), salt: encodeBase64(master.salt.reveal())};

const start = async (t: ExecutionContext) => {
	const folder = await mkdtemp(join(tmpdir(), 'key-'));
	const sockets = {join: join(folder, 'run', 'join.sock'), storage: join(folder, 'run', 'storage.sock')};
	const stop = await main({masterSecret, sockets});
	t.teardown(async () => {
		await stop();
		await rm(folder, {recursive: true, force: true});
	});
	const clientAt = (socket: string) => {
		const client = createClient(API, `unix:${socket}`, ChannelCredentials.createInsecure());
		t.teardown(client.channel.close);
		return client;
	};
	return {folder, sockets, stop, join: clientAt(sockets.join), storage: clientAt(sockets.storage)};
};

test('each caller gets its own keys, and no others', async t => {
	const {join: joinCaller, storage} = await start(t);
	for (const [client, dataKeyId] of [
		[joinCaller, 'measurementSecret'],
		[joinCaller, uuid],
		[storage, 'store'],
	] as const) {
		const {dataKey: key} = await client.getDataKey({dataKeyId, length: 32});
		t.deepEqual(new Uint8Array(key), dataKey(master, dataKeyId, 32), dataKeyId);
	}
	for (const [client, dataKeyId] of [
		[joinCaller, 'store'],
		[joinCaller, uuid.toUpperCase()],
		[joinCaller, `${uuid}x`],
		[storage, 'measurementSecret'],
		[storage, uuid],
	] as const) {
		const error = await t.throwsAsync(client.getDataKey({dataKeyId, length: 32}), {instanceOf: RpcError});
		t.is(error.code, status.PERMISSION_DENIED, dataKeyId);
	}
});

const malformed: [string, {dataKeyId: string; length: number}][] = [
	['no length', {dataKeyId: uuid, length: 0}],
	['more than can be derived', {dataKeyId: uuid, length: 8161}],
	['the biggest number', {dataKeyId: uuid, length: 0xffffffff}],
	['a part of a key', {dataKeyId: uuid, length: 16}],
	['no id', {dataKeyId: '', length: 32}],
];

test('requests that cannot be right are invalid arguments', async t => {
	const {join: client} = await start(t);
	for (const [name, request] of malformed) {
		const error = await t.throwsAsync(client.getDataKey(request), {instanceOf: RpcError}, name);
		t.is(error.code, status.INVALID_ARGUMENT, name);
	}
});

test('the sockets are for this user only, and one left behind is replaced', async t => {
	const {sockets, stop} = await start(t);
	for (const path of Object.values(sockets)) t.is((await stat(path)).mode & 0o777, 0o600);
	t.is((await stat(join(sockets.join, '..'))).mode & 0o777, 0o700);
	await stop();
	const again = await main({masterSecret, sockets});
	t.teardown(again);
	const client = createClient(API, `unix:${sockets.join}`, ChannelCredentials.createInsecure());
	t.teardown(client.channel.close);
	t.is((await client.getDataKey({dataKeyId: uuid, length: 32})).dataKey.length, 32);
	t.is((await stat(sockets.join)).mode & 0o777, 0o600);
});

test('it does not start with a short secret, wrong settings or in place of a file', async t => {
	const folder = await mkdtemp(join(tmpdir(), 'key-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	const sockets = {join: join(folder, 'a'), storage: join(folder, 'b')};
	const short = encodeBase64(new Uint8Array(8));
	await t.throwsAsync(main({masterSecret: {...masterSecret, key: short}, sockets}), {message: /too short/});
	await t.throwsAsync(main({masterSecret: {...masterSecret, salt: short}, sockets}), {message: /too short/});
	const error = await t.throwsAsync(main({masterSecret: {...masterSecret, key: 'canary!'}, sockets}));
	t.notRegex(`${error.message} ${JSON.stringify(error)}`, /canary/);
	await writeFile(sockets.join, 'mine');
	await t.throwsAsync(main({masterSecret, sockets}));
	t.true((await stat(sockets.join)).isFile());
});
