import test from 'ava';
import {type Answer, startTestServer, type TestServer} from '../../helpers/api-server.ts';
import {openWatch} from '../../helpers/watch-stream.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const merge = {'Content-Type': 'application/merge-patch+json'};

type Shown = {metadata: {name: string; resourceVersion: string; uid: string; [field: string]: unknown}; [field: string]: unknown};

let server: TestServer;
test.before(async () => {
	server = await startTestServer();
});
test.after.always(() => server.close());

const post = (path: string, body: unknown) => server.request(path, {method: 'POST', body});
const put = (path: string, body: unknown) => server.request(path, {method: 'PUT', body});
const patch = (path: string, body: unknown) => server.request(path, {method: 'PATCH', body, headers: merge});
const remove = (path: string, body?: unknown) => server.request(path, {method: 'DELETE', ...(body !== undefined && {body})});
const shown = (answer: Answer) => answer.json as Shown;
const reason = (answer: Answer) => [answer.status, (answer.json as {reason?: string}).reason];

/** Resolves when the object at a path is gone. */
async function gone(collection: string, name: string): Promise<void> {
	const stream = await openWatch(server, `${collection}?watch=true&fieldSelector=metadata.name%3D${name}`);
	while ((await server.request(`${collection}/${name}`)).status !== 404) await stream.until(stream.events.length + 1);
	stream.close();
}

test('many writers of one object, on two servers: every patch counts', async t => {
	const other = await server.another();
	t.teardown(() => other.close());
	await post(maps, {metadata: {name: 'counted'}});
	const keys = Array.from({length: 30}, (_, index) => `k${index}`);
	const answers = await Promise.all(
		keys.map((key, index) =>
			(index % 2 === 0 ? server : other).request(`${maps}/counted`, {
				method: 'PATCH',
				body: {data: {[key]: '1'}},
				headers: merge,
			}),
		),
	);
	t.true(answers.every(({status}) => status === 200));
	t.deepEqual(Object.keys(shown(await server.request(`${maps}/counted`))['data'] as object).sort(), [...keys].sort());
});

test('a writer that names its revision loses against a faster one', async t => {
	const made = shown(await post(maps, {metadata: {name: 'raced'}}));
	const answers = await Promise.all([1, 2, 3].map(n => put(`${maps}/raced`, {...made, data: {n: String(n)}})));
	t.deepEqual(answers.map(({status}) => status).sort(), [200, 409, 409]);
	t.deepEqual(
		reason(await patch(`${maps}/raced`, {metadata: {resourceVersion: made.metadata.resourceVersion}, data: {n: '4'}})),
		[409, 'Conflict'],
	);
});

test('a write that changes nothing keeps the revision, dry runs leave no trace', async t => {
	const made = shown(await post(maps, {metadata: {name: 'same'}, data: {a: '1'}}));
	t.is(shown(await patch(`${maps}/same`, {data: {a: '1'}})).metadata.resourceVersion, made.metadata.resourceVersion);
	t.is(shown(await put(`${maps}/same`, made)).metadata.resourceVersion, made.metadata.resourceVersion);
	t.is((await patch(`${maps}/same?dryRun=All`, {data: {a: '2'}})).status, 200);
	t.deepEqual(shown(await server.request(`${maps}/same`))['data'], {a: '1'});
	t.is((await post(`${maps}?dryRun=All`, {metadata: {name: 'never'}})).status, 201);
	t.is((await server.request(`${maps}/never`)).status, 404);
	t.is((await remove(`${maps}/same?dryRun=All`)).status, 200);
	t.is((await server.request(`${maps}/same`)).status, 200);
});

test('a namespace goes with all it holds, waits for finalizers, and takes nothing new meanwhile', async t => {
	await post('/api/v1/namespaces', {metadata: {name: 'leaving'}});
	const inside = '/api/v1/namespaces/leaving';
	t.is((await server.request(`${inside}/serviceaccounts/default`)).status, 200);
	await post(`${inside}/configmaps`, {metadata: {name: 'plain'}});
	await post(`${inside}/secrets`, {metadata: {name: 'held', finalizers: ['demo.example.test/hold']}});
	const terminating = shown(await remove(inside));
	t.like(terminating, {status: {phase: 'Terminating'}});
	t.deepEqual(reason(await post(`${inside}/configmaps`, {metadata: {name: 'late'}})), [403, 'Forbidden']);
	await gone(`${inside}/configmaps`, 'plain');
	t.is((await server.request(inside)).status, 200, 'held by the secret');
	await patch(`${inside}/secrets/held`, {metadata: {finalizers: null}});
	await gone('/api/v1/namespaces', 'leaving');
	t.deepEqual(reason(await post(`${inside}/configmaps`, {metadata: {name: 'after'}})), [404, 'NotFound']);
	t.is((await server.request('/api/v1/namespaces/leaving/serviceaccounts')).status, 200);
	t.deepEqual(reason(await remove('/api/v1/namespaces/kube-system')), [403, 'Forbidden']);
});

