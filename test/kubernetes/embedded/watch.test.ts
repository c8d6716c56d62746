import test from 'ava';
import {textOf} from '../../../src/kubernetes/embedded/types.ts';
import {startTestServer, type TestServer} from '../../helpers/api-server.ts';
import {openWatch, type StreamEvent} from '../../helpers/watch-stream.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

let server: TestServer;
test.before(async () => {
	server = await startTestServer();
});
test.after.always(() => server.close());

async function create(name: string, labels: Record<string, string> = {}, collection = maps): Promise<string> {
	const made = await server.request(collection, {method: 'POST', body: {metadata: {name, labels}}});
	return revisionOf(made.json);
}

async function label(name: string, labels: Record<string, string | null>): Promise<string> {
	const headers = {'Content-Type': 'application/merge-patch+json'};
	const patched = await server.request(`${maps}/${name}`, {method: 'PATCH', body: {metadata: {labels}}, headers});
	return revisionOf(patched.json);
}

const remove = (name: string) => server.request(`${maps}/${name}`, {method: 'DELETE'});

function revisionOf(value: unknown): string {
	const {metadata} = value as {metadata: {resourceVersion: string}};
	return metadata.resourceVersion;
}

const short = (events: readonly StreamEvent[]) =>
	events.map(({type, object}) => `${type} ${textOf(object.metadata['name'] ?? object.kind)}`);

test.serial('events after a revision come in order, with the final state of what was deleted', async t => {
	const start = await create('first');
	const stream = await openWatch(server, `${maps}?watch=true&resourceVersion=${start}`);
	await create('second', {a: '1'});
	await label('second', {a: '2'});
	await remove('second');
	const events = await stream.until(3);
	t.deepEqual(short(events), ['ADDED second', 'MODIFIED second', 'DELETED second']);
	const revisions = events.map(({object}) => Number(object.metadata['resourceVersion']));
	t.deepEqual(
		revisions,
		[...revisions].sort((left, right) => left - right),
		'a deletion has a revision of its own',
	);
	t.deepEqual(events[2]?.object.metadata['labels'], {a: '2'});
	stream.close();
	const replayed = await openWatch(server, `${maps}?watch=true&resourceVersion=${start}&timeoutSeconds=1`);
	t.deepEqual(short(await replayed.until(3)), short(events), 'history gives the same again');
	await replayed.ended;
});

test.serial('without a revision what exists comes first', async t => {
	const stream = await openWatch(server, `${maps}?watch=true`);
	t.deepEqual(short(await stream.until(1)), ['ADDED first']);
	await create('third');
	t.deepEqual(short(await stream.until(2)), ['ADDED first', 'ADDED third']);
	stream.close();
	await remove('third');
});

test.serial('with a selector, objects come and go as they start and stop to match', async t => {
	const start = await create('moving', {w: '1'});
	const stream = await openWatch(server, `${maps}?watch=true&resourceVersion=${start}&labelSelector=w%3D1`);
	const left = await label('moving', {w: '2'});
	await label('moving', {other: 'x'});
	await label('moving', {w: '1'});
	await label('moving', {other: 'y'});
	await remove('moving');
	const events = await stream.until(4);
	t.deepEqual(short(events), ['DELETED moving', 'ADDED moving', 'MODIFIED moving', 'DELETED moving']);
	t.deepEqual(events[0]?.object.metadata['labels'], {w: '1'}, 'its last matching state');
	t.is(events[0]?.object.metadata['resourceVersion'], left, 'at the revision of the change');
	stream.close();
});

test.serial('a streaming list ends its first part with a bookmark', async t => {
	const query = 'watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
	const stream = await openWatch(server, `${maps}?${query}`);
	const events = await stream.until(2);
	t.deepEqual(short(events), ['ADDED first', 'BOOKMARK ConfigMap']);
	t.deepEqual(events[1]?.object.metadata['annotations'], {'k8s.io/initial-events-end': 'true'});
	stream.close();
	const refused = await server.request(`${maps}?watch=true&sendInitialEvents=true`);
	t.is(refused.status, 422);
});

test.serial('the server ends a watch in time, after a bookmark', async t => {
	const {json} = await server.request(maps);
	const stream = await openWatch(
		server,
		`${maps}?watch=true&allowWatchBookmarks=true&timeoutSeconds=2&resourceVersion=${revisionOf(json)}`,
	);
	await stream.ended;
	t.deepEqual(short(stream.events), ['BOOKMARK ConfigMap']);
});

test.serial('Tables: columns stand in the first event only', async t => {
	const stream = await openWatch(server, `${maps}?watch=true&resourceVersion=0`, {accept: table});
	await create('shown');
	const events = await stream.until(2);
	t.deepEqual(
		events.map(({object}) => [object.kind, Array.isArray(object['columnDefinitions'])]),
		[
			['Table', true],
			['Table', false],
		],
	);
	stream.close();
	await remove('shown');
	const refused = await server.request(`${maps}?watch=true&allowWatchBookmarks=true`, {headers: {Accept: table}});
	t.is(refused.status, 406);
});

test.serial('a watch of one name and one of all namespaces', async t => {
	const {json} = await server.request(maps);
	const one = await openWatch(server, `${maps}?watch=1&fieldSelector=metadata.name%3Dseen&resourceVersion=${revisionOf(json)}`);
	const all = await openWatch(server, `/api/v1/configmaps?watch=1&resourceVersion=${revisionOf(json)}`);
	await create('unseen');
	await create('elsewhere', {}, '/api/v1/namespaces/kube-public/configmaps');
	await create('seen');
	t.deepEqual(short(await one.until(1)), ['ADDED seen']);
	t.deepEqual(short(await all.until(3)), ['ADDED unseen', 'ADDED elsewhere', 'ADDED seen']);
	one.close();
	all.close();
	await remove('seen');
	await remove('unseen');
});

test.serial('writes of another API server on the same store arrive', async t => {
	const other = await server.another();
	t.teardown(() => other.close());
	const {json} = await server.request(maps);
	const stream = await openWatch(server, `${maps}?watch=true&resourceVersion=${revisionOf(json)}`);
	const names = Array.from({length: 20}, (_, index) => `both-${String(index).padStart(2, '0')}`);
	await Promise.all(
		names.map((name, index) => (index % 2 === 0 ? server : other).request(maps, {method: 'POST', body: {metadata: {name}}})),
	);
	const events = await stream.until(20);
	t.deepEqual(
		short(events).sort(),
		names.map(name => `ADDED ${name}`),
	);
	const revisions = events.map(({object}) => Number(object.metadata['resourceVersion']));
	t.deepEqual(
		revisions,
		[...revisions].sort((left, right) => left - right),
	);
	stream.close();
	await server.request(`${maps}?fieldSelector=metadata.name%21%3Dfirst`, {method: 'DELETE'});
});

test.serial('a client that leaves is forgotten', async t => {
	const stream = await openWatch(server, `${maps}?watch=true`);
	stream.close();
	await stream.ended;
	await create('after');
	t.is((await remove('after')).status, 200);
});
