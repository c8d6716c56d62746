import test, {type ExecutionContext} from 'ava';
import {createCsr} from '../../src/keys/csr.ts';
import {toPem} from '../../src/keys/pem.ts';
import {generateKeys} from '../../src/keys/pki.ts';
import {kubeClient} from '../../src/kubernetes/client.ts';
import {isReady} from '../../src/kubernetes/conditions.ts';
import type {Kube} from '../../src/kubernetes/kube.ts';
import {baseManifests, createMissing} from '../../src/kubernetes/manifests.ts';
import {inNamespace, resources} from '../../src/kubernetes/resources.ts';
import {serviceUser} from '../../src/kubernetes/roles.ts';
import {waitFor} from '../../src/kubernetes/wait.ts';
import {type Instance, type ServiceName, serviceNames} from '../../src/services/host.ts';
import {mirrorPod} from '../../src/services/kubelet/pods.ts';
import {missing} from '../../src/services/missing.ts';
import {cleanNodes, cleanTokens} from '../../src/services/operator/garbage.ts';
import {leaderElection} from '../../src/services/operator/leader.ts';
import {nodeLifecycle} from '../../src/services/operator/lifecycle.ts';
import {main} from '../../src/services/operator/main.ts';
import {startTestServer} from '../helpers/api-server.ts';

const secrets = inNamespace(resources.secrets, 'kube-system');
const pods = inNamespace(resources.pods, 'kube-system');
const leases = inNamespace(resources.leases, 'kube-node-lease');

/** A cluster with its roles, and clients for the administrator and the operator's own identity. */
const newCluster = async (t: ExecutionContext) => {
	const server = await startTestServer();
	t.teardown(() => server.close());
	const url = `https://127.0.0.1:${server.port}`;
	const ca = server.authority.certificate;
	const as = (name: string, group: string): Kube => kubeClient({server: url, ca, ...server.identity(name, group)});
	const kube = as('admin', 'system:masters');
	await createMissing(kube, baseManifests());
	return {server, url, ca, kube, operator: as(serviceUser('operator'), 'system:serviceaccounts')};
};

