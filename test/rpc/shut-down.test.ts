import {once} from 'node:events';
import {connect, createServer as createTcpServer, type Socket} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import {credentials} from '@grpc/grpc-js';
import test from 'ava';
import {createClient} from '../../src/rpc/client.ts';
import {API} from '../../src/rpc/gen/verify_pb.ts';
import {addService, createServer, listenPlain} from '../../src/rpc/server.ts';
import {shutDown} from '../../src/rpc/shut-down.ts';
import {eventually} from '../helpers/eventually.ts';

const start = async (name: string) => {
	const server = createServer({maxMessageBytes: 4096});
	const getAttestation = async () => {
		await delay(5);
		return {attestation: Buffer.from(name)};
	};
	addService(server, API, {getAttestation}, () => undefined);
	return {server, port: await listenPlain(server, '127.0.0.1:0')};
};

test('calls on an open connection go on elsewhere when their server ends, and none fails', async t => {
	const [first, second] = [await start('first'), await start('second')];
	let port = first.port;
	const sockets = new Set<Socket>();
	// As a load balancer that is draining the first.
	const balancer = createTcpServer(client => {
		const upstream = connect(port, '127.0.0.1');
		for (const socket of [client, upstream]) sockets.add(socket.on('error', () => undefined));
		client.pipe(upstream).pipe(client);
	}).listen(0, '127.0.0.1');
	await once(balancer, 'listening');
	const address = balancer.address();
	const client = createClient(
		API,
		`127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`,
		credentials.createInsecure(),
		{movesOn: true},
	);
	t.teardown(() => {
		client.channel.close();
		second.server.forceShutdown();
		for (const socket of sockets) socket.destroy();
		balancer.close();
	});
	const answers: string[] = [];
	const calls: Promise<void>[] = [];
	const timer = setInterval(() => {
		calls.push(
			client.getAttestation({nonce: Buffer.alloc(32)}, {timeout: 5000}).then(
				({attestation}) => void answers.push(Buffer.from(attestation).toString()),
				(error: unknown) => void answers.push(String(error)),
			),
		);
	}, 20);
	await eventually(() => answers.includes('first'));
	port = second.port;
	await shutDown(first.server);
	await eventually(() => answers.includes('second'));
	clearInterval(timer);
	await Promise.all(calls);
	t.deepEqual([...new Set(answers)], ['first', 'second']);
});