test('finalizers hold a deleted object; new ones come too late', async t => {
	await post(maps, {metadata: {name: 'held', finalizers: ['a.example.test/x', 'b.example.test/x']}});
	t.is(typeof shown(await remove(`${maps}/held`)).metadata['deletionTimestamp'], 'string');
	const patched = shown(
		await patch(`${maps}/held`, {metadata: {finalizers: ['b.example.test/x', 'c.example.test/x'], deletionTimestamp: null}}),
	);
	t.deepEqual(patched.metadata['finalizers'], ['b.example.test/x']);
	t.is(typeof patched.metadata['deletionTimestamp'], 'string');
	t.is((await patch(`${maps}/held`, {metadata: {finalizers: []}})).status, 200);
	t.is((await server.request(`${maps}/held`)).status, 404);
});

test('what belongs to a deleted object goes with it, unless it is to be orphaned or has another owner', async t => {
	const owner = async (name: string) => {
		const {metadata} = shown(await post(maps, {metadata: {name}}));
		return {apiVersion: 'v1', kind: 'ConfigMap', name, uid: metadata.uid};
	};
	const [one, two, three] = [await owner('one'), await owner('two'), await owner('three')];
	await post(maps, {metadata: {name: 'of-one', ownerReferences: [one]}});
	await post(maps, {metadata: {name: 'of-both', ownerReferences: [one, two]}});
	await post(maps, {metadata: {name: 'of-three', ownerReferences: [three]}});
	await remove(`${maps}/one`, {propagationPolicy: 'Background'});
	await gone(maps, 'of-one');
	const stream = await openWatch(server, `${maps}?watch=true&fieldSelector=metadata.name%3Dof-three`);
	await remove(`${maps}/three`, {propagationPolicy: 'Orphan'});
	const events = await stream.until(2);
	stream.close();
	t.is(events[1]?.object.metadata['ownerReferences'], undefined);
	t.deepEqual(shown(await server.request(`${maps}/of-both`)).metadata['ownerReferences'], [two]);
	t.deepEqual(reason(await post(maps, {metadata: {name: 'bad', ownerReferences: [{uid: 'x'}]}})), [422, 'Invalid']);
});

test('Secrets and ConfigMaps: text, types, immutability, keys', async t => {
	const secrets = '/api/v1/namespaces/default/secrets';
	const made = shown(await post(secrets, {metadata: {name: 's'}, stringData: {p: 'q'}, data: {a: 'Yg=='}}));
	t.like(made, {type: 'Opaque', data: {a: 'Yg==', p: 'cQ=='}});
	t.is(made['stringData'], undefined);
	t.deepEqual(reason(await patch(`${secrets}/s`, {type: 'other'})), [422, 'Invalid']);
	t.is((await patch(`${secrets}/s`, {immutable: true})).status, 200);
	t.deepEqual(reason(await patch(`${secrets}/s`, {stringData: {p: 'r'}})), [422, 'Invalid']);
	t.deepEqual(reason(await patch(`${secrets}/s`, {immutable: false})), [422, 'Invalid']);
	t.is((await patch(`${secrets}/s`, {metadata: {labels: {still: 'fine'}}})).status, 200);
	t.deepEqual(reason(await post(maps, {metadata: {name: 'keys'}, data: {'../x': '1'}})), [422, 'Invalid']);
});

