import {
	ApiException,
	CoordinationV1Api,
	CoreV1Api,
	CustomObjectsApi,
	KubeConfig,
	KubernetesObjectApi,
	makeInformer,
	PatchStrategy,
	setHeaderOptions,
	V1ConfigMap,
	V1Lease,
	V1LeaseSpec,
	type V1Node,
	V1ObjectMeta,
	Watch,
} from '@kubernetes/client-node';
import test, {type ExecutionContext} from 'ava';
import {startTestServer} from '../../helpers/api-server.ts';
import {registerNode} from '../../helpers/test-node.ts';
import {widgetDefinition} from '../../helpers/widget.ts';

/** The classes of the client have no constructor arguments. */
const made = <T extends object>(type: new () => T, fields: Partial<T>): T => Object.assign(new type(), fields);

async function setUp(t: ExecutionContext) {
	const server = await startTestServer();
	t.teardown(() => server.close());
	const config = new KubeConfig();
	config.loadFromFile(await server.kubeconfig());
	return {server, config, core: config.makeApiClient(CoreV1Api)};
}

test('an informer sees nodes come, change and go', async t => {
	const {server, config, core} = await setUp(t);
	await registerNode(server, 'node-1');
	const seen: string[] = [];
	let advance = () => {};
	const informer = makeInformer<V1Node>(config, '/api/v1/nodes', () => core.listNode());
	for (const event of ['add', 'update', 'delete'] as const) {
		informer.on(event, node => {
			seen.push(`${event} ${node.metadata?.name}`);
			advance();
		});
	}
	const until = async (wanted: string) => {
		while (!seen.includes(wanted)) await new Promise<void>(resolve => (advance = resolve));
	};
	await informer.start();
	t.teardown(() => informer.stop());
	await until('add node-1');
	await registerNode(server, 'node-2');
	await until('add node-2');
	await core.patchNode(
		{name: 'node-1', body: {metadata: {labels: {tier: 'a'}}}},
		setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
	);
	await until('update node-1');
	t.is(informer.get('node-1')?.metadata?.labels?.['tier'], 'a');
	await core.deleteNode({name: 'node-2'});
	await until('delete node-2');
	t.deepEqual(
		informer.list().map(node => node.metadata?.name),
		['node-1'],
	);
});

test('objects are made, read, patched in three ways, replaced and deleted', async t => {
	const {core} = await setUp(t);
	const at = {name: 'settings', namespace: 'default'};
	const metadata = made(V1ObjectMeta, {name: 'settings', labels: {a: 'b'}});
	const body = made(V1ConfigMap, {metadata, data: {x: '1'}});
	const created = await core.createNamespacedConfigMap({namespace: 'default', body});
	t.is(created.data?.['x'], '1');
	const patch = (patchBody: object, strategy: PatchStrategy) =>
		core.patchNamespacedConfigMap({...at, body: patchBody}, setHeaderOptions('Content-Type', strategy));
	t.deepEqual((await patch([{op: 'replace', path: '/data/x', value: '2'}], PatchStrategy.JsonPatch)).data, {x: '2'});
	t.deepEqual((await patch({data: {x: null, y: '3'}}, PatchStrategy.MergePatch)).data, {y: '3'});
	t.deepEqual((await patch({data: {z: '4'}}, PatchStrategy.StrategicMergePatch)).data, {y: '3', z: '4'});

	const stale = await t.throwsAsync(
		core.replaceNamespacedConfigMap({...at, body: made(V1ConfigMap, {metadata: created.metadata as V1ObjectMeta, data: {}})}),
		{instanceOf: ApiException},
	);
	t.is((stale as ApiException<unknown>).code, 409);
	const list = await core.listNamespacedConfigMap({
		namespace: 'default',
		labelSelector: 'a=b',
		fieldSelector: 'metadata.name=settings',
	});
	t.is(list.items.length, 1);
	await core.deleteNamespacedConfigMap(at);
	const gone = await t.throwsAsync(core.readNamespacedConfigMap(at), {instanceOf: ApiException});
	t.is((gone as ApiException<unknown>).code, 404);
});

test('a watch reports what happens after a list', async t => {
	const {config, core} = await setUp(t);
	const {metadata: listed} = await core.listNamespacedConfigMap({namespace: 'default'});
	const seen = Promise.withResolvers<string>();
	const query = {resourceVersion: listed?.resourceVersion ?? ''};
	const request = await new Watch(config).watch(
		'/api/v1/namespaces/default/configmaps',
		query,
		(type, object: {metadata: {name: string}}) => seen.resolve(`${type} ${object.metadata.name}`),
		error => seen.reject(error ?? new Error('the watch ended')),
	);
	await core.createNamespacedConfigMap({
		namespace: 'default',
		body: made(V1ConfigMap, {metadata: made(V1ObjectMeta, {name: 'late'})}),
	});
	t.is(await seen.promise, 'ADDED late');
	request.abort();
});

test('generic and custom object clients find their kinds by discovery', async t => {
	const {config, server} = await setUp(t);
	const objects = KubernetesObjectApi.makeApiClient(config);
	await objects.create({
		apiVersion: 'v1',
		kind: 'Secret',
		metadata: {name: 's', namespace: 'default'},
		stringData: {a: 'b'},
	} as never);
	const secret = (await objects.read({apiVersion: 'v1', kind: 'Secret', metadata: {name: 's', namespace: 'default'}})) as {
		data?: object;
	};
	t.deepEqual(secret.data, {a: 'Yg=='});
	await server.request('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {method: 'POST', body: widgetDefinition});
	const at = {group: 'demo.example.test', version: 'v1', namespace: 'default', plural: 'widgets'};
	const body = {apiVersion: 'demo.example.test/v1', kind: 'Widget', metadata: {name: 'w'}, spec: {size: 1}};
	const custom = config.makeApiClient(CustomObjectsApi);
	await custom.createNamespacedCustomObject({...at, body});
	const found = (await custom.getNamespacedCustomObject({...at, name: 'w'})) as {spec: object};
	t.deepEqual(found.spec, {size: 1, color: 'red'});
});

test('a lease is taken, held and renewed', async t => {
	const {config} = await setUp(t);
	const leases = config.makeApiClient(CoordinationV1Api);
	const fields = {holderIdentity: 'one', leaseDurationSeconds: 15};
	const spec = made(V1LeaseSpec, fields);
	const metadata = made(V1ObjectMeta, {name: 'leader'});
	const at = {namespace: 'default', name: 'leader'};
	const lease = await leases.createNamespacedLease({namespace: 'default', body: made(V1Lease, {metadata, spec})});
	const renewed = await leases.replaceNamespacedLease({
		...at,
		body: made(V1Lease, {metadata: lease.metadata as V1ObjectMeta, spec: made(V1LeaseSpec, {...fields, leaseTransitions: 1})}),
	});
	t.is(renewed.spec?.leaseTransitions, 1);
	const raced = await t.throwsAsync(leases.replaceNamespacedLease({...at, body: lease}), {instanceOf: ApiException});
	t.is((raced as ApiException<unknown>).code, 409);
});
