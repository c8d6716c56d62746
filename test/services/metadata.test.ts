import {mkdtemp, rm} from 'node:fs/promises';
import {createServer, type RequestListener} from 'node:http';
import {createServer as createSocketServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {serviceNames} from '../../src/services/host.ts';
import {metadataClient, splitEndpoint} from '../../src/services/metadata.ts';
import {tpmSocket} from '../../src/services/tpm.ts';

const newFolder = async (t: ExecutionContext) => {
	const folder = await mkdtemp(join(tmpdir(), 'socket-'));
	t.teardown(() => rm(folder, {recursive: true}));
	return folder;
};

const serve = async (t: ExecutionContext, listener: RequestListener) => {
	const path = join(await newFolder(t), 'metadata.sock');
	const server = createServer(listener);
	await new Promise<void>(resolve => server.listen(path, resolve));
	t.teardown(() => {
		server.closeAllConnections();
		server.close();
	});
	return metadataClient(path);
};

const answers = (t: ExecutionContext, body: unknown) =>
	serve(t, (_request, response) => {
		response.end(JSON.stringify(body));
	});

const machine = {
	name: 'worker-1',
	role: 'worker',
	uid: '0123abcd',
	address: '127.0.0.1',
	providerId: 'local://0123abcd/worker-1',
	endpoints: Object.fromEntries(serviceNames.map(name => [name, '127.0.0.1:1'])),
};

test('the own machine and its peers are read', async t => {
	const client = await serve(t, ({url}, response) => {
		response.end(JSON.stringify(url === '/self' ? machine : [machine]));
	});
	t.like(await client.self(), {...machine, role: 'worker'});
	t.is((await client.list())[0]?.endpoints.join, '127.0.0.1:1');
});

test('one malformed machine does not hide the others', async t => {
	const {endpoints, ...rest} = machine;
	const list = [{...machine, role: 'boss'}, rest, 7, null, {...machine, endpoints: {...endpoints, join: 5}}, machine];
	t.is((await (await answers(t, list)).list()).length, 1);
});

test('answers of another form are errors', async t => {
	const client = await answers(t, {name: 'x'});
	await t.throwsAsync(client.self(), {message: /unknown form/});
	await t.throwsAsync(client.list(), {message: /no list/});
	await t.throwsAsync(client.initSecretHash(), {message: /no hash/});
	await t.throwsAsync(client.disk(), {message: /no uuid/});
});

test('errors and endless answers of the service end the question', async t => {
	const failing = await serve(t, (_request, response) => {
		response.writeHead(500).end();
	});
	await t.throwsAsync(failing.self(), {message: /500/});
	const endless = await serve(t, (_request, response) => {
		const chunk = Buffer.alloc(1024 * 1024);
		const more = () => {
			response.write(chunk);
		};
		response.on('drain', more);
		more();
	});
	await t.throwsAsync(endless.self(), {message: /too large/});
});

test('log lines are sent as JSON', async t => {
	const {promise, resolve} = Promise.withResolvers<string>();
	const client = await serve(t, (request, response) => {
		request.on('data', (chunk: Buffer) => {
			resolve(`${request.method ?? ''} ${request.url ?? ''} ${chunk.toString()}`);
		});
		response.end('{}');
	});
	await client.log('a "line"');
	t.is(await promise, 'POST /log {"line":"a \\"line\\""}');
});

test('endpoints are host and port', t => {
	t.deepEqual(splitEndpoint('127.1.2.3:9000'), {host: '127.1.2.3', port: 9000});
	t.deepEqual(splitEndpoint('[::1]:9000'), {host: '::1', port: 9000});
	for (const wrong of ['', 'host', ':1', 'host:', 'host:0', 'host:65536', 'host:1x']) t.throws(() => splitEndpoint(wrong));
});

/** A TPM that answers each command with what the test says. */
const serveTpm = async (t: ExecutionContext, answer: (command: Buffer) => Buffer[]) => {
	const path = join(await newFolder(t), 'tpm.sock');
	const server = createSocketServer(socket => {
		socket.on('data', (command: Buffer) => {
			for (const piece of answer(command)) socket.write(piece);
		});
		socket.on('error', () => undefined);
	});
	await new Promise<void>(resolve => server.listen(path, resolve));
	const channel = tpmSocket(path);
	t.teardown(() => {
		channel.close();
		server.close();
	});
	return channel;
};

const response = (size: number, length = size) => {
	const bytes = Buffer.alloc(length);
	bytes.writeUInt32BE(size, 2);
	return bytes;
};

test('TPM responses in pieces are put together; commands go one at a time', async t => {
	const channel = await serveTpm(t, command => {
		const whole = response(20);
		whole.writeUInt8(command.at(-1) ?? 0, 19);
		return [whole.subarray(0, 5), whole.subarray(5)];
	});
	const sent = [1, 2, 3].map(number => channel.send(Buffer.from([number])));
	t.deepEqual(
		(await Promise.all(sent)).map(bytes => bytes.at(-1)),
		[1, 2, 3],
	);
});

test('a TPM response of a wrong length is refused, and the next command starts anew', async t => {
	let wrong = true;
	const channel = await serveTpm(t, () => (wrong ? [response(12, 30)] : [response(12)]));
	await t.throwsAsync(channel.send(Buffer.alloc(1)), {message: /wrong length/});
	wrong = false;
	t.is((await channel.send(Buffer.alloc(1))).length, 12);
	const huge = await serveTpm(t, () => [response(1024 * 1024, 10)]);
	await t.throwsAsync(huge.send(Buffer.alloc(1)), {message: /wrong length/});
});

test('a TPM that is not there is an error of the command', async t => {
	const channel = tpmSocket(join(await newFolder(t), 'none.sock'));
	await t.throwsAsync(channel.send(Buffer.alloc(1)), {message: /cannot be reached/});
});
