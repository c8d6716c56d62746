import {once} from 'node:events';
import {appendFile, mkdtemp, rename, rm, writeFile} from 'node:fs/promises';
import type {IncomingMessage} from 'node:http';
import {request} from 'node:https';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import test, {type ExecutionContext} from 'ava';
import {generateKeys, issueCertificate} from '../../src/keys/pki.ts';
import {kubeClient} from '../../src/kubernetes/client.ts';
import {isReady} from '../../src/kubernetes/conditions.ts';
import type {Kube, KubeObject} from '../../src/kubernetes/kube.ts';
import {inNamespace, resources} from '../../src/kubernetes/resources.ts';
import {waitFor} from '../../src/kubernetes/wait.ts';
import {type Instance, type ServiceName, serviceNames} from '../../src/services/host.ts';
import {keepRenewing, renewalTime, renewCertificate} from '../../src/services/kubelet/certificate.ts';
import {parseLogOptions, readLogs} from '../../src/services/kubelet/logs.ts';
import {runKubelet} from '../../src/services/kubelet/main.ts';
import type {NodeFacts} from '../../src/services/kubelet/node.ts';
import {serveKubelet} from '../../src/services/kubelet/server.ts';
import {signCertificates} from '../../src/services/operator/certificates.ts';
import type {ServiceStatus} from '../../src/services/supervisor/supervisor.ts';
import {startTestServer, type TestServer} from '../helpers/api-server.ts';
import {clusterPki} from '../helpers/cluster-pki.ts';

const pods = inNamespace(resources.pods, 'kube-system');
const leases = inNamespace(resources.leases, 'kube-node-lease');
const patience = {timeoutMs: 20_000, intervalMs: 20};

const instance: Instance = {
	name: 'control-1',
	role: 'control-plane',
	uid: '0123abcd',
	address: '127.0.0.1',
	providerId: 'local://0123abcd/control-1',
	endpoints: Object.fromEntries(serviceNames.map(name => [name, '127.0.0.1:10250'])) as Record<ServiceName, string>,
};

const facts: NodeFacts = {
	instance,
	kubernetesVersion: 'v1.32.9',
	imageVersion: 'v1.2.3',
	diskUuid: '11111111-2222-4333-8444-555555555555',
	bootId: 'boot',
	componentsReference: 'k8s-components-sha256-0',
};

const nodeKube = (server: TestServer): Kube => {
	const {cert, key} = server.identity('system:node:control-1', 'system:nodes');
	return kubeClient({server: `https://127.0.0.1:${server.port}`, ca: server.authority.certificate, cert, key});
};
const adminKube = (server: TestServer): Kube => {
	const {cert, key} = server.identity('admin', 'system:masters');
	return kubeClient({server: `https://127.0.0.1:${server.port}`, ca: server.authority.certificate, cert, key});
};

/** Services as a supervisor shows them, changed by the test. */
const newServices = (...names: string[]) => {
	let list = names.map((name): ServiceStatus => ({name, state: 'running', restarts: 0, logPath: '', startedAt: 0}));
	let listener: () => void = () => undefined;
	return {
		list: () => list,
		onChange(next: () => void) {
			listener = next;
		},
		set(next: ServiceStatus[]) {
			list = next;
			listener();
		},
	};
};

const start = async (t: ExecutionContext, services = newServices('join-service')) => {
	const server = await startTestServer();
	t.teardown(() => server.close());
	const lines: string[] = [];
	const kubelet = runKubelet({
		facts,
		kube: () => nodeKube(server),
		services,
		log: line => lines.push(line),
		renewMs: 50,
		retryMs: 20,
	});
	t.teardown(() => kubelet.stop());
	await kubelet.registered;
	return {server, kube: adminKube(server), services, lines};
};

const until = <T>(name: string, check: () => Promise<T | undefined>) => waitFor({name, check}, patience);

