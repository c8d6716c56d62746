import {once} from 'node:events';
import {mkdtemp, rm, stat, writeFile} from 'node:fs/promises';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {toHex} from '../../../src/attestation/bytes.ts';
import {openTpm} from '../../../src/attestation/tpm/commands.ts';
import {serveTpm} from '../../../src/machine/tpm/server.ts';
import {tpmSocket} from '../../../src/services/tpm.ts';
import {newMachine, newMaker} from '../../helpers/local-machine.ts';

const maker = newMaker();
const readRegisters = Buffer.from('8001000000140000017e00000001000b03ff0000', 'hex');

async function newFolder(t: ExecutionContext): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'tpm-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	return folder;
}

test('several clients share a TPM over a socket of mode 0600 that replaces an old one', async t => {
	const path = join(await newFolder(t), 'tpm.sock');
	await writeFile(path, 'left over');
	const server = await serveTpm(newMachine(maker).software, path);
	t.teardown(async () => server.close());
	t.is((await stat(path)).mode & 0o777, 0o600);
	const clients = Array.from({length: 4}, () => {
		const channel = tpmSocket(path);
		t.teardown(() => channel.close());
		return openTpm(channel);
	});
	await Promise.all(clients.map(async (tpm, index) => tpm.extend(16, Buffer.from(String(index)))));
	const quotes = await Promise.all(clients.map(async tpm => tpm.quote(Buffer.alloc(32, 1))));
	t.is(new Set(quotes.map(({pcrs}) => toHex(pcrs[16] ?? new Uint8Array()))).size, 1);
	t.is((await clients[0]?.eventLog())?.length, 4);
});

test('a command arrives in any pieces; of two at once the second waits for the answer to the first', async t => {
	const path = join(await newFolder(t), 'tpm.sock');
	let running = 0;
	let most = 0;
	const {software} = newMachine(maker);
	const server = await serveTpm(
		{
			async handle(command) {
				most = Math.max(most, (running += 1));
				const answer = await software.handle(command);
				running -= 1;
				return answer;
			},
		},
		path,
	);
	const socket = connect(path);
	t.teardown(async () => {
		socket.destroy();
		await server.close();
	});
	let received = 0;
	const all = new Promise<void>(resolve => {
		socket.on('data', (chunk: Buffer) => {
			received += chunk.length;
			if (received >= answerSize * 3) resolve();
		});
	});
	const answerSize = (await software.handle(readRegisters)).length;
	for (const byte of readRegisters) socket.write(Buffer.from([byte]));
	socket.write(Buffer.concat([readRegisters, readRegisters]));
	await all;
	t.is(received, answerSize * 3);
	t.is(most, 1);
});

test('what is no command ends the connection, not the TPM', async t => {
	const path = join(await newFolder(t), 'tpm.sock');
	const server = await serveTpm(newMachine(maker).software, path);
	t.teardown(async () => server.close());
	for (const bytes of ['80010000000000000000', '8001ffffffff0000017e', '80010000100100000000']) {
		const socket = connect(path);
		socket.on('error', () => undefined);
		socket.write(Buffer.from(bytes, 'hex'));
		await once(socket, 'close');
	}
	const channel = tpmSocket(path);
	t.teardown(() => channel.close());
	t.is((await openTpm(channel).readPcrs()).length, 24);
});

test('a client rejects when the TPM goes away, and finds it again when it is back', async t => {
	const path = join(await newFolder(t), 'tpm.sock');
	const {software} = newMachine(maker);
	const {promise: arrived, resolve: arrive} = Promise.withResolvers<undefined>();
	const neverAnswers = async (): Promise<Uint8Array> => {
		arrive(undefined);
		return new Promise(() => undefined);
	};
	const first = await serveTpm({handle: neverAnswers}, path);
	const channel = tpmSocket(path);
	t.teardown(() => channel.close());
	const refused = t.throwsAsync(channel.send(readRegisters));
	await arrived;
	await first.close();
	await refused;
	await t.throwsAsync(async () => channel.send(readRegisters), {message: /cannot be reached/});
	const second = await serveTpm(software, path);
	t.teardown(async () => second.close());
	t.is((await openTpm(channel).readPcrs()).length, 24);
});