test("certificate requests: who asked is the server's word, and only approval approves", async t => {
	const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
	const spec = {
		request: 'eA==',
		signerName: 'example.test/x',
		usages: ['client auth'],
		username: 'root',
		groups: ['system:masters'],
	};
	const node = server.identity('system:node:n1', 'system:nodes');
	const made = await server.request(path, {method: 'POST', body: {metadata: {name: 'csr'}, spec}, identity: node});
	t.like(shown(made)['spec'], {username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated']});
	const approved = {conditions: [{type: 'Approved', status: 'True', reason: 'x', message: 'y'}]};
	t.is((await patch(`${path}/csr`, {status: approved, spec: {username: 'root'}})).status, 200);
	t.like(shown(await server.request(`${path}/csr`)), {spec: {username: 'system:node:n1'}});
	await patch(`${path}/csr/status`, {status: {...approved, certificate: 'eQ=='}});
	const signed = shown(await server.request(`${path}/csr`))['status'] as {certificate?: string; conditions?: object[]};
	t.deepEqual([signed.certificate, signed.conditions], ['eQ==', undefined]);
	await patch(`${path}/csr/approval`, {status: {...approved, certificate: 'eg=='}});
	const decided = shown(await server.request(`${path}/csr`))['status'] as {certificate?: string; conditions?: {type: string}[]};
	t.deepEqual([decided.certificate, decided.conditions?.map(({type}) => type)], ['eQ==', ['Approved']]);
	t.is((await server.request(`${path}/csr/approval`, {method: 'PUT', body: shown(made), identity: node})).status, 403);
});

test('events are the same objects in both groups', async t => {
	const old = '/api/v1/namespaces/default/events';
	const current = '/apis/events.k8s.io/v1/namespaces/default/events';
	const involved = {kind: 'Node', name: 'n1', uid: 'u'};
	await post(old, {
		metadata: {name: 'e1'},
		involvedObject: involved,
		message: 'hello',
		reason: 'Started',
		type: 'Normal',
		count: 2,
	});
	t.like(shown(await server.request(`${current}/e1`)), {
		apiVersion: 'events.k8s.io/v1',
		regarding: involved,
		note: 'hello',
		deprecatedCount: 2,
	});
	await post(current, {
		metadata: {name: 'e2'},
		regarding: involved,
		note: 'again',
		reason: 'Stopped',
		type: 'Warning',
		eventTime: '2025-01-01T00:00:00.000000Z',
	});
	t.like(shown(await server.request(`${old}/e2`)), {apiVersion: 'v1', involvedObject: involved, message: 'again'});
	const list = async (path: string) =>
		((await server.request(path)).json as {items: Shown[]}).items.map(({metadata}) => metadata.name);
	t.deepEqual(await list(`${old}?fieldSelector=involvedObject.name%3Dn1,reason%3DStarted`), ['e1']);
	t.deepEqual(await list(`${current}?fieldSelector=regarding.name%3Dn1,type%3DWarning`), ['e2']);
	t.deepEqual(await list(`${old}?fieldSelector=involvedObject.name%3Dn1,involvedObject.namespace%3D`), ['e1', 'e2']);
	await patch(`${current}/e1`, {series: {count: 3, lastObservedTime: '2025-01-01T00:00:00.000000Z'}});
	t.like(shown(await server.request(`${old}/e1`)), {message: 'hello', series: {count: 3}});
});

test('bodies are bounded in size and depth', async t => {
	const big = await post(maps, {metadata: {name: 'big'}, data: {a: 'x'.repeat(3 * 1024 * 1024)}});
	t.deepEqual(reason(big), [413, 'RequestEntityTooLarge']);
	const unsaid = {metadata: {name: 'big'}, data: {a: 'x'.repeat(3 * 1024 * 1024)}};
	t.deepEqual(reason(await server.request(maps, {method: 'POST', body: unsaid, chunked: true})), [413, 'RequestEntityTooLarge']);
	t.is((await server.request(maps, {method: 'POST', body: {metadata: {name: 'chunked'}}, chunked: true})).status, 201);
	const deep = await server.request(maps, {method: 'POST', raw: `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`});
	t.deepEqual(reason(deep), [400, 'BadRequest']);
	const bomb = `a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\nmetadata: {name: bomb}`;
	const yaml = await server.request(maps, {method: 'POST', raw: bomb, headers: {'Content-Type': 'application/yaml'}});
	t.deepEqual(reason(yaml), [400, 'BadRequest']);
	const twice = await server.request(`${maps}?fieldValidation=Strict`, {
		method: 'POST',
		raw: '{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}',
	});
	t.regex(twice.text, /duplicate field \\"data\.a\\"/);
	const warned = await server.request(maps, {method: 'POST', raw: '{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}'});
	t.is(warned.headers['warning'], '299 - "duplicate field \\"data.a\\""');
	t.deepEqual(shown(warned)['data'], {a: '2'});
});

test('two servers that start on a new store at once agree', async t => {
	const fresh = await startTestServer();
	t.teardown(() => fresh.close());
	const servers = await Promise.all([fresh.another(), fresh.another(), fresh.another()]);
	t.teardown(() => Promise.all(servers.map(one => one.close())));
	const lists = await Promise.all(servers.map(one => one.request('/api/v1/namespaces')));
	t.deepEqual(
		lists.map(({json}) => (json as {items: Shown[]}).items.map(({metadata}) => metadata.name)),
		lists.map(() => ['default', 'kube-node-lease', 'kube-public', 'kube-system']),
	);
});
