import {once} from 'node:events';
import {createServer as createHttpsServer, get} from 'node:https';
import {connect, createServer, type Socket} from 'node:net';
import test from 'ava';
import {createAuthority} from '../../../src/keys/pki.ts';
import {startLoadBalancer} from '../../../src/machine/service/load-balancer.ts';
import {claimNetwork} from '../../../src/providers/local/network.ts';
import {localCluster, until} from '../../helpers/local-cluster.ts';

/** A server that says its name to whoever connects and then echoes. */
const backend = async (name: string) => {
	const sockets = new Set<Socket>();
	const server = createServer(socket => {
		sockets.add(socket.on('error', () => undefined));
		socket.write(`${name}\n`);
		socket.pipe(socket);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	const endpoint = typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
	return {
		name,
		endpoint,
		close() {
			server.close();
			for (const socket of sockets) socket.destroy();
		},
	};
};

const greeting = async (endpoint: string): Promise<{name: string; socket: Socket}> => {
	const [host = '', port = ''] = endpoint.split(':');
	const socket = connect({host, port: Number(port)}).setEncoding('utf8');
	const [name] = (await once(socket, 'data')) as [string];
	return {name: name.trim(), socket};
};

/** An HTTPS server that says its name, and whether it is ready. */
const readyServer = async (t: Parameters<typeof localCluster>[0], name: string, isReady: () => boolean) => {
	const authority = createAuthority({commonName: name});
	const server = createHttpsServer({cert: authority.certificate, key: Buffer.from(authority.key.reveal())}, ({url}, response) => {
		response.writeHead(url !== '/readyz' || isReady() ? 200 : 500).end(name);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => {
		server.close();
		server.closeAllConnections();
	});
	const address = server.address();
	return {name, endpoint: typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : ''};
};

const nameFrom = (endpoint: string): Promise<string> =>
	new Promise((resolve, reject) => {
		get(`https://${endpoint}/`, {agent: false, rejectUnauthorized: false}, response => {
			response.setEncoding('utf8').on('data', resolve);
		}).on('error', reject);
	});

const setUp = async (t: Parameters<typeof localCluster>[0]) => {
	const {dataHome, uid} = await localCluster(t);
	const network = await claimNetwork(dataHome, uid);
	const host = network.kind === 'addresses' ? `${network.prefix}.1` : '127.0.0.1';
	const backends = await Promise.all(['a', 'b'].map(backend));
	const endpoints = {kubernetes: `${host}:7443`, bootstrapper: `${host}:7000`};
	const balancer = await startLoadBalancer(endpoints, () => backends);
	t.teardown(() => {
		balancer.close();
		for (const each of backends) each.close();
	});
	const [a, b] = backends;
	if (a === undefined || b === undefined) throw new Error('two backends were made');
	return {endpoints, balancer, a, b};
};

test('connections go round, those of init stay with the first that answers, and bytes pass through unchanged', async t => {
	const {endpoints, a} = await setUp(t);
	const names = new Set<string>();
	for (let index = 0; index < 4; index++) names.add((await greeting(endpoints.kubernetes)).name);
	t.deepEqual([...names].sort(), ['a', 'b']);
	for (let index = 0; index < 3; index++) t.is((await greeting(endpoints.bootstrapper)).name, 'a');
	const {socket} = await greeting(endpoints.kubernetes);
	const sent = 'x'.repeat(100_000);
	let received = '';
	socket.on('data', (text: string) => (received += text));
	socket.end(sent);
	await once(socket, 'close');
	t.is(received, sent);
	a.close();
	for (let index = 0; index < 3; index++) t.is((await greeting(endpoints.bootstrapper)).name, 'b');
});

test('a draining machine gets nothing new and keeps what it has; nobody left means a reset, not silence', async t => {
	const {endpoints, balancer, b} = await setUp(t);
	const held = await greeting(endpoints.bootstrapper);
	t.is(held.name, 'a');
	balancer.setDraining('a', true);
	t.is((await greeting(endpoints.bootstrapper)).name, 'b');
	held.socket.write('still there');
	t.deepEqual(await once(held.socket, 'data'), ['still there']);
	balancer.setDraining('a', false);
	t.is((await greeting(endpoints.bootstrapper)).name, 'a');
	balancer.setDraining('a', true);
	b.close();
	await t.throwsAsync(greeting(endpoints.bootstrapper));
});

test('nobody is sent to an API server that says it is not ready, unless there is no other', async t => {
	const {dataHome, uid} = await localCluster(t);
	const network = await claimNetwork(dataHome, uid);
	const host = network.kind === 'addresses' ? `${network.prefix}.1` : '127.0.0.1';
	const ready = {a: true, b: true};
	const servers = await Promise.all((['a', 'b'] as const).map(name => readyServer(t, name, () => ready[name])));
	const endpoints = {kubernetes: `${host}:7443`};
	const balancer = await startLoadBalancer(endpoints, () => servers, 10);
	t.teardown(() => balancer.close());
	const answered = async () => {
		const names = new Set<string>();
		for (let index = 0; index < 4; index++) names.add(await nameFrom(endpoints.kubernetes));
		return [...names].sort().join();
	};
	t.is(await answered(), 'a,b');
	ready.a = false;
	await until('only b answers', async () => (await answered()) === 'b');
	ready.b = false;
	await until('not ready is better than nobody', async () => (await answered()) === 'a,b');
	ready.a = true;
	await until('only a answers', async () => (await answered()) === 'a');
});

test('a taken port is an error, and no listener stays behind', async t => {
	const {endpoints, a} = await setUp(t);
	const host = endpoints.kubernetes.split(':')[0] ?? '';
	const wanted = {verify: `${host}:7081`, kubernetes: endpoints.kubernetes};
	await t.throwsAsync(
		startLoadBalancer(wanted, () => [a]),
		{code: 'EADDRINUSE'},
	);
	const free = await startLoadBalancer({verify: wanted.verify}, () => [a]);
	free.close();
	t.pass();
});
