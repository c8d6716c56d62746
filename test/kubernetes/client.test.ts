import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import {createServer, type Server} from 'node:https';
import type {AddressInfo} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {kubeClient} from '../../src/kubernetes/client.ts';
import {KubeError, type WatchEvent} from '../../src/kubernetes/kube.ts';
import {inNamespace, resources} from '../../src/kubernetes/resources.ts';
import {clusterPki} from '../helpers/cluster-pki.ts';

const pki = clusterPki();
const object = (name: string) => ({apiVersion: 'v1', kind: 'ConfigMap', metadata: {name}});
const maps = inNamespace(resources.configMaps, 'default');

/** A TLS server in the place of the API server, closed with the test. */
async function serve(
	t: ExecutionContext,
	listener: (...exchange: Parameters<RequestListener>) => unknown,
	serving = pki.server(),
) {
	const server: Server = createServer(
		{cert: serving.cert, key: Buffer.from(serving.key.reveal()), ca: pki.ca, requestCert: true, rejectUnauthorized: true},
		(request, response) => {
			void listener(request, response);
		},
	);
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	t.teardown(() => {
		server.closeAllConnections();
		server.close();
	});
	const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return {server, kube: kubeClient({server: url, ca: pki.ca, ...pki.client('admin')})};
}

const answer = (response: ServerResponse, code: number, body: unknown) => {
	response.writeHead(code, {'content-type': 'application/json'}).end(JSON.stringify(body));
};
async function collect(events: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
	const all: WatchEvent[] = [];
	for await (const event of events) all.push(event);
	return all;
}
const readAll = async (request: IncomingMessage) => Buffer.concat(await request.toArray()).toString();
const code = (expected: number, reason?: string) => (error: unknown) =>
	error instanceof KubeError && error.code === expected && (reason === undefined || error.reason === reason);

test('sends each call as the API expects it', async t => {
	const seen: string[] = [];
	const {kube} = await serve(t, async (request, response) => {
		seen.push(`${request.method} ${request.url} ${request.headers['content-type'] ?? ''} ${await readAll(request)}`.trim());
		answer(response, 200, {items: [object('a')], metadata: {name: 'a', resourceVersion: '7'}});
	});
	await kube.get(resources.nodes, 'node/1');
	t.deepEqual(await kube.list(maps, {labelSelector: 'a=b', fieldSelector: 'metadata.name=a'}), {
		items: [object('a')],
		resourceVersion: '7',
	});
	await kube.create(maps, object('a'));
	await kube.update(resources.nodes, object('a'), 'status');
	await kube.patch(resources.joiningNodes, 'a', {spec: {}}, 'merge');
	await kube.delete(resources.leases, 'a');
	await kube.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {});
	t.snapshot(seen);
});

test('a name that would leave its path is refused before anything is sent', async t => {
	const {kube} = await serve(t, () => t.fail());
	for (const name of ['', '.', '..']) await t.throwsAsync(async () => kube.get(resources.nodes, name), {instanceOf: TypeError});
});

test('a Status becomes a KubeError, and so does an answer that is none', async t => {
	const {kube} = await serve(t, (request, response) => {
		if (request.url?.endsWith('/gone')) {
			answer(response, 404, {
				kind: 'Status',
				status: 'Failure',
				message: 'configmaps "gone" not found',
				reason: 'NotFound',
				code: 404,
			});
		} else if (request.url?.endsWith('/text')) {
			response.writeHead(503, {'content-type': 'text/plain'}).end('busy\n');
		} else {
			response.writeHead(200).end('<html>');
		}
	});
	const gone = await t.throwsAsync(kube.get(maps, 'gone'), {instanceOf: KubeError, message: 'configmaps "gone" not found'});
	t.true(code(404, 'NotFound')(gone));
	t.true(code(503)(await t.throwsAsync(kube.get(maps, 'text'), {message: 'busy'})));
	t.true(code(0, 'NotJson')(await t.throwsAsync(kube.get(maps, 'html'))));
});

