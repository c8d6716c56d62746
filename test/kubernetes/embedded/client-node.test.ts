import {
	CoreV1Api,
	KubeConfig,
	KubernetesObjectApi,
	makeInformer,
	PatchStrategy,
	setHeaderOptions,
	V1ConfigMap,
	V1ObjectMeta,
} from '@kubernetes/client-node';
import test from 'ava';
import {kubeClient} from '../../../src/kubernetes/client.ts';
import {KubeError} from '../../../src/kubernetes/kube.ts';
import {startTestServer, type TestServer} from '../../helpers/api-server.ts';

let server: TestServer;
let config: KubeConfig;
test.before(async () => {
	server = await startTestServer();
	config = new KubeConfig();
	config.loadFromFile(await server.kubeconfig());
});
test.after.always(() => server.close());

function configMap(metadata: Partial<V1ObjectMeta>, data?: Record<string, string>): V1ConfigMap {
	const named = Object.assign(new V1ObjectMeta(), metadata);
	return Object.assign(new V1ConfigMap(), {apiVersion: 'v1', kind: 'ConfigMap', metadata: named, ...(data && {data})});
}

test('the Kubernetes client: informer, patches, errors', async t => {
	const core = config.makeApiClient(CoreV1Api);
	const namespace = 'default';
	await core.createNamespacedConfigMap({namespace, body: configMap({name: 'before', labels: {informed: 'yes'}})});
	const informer = makeInformer<V1ConfigMap>(
		config,
		`/api/v1/namespaces/${namespace}/configmaps`,
		() => core.listNamespacedConfigMap({namespace, labelSelector: 'informed=yes'}),
		'informed=yes',
	);
	t.teardown(() => informer.stop());
	const seen: string[] = [];
	let wake: () => void = () => undefined;
	const note = (kind: string) => (object: V1ConfigMap) => {
		seen.push(`${kind} ${object.metadata?.name ?? ''}`);
		wake();
	};
	informer.on('add', note('add'));
	informer.on('update', note('update'));
	informer.on('delete', note('delete'));
	await informer.start();
	const until = async (entry: string) => {
		while (!seen.includes(entry)) {
			await new Promise<void>(resolve => {
				wake = resolve;
			});
		}
	};
	await until('add before');
	await core.createNamespacedConfigMap({namespace, body: configMap({name: 'after', labels: {informed: 'yes'}}, {a: '1'})});
	await until('add after');
	const patched = await core.patchNamespacedConfigMap(
		{name: 'after', namespace, body: {data: {b: '2'}}},
		setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
	);
	t.deepEqual(patched.data, {a: '1', b: '2'});
	await until('update after');
	const operations = [{op: 'replace', path: '/data/a', value: '3'}];
	const again = await core.patchNamespacedConfigMap(
		{name: 'after', namespace, body: operations},
		setHeaderOptions('Content-Type', PatchStrategy.JsonPatch),
	);
	t.deepEqual(again.data, {a: '3', b: '2'});
	const objects = KubernetesObjectApi.makeApiClient(config);
	const applied = await objects.patch<V1ConfigMap>(
		configMap({name: 'after', namespace}, {c: '4'}),
		undefined,
		undefined,
		'tester',
		true,
		PatchStrategy.ServerSideApply,
	);
	t.deepEqual(applied.data, {a: '3', b: '2', c: '4'});
	await core.deleteNamespacedConfigMap({name: 'after', namespace});
	await until('delete after');
	const error = await t.throwsAsync(core.readNamespacedConfigMap({name: 'after', namespace}));
	t.is((error as Error & {code?: number}).code, 404);
});

test('the small client of the services: the same, and two writers settle a conflict', async t => {
	const address = `https://127.0.0.1:${server.port}`;
	const {cert, key} = server.admin;
	const kube = kubeClient({server: address, ca: server.authority.certificate, cert, key});
	const maps = {version: 'v1', plural: 'configmaps', namespace: 'kube-public'};
	const made = await kube.create(maps, {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'shared'}, data: {n: '0'}});
	const stop = new AbortController();
	const {resourceVersion} = await kube.list(maps);
	const events = kube.watch(maps, {resourceVersion, signal: stop.signal})[Symbol.asyncIterator]();
	await kube.update(maps, {...made, data: {n: '1'}});
	const conflict = await t.throwsAsync(kube.update(maps, {...made, data: {n: '2'}}), {instanceOf: KubeError});
	t.deepEqual([conflict.code, conflict.reason], [409, 'Conflict']);
	await kube.patch(maps, 'shared', {data: {m: '1'}}, 'strategic');
	await kube.patch(maps, 'shared', {apiVersion: 'v1', kind: 'ConfigMap', data: {k: '1'}}, 'apply');
	await kube.delete(maps, 'shared');
	const types: string[] = [];
	while (types.length < 4) {
		const next = await events.next();
		types.push(next.done === true ? 'end' : next.value.type);
	}
	t.deepEqual(types, ['MODIFIED', 'MODIFIED', 'MODIFIED', 'DELETED']);
	stop.abort();
	await t.throwsAsync(kube.get(maps, 'shared'), {instanceOf: KubeError, message: /not found/});
	const review = await kube.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
		spec: {user: 'nobody', resourceAttributes: {verb: 'watch', group: 'update.edgeless.systems', resource: 'joiningnodes'}},
	});
	t.like(review, {status: {allowed: false}});
});