const addNode = async (kube: Kube, name: string) => {
	const node = await kube.create(resources.nodes, {apiVersion: 'v1', kind: 'Node', metadata: {name}});
	const conditions = [{type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z'}];
	const addresses = [{type: 'InternalIP', address: '127.0.0.1'}];
	await kube.patch(resources.nodes, name, {status: {conditions, addresses}}, 'strategic', 'status');
	return node;
};

const renew = async (kube: Kube, name: string, renewTime: string) => {
	const patched = await kube.patch(leases, name, {spec: {renewTime}}, 'merge').catch(missing);
	const apiVersion = 'coordination.k8s.io/v1';
	if (patched === undefined) await kube.create(leases, {apiVersion, kind: 'Lease', metadata: {name}, spec: {renewTime}});
};

const addJoining = (kube: Kube, name: string, node: string, deadline: string) =>
	kube.create(resources.joiningNodes, {
		apiVersion: 'update.edgeless.systems/v1alpha1',
		kind: 'JoiningNode',
		metadata: {name},
		spec: {name: node, componentsreference: 'k8s-components-sha256-0', iscontrolplane: name === 'control-plane', deadline},
	});

const taintsOf = async (kube: Kube, name: string) => {
	const {spec} = await kube.get(resources.nodes, name);
	return ((spec as {taints?: {key: string; effect: string}[]} | undefined)?.taints ?? []).map(
		({key, effect}) => `${key}:${effect}`,
	);
};

test('the running operator ends joins, signs certificates, removes what is left over: with its own rights', async t => {
	const {server, url, ca, kube} = await newCluster(t);
	const {cert, key} = server.identity(serviceUser('operator'), 'system:serviceaccounts');
	const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
	await addJoining(kube, 'late-1', 'late-1', '2020-01-01T00:00:00Z');
	await addJoining(kube, 'control-plane', 'control-2', '2999-01-01T00:00:00Z');
	const stop = await main({
		name: 'control-1',
		kube: {server: url, ca, cert, key: base64(key.reveal())},
		ca: {cert: ca, key: base64(server.authority.key.reveal())},
	});
	t.teardown(stop);
	const names = async () => (await kube.list(resources.joiningNodes)).items.map(({metadata}) => metadata.name);
	const until = (name: string, check: () => Promise<boolean>) =>
		waitFor({name, check: async () => ((await check()) ? true : undefined)}, {timeoutMs: 20_000, intervalMs: 20});
	await until('the late one is gone', async () => (await names()).join() === 'control-plane');
	await addNode(kube, 'control-2');
	await until('the join has ended', async () => (await names()).length === 0);
	const {metadata} = await kube.get(resources.nodes, 'control-2');
	t.is(metadata.annotations?.['constellation.edgeless.systems/kubernetes-components'], 'k8s-components-sha256-0');

	const keys = generateKeys();
	const csr = createCsr(keys, {organization: 'system:nodes', commonName: 'system:node:control-2'}, ['127.0.0.1']);
	const node = kubeClient({server: url, ca, ...server.identity('system:node:control-2', 'system:nodes')});
	await node.create(resources.certificateSigningRequests, {
		apiVersion: 'certificates.k8s.io/v1',
		kind: 'CertificateSigningRequest',
		metadata: {name: 'next'},
		spec: {
			signerName: 'constellation.edgeless.systems/kubelet',
			request: base64(Buffer.from(toPem('CERTIFICATE REQUEST', csr))),
			usages: ['client auth', 'server auth'],
		},
	});
	await until('the certificate is there', async () => {
		const {status} = await node.get(resources.certificateSigningRequests, 'next');
		return (status as {certificate?: string} | undefined)?.certificate !== undefined;
	});
});

test('a node that does not renew its lease is given up after 40 s, and taken back when it does', async t => {
	const {kube, operator} = await newCluster(t);
	await addNode(kube, 'worker-1');
	await renew(kube, 'worker-1', '2026-01-01T00:00:00.000000Z');
	let now = 0;
	const lifecycle = nodeLifecycle(() => now);
	const round = async () => lifecycle(operator, (await operator.list(resources.nodes)).items);
	for (; now < 40_000; now += 10_000) await round();
	t.true(isReady(await kube.get(resources.nodes, 'worker-1')));
	await round();
	t.false(isReady(await kube.get(resources.nodes, 'worker-1')));
	t.deepEqual(await taintsOf(kube, 'worker-1'), [
		'node.kubernetes.io/unreachable:NoSchedule',
		'node.kubernetes.io/unreachable:NoExecute',
	]);
	const conditions = [{type: 'Ready', status: 'True'}];
	await kube.patch(resources.nodes, 'worker-1', {status: {conditions}}, 'strategic', 'status');
	await renew(kube, 'worker-1', '2026-01-01T00:01:00.000000Z');
	await round();
	t.deepEqual(await taintsOf(kube, 'worker-1'), []);
});

test('a laptop that slept gives no node up: everybody gets the full time again', async t => {
	const {kube, operator} = await newCluster(t);
	await addNode(kube, 'worker-1');
	await renew(kube, 'worker-1', '2026-01-01T00:00:00.000000Z');
	let now = 0;
	const lifecycle = nodeLifecycle(() => now);
	const round = async () => lifecycle(operator, (await operator.list(resources.nodes)).items);
	await round();
	now += 8 * 3_600_000;
	await round();
	now += 10_000;
	await round();
	t.true(isReady(await kube.get(resources.nodes, 'worker-1')));
});

test('taints of others stay', async t => {
	const {kube, operator} = await newCluster(t);
	await addNode(kube, 'worker-1');
	const taints = [
		{key: 'mine', effect: 'NoSchedule'},
		{key: 'node.kubernetes.io/unreachable', effect: 'NoExecute'},
	];
	await kube.patch(resources.nodes, 'worker-1', {spec: {taints}}, 'merge');
	await nodeLifecycle()(operator, (await operator.list(resources.nodes)).items);
	t.deepEqual(await taintsOf(kube, 'worker-1'), ['mine:NoSchedule']);
});

test('one replica leads; another takes over when it falls silent, whatever the clocks say', async t => {
	const {operator} = await newCluster(t);
	let now = 0;
	const first = leaderElection('control-1', () => now);
	const second = leaderElection('control-2', () => now);
	t.true(await first(operator));
	t.false(await second(operator));
	now += 10_000;
	t.true(await first(operator));
	t.false(await second(operator));
	now += 14_000;
	t.false(await second(operator));
	now += 1000;
	t.true(await second(operator));
	t.false(await first(operator));
	t.true(await leaderElection('control-2', () => now)(operator), 'a replica that restarted goes on');
});

test('only bootstrap tokens whose time is over are deleted', async t => {
	const {kube, operator} = await newCluster(t);
	const add = (name: string, type: string, expiration?: string) =>
		kube.create(secrets, {
			apiVersion: 'v1',
			kind: 'Secret',
			type,
			metadata: {name},
			data: expiration === undefined ? {} : {expiration: Buffer.from(expiration).toString('base64')},
		});
	const token = 'bootstrap.kubernetes.io/token';
	await add('bootstrap-token-000000', token, '2020-01-01T00:00:00Z');
	await add('bootstrap-token-000001', token, '2999-01-01T00:00:00Z');
	await add('bootstrap-token-000002', token);
	await add('bootstrap-token-000003', token, 'never');
	await add('other', 'Opaque', '2020-01-01T00:00:00Z');
	await cleanTokens(operator);
	const left = (await kube.list(secrets)).items.map(({metadata}) => metadata.name);
	t.deepEqual(left, ['bootstrap-token-000001', 'bootstrap-token-000002', 'bootstrap-token-000003', 'other']);
});

test('pods and leases of nodes that are gone are deleted, those of others stay', async t => {
	const {server, url, ca, kube, operator} = await newCluster(t);
	for (const name of ['worker-1', 'worker-2']) {
		const node = await addNode(kube, name);
		await renew(kube, name, '2026-01-01T00:00:00.000000Z');
		const instance: Instance = {...nobody, name};
		const pod = mirrorPod('verification-service', instance, 'image', {uid: node.metadata.uid ?? ''});
		await kubeClient({server: url, ca, ...server.identity(`system:node:${name}`, 'system:nodes')}).create(pods, pod);
		const spec = {nodeName: name, containers: [{name: 'main', image: 'x'}]};
		await kube.create(pods, {apiVersion: 'v1', kind: 'Pod', metadata: {name: `guest-of-${name}`}, spec});
	}
	await kube.delete(pods, 'guest-of-worker-2');
	t.is((await kube.get(pods, 'guest-of-worker-2')).metadata['deletionGracePeriodSeconds'], 30, 'nobody is left to end it');
	await kube.delete(resources.nodes, 'worker-2');
	await cleanNodes(operator);
	const left = async (resource: typeof pods) => (await kube.list(resource)).items.map(({metadata}) => metadata.name);
	t.deepEqual(await left(leases), ['worker-1']);
	t.deepEqual(await left(pods), ['guest-of-worker-1', 'verification-service-worker-1']);
});

test('a node that registers while the operator looks keeps its lease', async t => {
	const {kube, operator} = await newCluster(t);
	const late: Kube = {
		...operator,
		async list(resource, options) {
			const listed = await operator.list(resource, options);
			if (resource.namespace !== leases.namespace) return listed;
			await addNode(kube, 'late-1');
			await renew(kube, 'late-1', '2026-01-01T00:00:00.000000Z');
			return operator.list(resource, options);
		},
	};
	await cleanNodes(late);
	t.is((await kube.get(leases, 'late-1')).metadata.name, 'late-1');
});

const nobody: Instance = {
	name: '',
	role: 'worker',
	uid: '',
	address: '127.0.0.1',
	providerId: '',
	endpoints: Object.fromEntries(serviceNames.map(service => [service, '127.0.0.1:1'])) as Record<ServiceName, string>,
};
