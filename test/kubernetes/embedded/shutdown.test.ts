import {Agent, request} from 'node:https';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {kubeClient} from '../../../src/kubernetes/client.ts';
import {inNamespace, resources} from '../../../src/kubernetes/resources.ts';
import {startLoadBalancer} from '../../../src/machine/service/load-balancer.ts';
import {claimNetwork} from '../../../src/providers/local/network.ts';
import {startTestServer} from '../../helpers/api-server.ts';
import {eventually} from '../../helpers/eventually.ts';
import {localCluster} from '../../helpers/local-cluster.ts';

const configMaps = inNamespace(resources.configMaps, 'default');

/** Two API servers over one store behind a load balancer, and clients of all kinds that never ask twice. */
const setUp = async (t: ExecutionContext) => {
	const {dataHome, uid} = await localCluster(t);
	const network = await claimNetwork(dataHome, uid);
	const endpoint = network.kind === 'addresses' ? `${network.prefix}.1:7443` : '127.0.0.1:17443';
	const first = await startTestServer();
	const second = await first.another();
	const backends = [
		{name: 'first', endpoint: `127.0.0.1:${first.port}`},
		{name: 'second', endpoint: `127.0.0.1:${second.port}`},
	];
	const balancer = await startLoadBalancer({kubernetes: endpoint}, () => backends, 20);
	t.teardown(async () => {
		balancer.close();
		await second.close({idleMs: 0});
		await first.close();
	});
	const {cert, key} = first.admin;
	const tls = {ca: first.settings.ca, cert, key: Buffer.from(key.reveal()), servername: 'localhost'};
	const ask = (agent: Agent | false, path: string, method = 'GET', body?: unknown): Promise<number> =>
		new Promise((resolve, reject) => {
			const call = request(
				`https://${endpoint}${path}`,
				{...tls, agent, method, timeout: 5000, headers: {'content-type': 'application/json'}},
				response => {
					response.resume();
					response.once('end', () => resolve(response.statusCode ?? 0));
					response.once('error', reject);
				},
			);
			call.once('error', reject);
			call.once('timeout', () => call.destroy(new Error('no answer in 5 s')));
			call.end(body === undefined ? undefined : JSON.stringify(body));
		});
	const direct = kubeClient({server: `https://127.0.0.1:${first.port}`, ca: first.settings.ca, cert, key});
	return {first, second, balancer, ask, direct};
};

test('a server that ends fails no request on new or kept connections, and loses no event of a watch', async t => {
	const {first, second, balancer, ask, direct} = await setUp(t);
	const kept = new Agent({keepAlive: true});
	t.teardown(() => kept.destroy());
	const failures: string[] = [];
	let asked = 0;
	let written = 0;
	let going = true;
	const repeat = async (everyMs: number, job: () => Promise<number>) => {
		while (going) {
			const status = await job().catch((error: unknown) => String(error));
			asked += 1;
			if (status !== 200 && status !== 201) failures.push(String(status));
			await delay(everyMs);
		}
	};
	const path = '/api/v1/namespaces/default/configmaps';
	const write = () => {
		written += 1;
		const body = {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: `n-${written}`}};
		return ask(written % 2 === 0 ? kept : false, path, 'POST', body);
	};
	const clients = [repeat(15, () => ask(kept, path)), repeat(15, () => ask(false, path)), repeat(30, write)];

	const watching = new AbortController();
	const seen: string[] = [];
	let ends = 0;
	const {resourceVersion: start} = await direct.list(configMaps);
	const watch = (async () => {
		let from = start;
		for (let server = second.port; !watching.signal.aborted; server = first.port) {
			const {cert, key} = first.admin;
			const kube = kubeClient({server: `https://127.0.0.1:${server}`, ca: first.settings.ca, cert, key});
			for await (const {type, object} of kube.watch(configMaps, {resourceVersion: from, signal: watching.signal})) {
				from = object.metadata.resourceVersion ?? from;
				if (type === 'ADDED') seen.push(object.metadata.name);
			}
			ends += 1;
		}
	})();
	await eventually(() => seen.length > 5);

	balancer.setDraining('second', true);
	const began = performance.now();
	await second.close();
	const tookMs = performance.now() - began;
	const after = written;
	await eventually(() => written > after + 10);
	going = false;
	await Promise.all(clients);
	const {items} = await direct.list(configMaps);
	const names = items.map(({metadata}) => metadata.name).filter(name => name.startsWith('n-'));
	await eventually(() => seen.filter(name => name.startsWith('n-')).length >= names.length);
	watching.abort();
	await watch;
	t.deepEqual(failures, []);
	t.deepEqual(seen.filter(name => name.startsWith('n-')).toSorted(), names.toSorted());
	t.true(ends >= 1);
	t.true(tookMs < 4000, `took ${Math.round(tookMs)} ms`);
	t.log(`${asked} requests, ${written} writes, ended in ${Math.round(tookMs)} ms`);
});

test('a server that is about to end says that it is not ready, on connections that it still answers', async t => {
	const {first, second, ask} = await setUp(t);
	t.is(await ask(false, '/readyz'), 200);
	const {cert, key} = first.admin;
	const agent = new Agent({keepAlive: true, ca: first.settings.ca, cert, key: Buffer.from(key.reveal())});
	t.teardown(() => agent.destroy());
	const direct = (): Promise<{status: number; connection: string}> =>
		new Promise((resolve, reject) => {
			request(`https://127.0.0.1:${second.port}/readyz`, {agent}, response => {
				response.resume();
				response.once('end', () => resolve({status: response.statusCode ?? 0, connection: response.headers.connection ?? ''}));
			})
				.once('error', reject)
				.end();
		});
	t.deepEqual(await direct(), {status: 200, connection: 'keep-alive'});
	const closing = second.close();
	t.deepEqual(await direct(), {status: 500, connection: 'close'});
	await closing;
});