test('nobody there, a server of another cluster and a broken answer are all "not reached"', async t => {
	const {server, kube} = await serve(t, (_, response) => {
		response.writeHead(200, {'content-length': '100'}).write('{');
		response.destroy();
	});
	t.true(code(0, 'NotReached')(await t.throwsAsync(kube.get(maps, 'a'))));
	server.closeAllConnections();
	server.close();
	t.true(code(0, 'NotReached')(await t.throwsAsync(kube.get(maps, 'a'))));
	const other = await serve(t, () => t.fail(), clusterPki().server());
	t.true(code(0, 'NotReached')(await t.throwsAsync(other.kube.get(maps, 'a'))));
});

test('connections are kept, and one that the server closed meanwhile is replaced', async t => {
	let connections = 0;
	const {server, kube} = await serve(t, (_, response) => answer(response, 200, object('a')));
	server.on('secureConnection', () => connections++);
	for (let round = 0; round < 5; round++) await kube.get(maps, 'a');
	t.is(connections, 1);
	server.closeAllConnections();
	t.is((await kube.get(maps, 'a')).metadata.name, 'a');
});

test('an answer beyond 64 MiB is cut off', async t => {
	const {kube} = await serve(t, (_, response) => {
		response.writeHead(200);
		const chunk = Buffer.alloc(1024 * 1024, ' ');
		const more = () => {
			while (response.write(chunk));
			response.once('drain', more);
		};
		more();
	});
	t.true(code(0, 'TooLarge')(await t.throwsAsync(kube.get(maps, 'a'))));
});

test('a watch gives events however they are cut, and ends with the server', async t => {
	const events: WatchEvent[] = ['a', 'ü', 'c'].map(name => ({type: 'ADDED', object: object(name)}));
	let url = '';
	const {kube} = await serve(t, async (request, response) => {
		url = request.url ?? '';
		const bytes = Buffer.from(events.map(event => `${JSON.stringify(event)}\n`).join(''));
		for (let at = 0; at < bytes.length; at += 7) {
			response.write(bytes.subarray(at, at + 7));
			await new Promise(setImmediate);
		}
		response.end();
	});
	const signal = new AbortController().signal;
	const options = {resourceVersion: '5', fieldSelector: 'metadata.name=a', signal};
	t.deepEqual(await collect(kube.watch(maps, options)), events);
	const {searchParams} = new URL(url, 'https://host');
	t.like(Object.fromEntries(searchParams), {watch: 'true', resourceVersion: '5', allowWatchBookmarks: 'true'});
	await collect(kube.watch(maps, {signal}));
	t.false(url.includes('Bookmarks'));
});

test('a version that is too old is KubeError 410, a refusal is what the server says', async t => {
	const status = {kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version'};
	const {kube} = await serve(t, (request, response) => {
		if (request.url?.includes('nodes')) answer(response, 403, {kind: 'Status', code: 403, reason: 'Forbidden', message: 'no'});
		else response.end(`${JSON.stringify({type: 'ERROR', object: status})}\n`);
	});
	const {signal} = new AbortController();
	t.true(code(410, 'Expired')(await t.throwsAsync(collect(kube.watch(maps, {resourceVersion: '1', signal})))));
	t.true(code(403)(await t.throwsAsync(collect(kube.watch(resources.nodes, {signal})))));
});

test('aborting a watch ends it quietly and frees the connection', async t => {
	const abort = new AbortController();
	const closed = Promise.withResolvers<undefined>();
	const {kube} = await serve(t, (_, response) => {
		response.write(`${JSON.stringify({type: 'ADDED', object: object('a')})}\n`);
		response.on('close', () => closed.resolve(undefined));
	});
	const seen: string[] = [];
	for await (const event of kube.watch(maps, {signal: abort.signal})) {
		seen.push(event.object.metadata.name);
		abort.abort();
	}
	t.deepEqual(seen, ['a']);
	await closed.promise;
	t.deepEqual(await collect(kube.watch(maps, {signal: abort.signal})), []);
});

test('a watch that breaks off is "not reached"', async t => {
	const {kube} = await serve(t, (_, response) => {
		response.write(`${JSON.stringify({type: 'ADDED', object: object('a')})}\n`, () => response.destroy());
	});
	const {signal} = new AbortController();
	t.true(code(0, 'NotReached')(await t.throwsAsync(collect(kube.watch(maps, {signal})))));
});