test('a node registers itself with what Kubernetes shows of a node', async t => {
	const {kube} = await start(t);
	const node = await kube.get(resources.nodes, 'control-1');
	t.true(isReady(node));
	t.like(node.metadata.labels, {'node-role.kubernetes.io/control-plane': '', 'kubernetes.io/hostname': 'control-1'});
	t.like(node.metadata.annotations, {
		'constellation.edgeless.systems/kubernetes-components': 'k8s-components-sha256-0',
		'constellation.edgeless.systems/node-image': 'v1.2.3',
	});
	t.like(node.spec, {
		providerID: 'local://0123abcd/control-1',
		taints: [{key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule'}],
	});
	t.like(node.status, {nodeInfo: {kubeletVersion: 'v1.32.9'}, daemonEndpoints: {kubeletEndpoint: {Port: 10_250}}});
});

test('the lease is renewed for as long as the node lives', async t => {
	const {kube} = await start(t);
	const renewal = async () => ((await kube.get(leases, 'control-1')).spec as {renewTime: string}).renewTime;
	const first = await renewal();
	await until('the lease is renewed', async () => ((await renewal()) > first ? true : undefined));
	t.pass();
});

test('pods follow the services: restarts, removal, and one that somebody deleted', async t => {
	const {kube, services} = await start(t, newServices('join-service', 'operator'));
	const pod = () => kube.get(pods, 'join-service-control-1');
	const restarts = (object: KubeObject) =>
		(object.status as {containerStatuses?: {restartCount: number}[]} | undefined)?.containerStatuses?.[0]?.restartCount;
	await until('pods are there', async () => ((await kube.list(pods)).items.length === 2 ? true : undefined));
	services.set([{name: 'join-service', state: 'running', restarts: 3, logPath: '', startedAt: 1}]);
	await until('restarts are shown', async () => (restarts(await pod()) === 3 ? true : undefined));
	await until('the other pod is gone', async () => ((await kube.list(pods)).items.length === 1 ? true : undefined));
	const {uid} = (await pod()).metadata;
	await kube.delete(pods, 'join-service-control-1');
	const again = await until('the pod is back', async () => {
		const {items} = await kube.list(pods);
		return items.find(({metadata}) => metadata.uid !== uid);
	});
	t.is(again.metadata.name, 'join-service-control-1');
});

test('a node that the cluster gave up says at once that it is back', async t => {
	const {kube} = await start(t);
	const conditions = [{type: 'Ready', status: 'Unknown'}];
	await kube.patch(resources.nodes, 'control-1', {status: {conditions}}, 'strategic', 'status');
	await until('the node is Ready', async () => (isReady(await kube.get(resources.nodes, 'control-1')) ? true : undefined));
	t.pass();
});

test('an API server that goes away and comes back is survived, and told of once', async t => {
	const services = newServices('join-service');
	const server = await startTestServer();
	t.teardown(() => server.close());
	let reachable = true;
	const lines: string[] = [];
	const broken = kubeClient({
		server: 'https://127.0.0.1:1',
		ca: server.authority.certificate,
		...server.identity('system:node:control-1', 'system:nodes'),
	});
	const working = nodeKube(server);
	const kubelet = runKubelet({
		facts,
		kube: () => (reachable ? working : broken),
		services,
		log: line => lines.push(line),
		renewMs: 20,
		retryMs: 10,
	});
	t.teardown(() => kubelet.stop());
	await kubelet.registered;
	reachable = false;
	await until('the failure is told', () => Promise.resolve(lines.length > 0 ? true : undefined));
	reachable = true;
	await until('the return is told', () => Promise.resolve(lines.length > 1 ? true : undefined));
	t.regex(lines[0] ?? '', /not reached/);
	t.deepEqual(lines.slice(1), ['kubelet: the API server answers again']);
});

test('a certificate is renewed after two thirds of its life, for the node itself alone', async t => {
	const {server, kube} = await start(t);
	const keys = generateKeys();
	const old = issueCertificate(server.authority, {
		subject: {organization: 'system:nodes', commonName: 'system:node:control-1'},
		publicKey: keys.publicKey,
		usages: ['clientAuth', 'serverAuth'],
		addresses: ['127.0.0.1'],
		days: 30,
		now: new Date(Date.now() - 21 * 86_400_000),
	});
	let current = {cert: old, key: Buffer.from(keys.privateKey.reveal()).toString()};
	t.true(renewalTime(old) < Date.now());
	const ending = new AbortController();
	const used = new Promise<void>(resolve => {
		void keepRenewing({
			current: () => current,
			kube: () => nodeKube(server),
			instance,
			use(next) {
				current = next;
				resolve();
				return Promise.resolve();
			},
			log: () => undefined,
			signal: ending.signal,
		});
	});
	await until('the request is there', async () => {
		const {items} = await kube.list(resources.certificateSigningRequests);
		return items.length === 1 ? true : undefined;
	});
	const {items: nodes} = await kube.list(resources.nodes);
	await signCertificates(kube, server.authority, nodes);
	await used;
	ending.abort();
	t.true(renewalTime(current.cert) > Date.now());
});

test('certificates for anybody else are denied', async t => {
	const {server, kube} = await start(t);
	const signal = new AbortController().signal;
	const asked = [
		renewCertificate(nodeKube(server), {...instance, name: 'control-2'}, signal),
		renewCertificate(nodeKube(server), {...instance, address: '10.0.0.1'}, signal),
		renewCertificate(adminKube(server), instance, signal),
	];
	await until('the requests are there', async () => {
		const {items} = await kube.list(resources.certificateSigningRequests);
		return items.length === 3 ? true : undefined;
	});
	await signCertificates(kube, server.authority, (await kube.list(resources.nodes)).items);
	for (const answer of asked) await t.throwsAsync(answer, {message: /does not renew/});
});

const logFolder = async (t: ExecutionContext) => {
	const folder = await mkdtemp(join(tmpdir(), 'logs-'));
	t.teardown(() => rm(folder, {recursive: true}));
	return join(folder, 'service.log');
};

const read = async (path: string, query: string) => {
	const lines: string[] = [];
	for await (const line of readLogs(path, parseLogOptions(new URLSearchParams(query), 10_000), new AbortController().signal))
		lines.push(line);
	return lines.join('');
};

test('logs: both files, the last lines, a limit, a time', async t => {
	const path = await logFolder(t);
	await writeFile(`${path}.1`, '1970-01-01T00:00:01.000Z one\n');
	await writeFile(path, '1970-01-01T00:00:05.000Z two\n1970-01-01T00:00:09.000Z three\n');
	t.is(await read(path, ''), 'one\ntwo\nthree\n');
	t.is(await read(path, 'timestamps=true&tailLines=1'), '1970-01-01T00:00:09.000Z three\n');
	t.is(await read(path, 'tailLines=0'), '');
	t.is(await read(path, 'limitBytes=5'), 'one\nt');
	t.is(await read(path, 'sinceSeconds=2'), 'three\n');
	t.is(await read(path, 'sinceTime=1970-01-01T00:00:04Z'), 'two\nthree\n');
	t.is(await read(join(path, '..', 'none.log'), ''), '');
});

test('logs that are followed go on across a new file', async t => {
	const path = await logFolder(t);
	await writeFile(path, '1970-01-01T00:00:01.000Z one\n');
	const ending = new AbortController();
	const lines = readLogs(path, {follow: true, timestamps: false}, ending.signal);
	t.is((await lines.next()).value, 'one\n');
	const second = lines.next();
	await appendFile(path, '1970-01-01T00:00:02.000Z two\n');
	t.is((await second).value, 'two\n');
	const third = lines.next();
	await rename(path, `${path}.1`);
	await writeFile(path, '1970-01-01T00:00:03.000Z 3\n');
	t.is((await third).value, '3\n');
	ending.abort();
	t.true((await lines.next()).done);
});

test('the kubelet answers the API server alone, and for its own services', async t => {
	const path = await logFolder(t);
	await writeFile(path, '1970-01-01T00:00:01.000Z one\n');
	const pki = clusterPki();
	const port = 20_000 + (process.pid % 10_000);
	const {cert, key} = pki.server();
	const kubelet = await serveKubelet({
		host: '127.0.0.1',
		port,
		ca: pki.ca,
		cert,
		key: key.reveal(),
		node: 'control-1',
		logs: () => new Map([['join-service', path]]),
	});
	t.teardown(() => kubelet.close());
	const get = async (where: string, client?: ReturnType<typeof pki.client>): Promise<[number, string]> => {
		const identity = client === undefined ? {} : {cert: client.cert, key: Buffer.from(client.key.reveal())};
		const call = request({host: '127.0.0.1', port, path: where, ca: pki.ca, ...identity, agent: false}).end();
		const [response] = (await once(call, 'response')) as [IncomingMessage];
		return [response.statusCode ?? 0, await text(response)];
	};
	const logs = '/containerLogs/kube-system/join-service-control-1/join-service';
	const apiServer = pki.client('kube-apiserver-kubelet-client', 'constellation:api-server');
	t.deepEqual(await get(logs, apiServer), [200, 'one\n']);
	t.is((await get(logs))[0], 401);
	t.is((await get(logs, clusterPki().client('kube-apiserver-kubelet-client')))[0], 401);
	t.is((await get(logs, pki.client('system:node:worker-1', 'system:nodes')))[0], 403);
	t.is((await get('/containerLogs/kube-system/join-service-control-1/operator', apiServer))[0], 404);
	t.is((await get('/containerLogs/default/join-service-control-1/join-service', apiServer))[0], 404);
	t.is((await get('/containerLogs/kube-system/..%2F..%2Fetc/passwd', apiServer))[0], 404);
	t.is((await get(`${logs}?previous=true`, apiServer))[0], 400);
	t.deepEqual(await get('/healthz'), [200, 'ok']);
	const renewed = pki.server();
	kubelet.renew(renewed.cert, renewed.key.reveal());
	t.is((await get(logs, apiServer))[0], 200);
});
