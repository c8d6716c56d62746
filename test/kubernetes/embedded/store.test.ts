import {fork} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {mkdtemp, readFile, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import test, {type ExecutionContext} from 'ava';
import {internalError} from '../../../src/kubernetes/embedded/http/status.ts';
import {createCollector} from '../../../src/kubernetes/embedded/objects/collector.ts';
import {createRegistry} from '../../../src/kubernetes/embedded/objects/registry.ts';
import {openDatabase} from '../../../src/kubernetes/embedded/store/database.ts';
import {createFeed} from '../../../src/kubernetes/embedded/store/feed.ts';
import {createSeal} from '../../../src/kubernetes/embedded/store/seal.ts';
import {
	type Change,
	Compacted,
	createStore,
	type Key,
	type Store,
	WriteConflict,
} from '../../../src/kubernetes/embedded/store/store.ts';
import type {ApiObject} from '../../../src/kubernetes/embedded/types.ts';
import {Secret} from '../../../src/secret.ts';
import {eventually} from '../../helpers/eventually.ts';

type Opened = {store: Store; path: string; key: Secret; open: (key?: Secret) => Store};

async function opened(t: ExecutionContext, now: () => number = Date.now): Promise<Opened> {
	const folder = await mkdtemp(join(tmpdir(), 'store-'));
	const path = join(folder, 'store.db');
	const key = new Secret(randomBytes(32));
	const stores: Store[] = [];
	const open = (with_ = key) => {
		const seal = createSeal(with_);
		const store = createStore(openDatabase(path, seal), seal, now);
		stores.push(store);
		return store;
	};
	t.teardown(async () => {
		for (const store of stores) store.close();
		await rm(folder, {recursive: true, force: true});
	});
	return {store: open(), path, key, open};
}

const keyOf = (name: string, namespace = 'default'): Key => ({resource: 'configmaps', namespace, name});
const object = (name: string, value: string): ApiObject => ({
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata: {name},
	data: {value},
});
const valueOf = (found: ApiObject | undefined) => (found?.['data'] as {value: string} | undefined)?.value;
const revisionOf = (found: ApiObject) => Number(found.metadata.resourceVersion);

test('what a killed server did not collect is found by the next: only what no owner is left of', async t => {
	const {store} = await opened(t);
	const owner = (name: string, kind = 'ConfigMap') => ({apiVersion: 'v1', kind, name, uid: `uid-of-${name}`});
	const put = (name: string, ownerReferences: ReturnType<typeof owner>[] = []) =>
		store.put(
			keyOf(name),
			{...object(name, ''), metadata: {name, namespace: 'default', uid: `uid-of-${name}`, ownerReferences}},
			0,
		);
	put('stays');
	put('again');
	const gone = put('gone');
	put('of-stays', [owner('stays')]);
	put('of-gone', [owner('gone')]);
	put('of-both', [owner('gone'), owner('stays')]);
	put('of-another', [{...owner('again'), uid: 'uid-of-an-earlier-one'}]);
	put('of-unknown', [owner('x', 'Unheard')]);
	store.remove(keyOf('gone'), revisionOf(gone));
	const collector = createCollector(store, createRegistry(store), Date.now, error => t.fail(String(error)));
	t.teardown(() => {
		collector.close();
	});
	collector.sweep();
	const names = () => store.list('configmaps').items.map(({metadata}) => metadata.name);
	await eventually(() => !names().includes('of-another'));
	t.deepEqual(names(), ['again', 'of-both', 'of-stays', 'of-unknown', 'stays']);
	t.deepEqual(store.get(keyOf('of-both'))?.metadata.ownerReferences, [owner('stays')]);
});

test('a write needs the revision it was based on', async t => {
	const {store} = await opened(t);
	const first = store.put(keyOf('a'), object('a', '1'), 0);
	const second = store.put(keyOf('a'), object('a', '2'), revisionOf(first));
	t.true(revisionOf(second) > revisionOf(first));
	const conflict = t.throws(() => store.put(keyOf('a'), object('a', '3'), revisionOf(first)), {instanceOf: WriteConflict});
	t.is(valueOf(conflict.current), '2', 'the conflict shows what is there');
	t.throws(() => store.put(keyOf('a'), object('a', '3'), 0), {instanceOf: WriteConflict});
	store.remove(keyOf('a'), revisionOf(second));
	t.is(store.get(keyOf('a')), undefined);
	t.throws(() => store.remove(keyOf('a'), revisionOf(second)), {instanceOf: WriteConflict});
	t.notThrows(() => store.put(keyOf('a'), object('a', '4'), 0));
});

test('lists are ordered, limited, and can be of the past', async t => {
	const {store} = await opened(t);
	for (const [namespace, name] of [
		['b', 'x'],
		['a', 'z'],
		['a', 'y'],
	] as const) {
		store.put(keyOf(name, namespace), object(name, '1'), 0);
	}
	const then = store.revision();
	const current = store.get(keyOf('y', 'a'));
	store.remove(keyOf('y', 'a'), current ? revisionOf(current) : 0);
	store.put(keyOf('new', 'a'), object('new', '1'), 0);
	const names = (listed: {items: ApiObject[]}) => listed.items.map(({metadata}) => metadata.name);
	t.deepEqual(names(store.list('configmaps')), ['new', 'z', 'x']);
	t.deepEqual(names(store.list('configmaps', {revision: then})), ['y', 'z', 'x']);
	const page = store.list('configmaps', {limit: 2});
	t.deepEqual([names(page), page.more, page.remaining], [['new', 'z'], true, 1]);
	const next = store.list('configmaps', {limit: 2, revision: page.revision, after: {namespace: 'a', name: 'z'}});
	t.deepEqual([names(next), next.more], [['x'], false]);
	t.deepEqual(names(store.list('configmaps', {namespace: 'a'})), ['new', 'z']);
});

test('compaction keeps the newest states and forgets what was before', async t => {
	let time = 1000;
	const {store} = await opened(t, () => time);
	const first = store.put(keyOf('a'), object('a', '1'), 0);
	const gone = store.put(keyOf('gone'), object('gone', '1'), 0);
	store.remove(keyOf('gone'), revisionOf(gone));
	const second = store.put(keyOf('a'), object('a', '2'), revisionOf(first));
	time = 5000;
	const third = store.put(keyOf('a'), object('a', '3'), revisionOf(second));
	store.compact(2000, 1000);
	t.is(valueOf(store.get(keyOf('a'))), '3');
	t.is(store.oldest(), revisionOf(second));
	t.throws(() => store.changes(revisionOf(first), store.revision()), {instanceOf: Compacted});
	t.throws(() => store.list('configmaps', {revision: revisionOf(first)}), {instanceOf: Compacted});
	t.deepEqual(
		store
			.changes(revisionOf(second), store.revision())
			.map(change => [change.type, valueOf(change.object), valueOf(change.previous())]),
		[['MODIFIED', '3', '2']],
	);
	t.deepEqual(store.list('configmaps', {revision: revisionOf(second)}).items.map(valueOf), ['2']);
	store.compact(0, 0);
	t.is(store.oldest(), revisionOf(third));
	t.is(valueOf(store.get(keyOf('a'))), '3', 'the newest state stays, however old');
});

test('the head of a resource moves with deletions too, and never back', async t => {
	const {store} = await opened(t);
	const kept = store.put(keyOf('kept'), object('kept', '1'), 0);
	const before = store.head('configmaps');
	t.is(before, revisionOf(kept));
	const gone = store.put(keyOf('gone'), object('gone', '1'), 0);
	store.remove(keyOf('gone'), revisionOf(gone));
	const after = store.head('configmaps');
	store.compact(Date.now() + 1000, 0);
	t.true(after > before);
	t.is(store.head('configmaps'), after);
	t.is(store.head('secrets'), 0);
});

test('what is stored cannot be read, moved or taken back without the key', async t => {
	const {store, path, open} = await opened(t);
	store.put(keyOf('a'), object('a', 'canary-value-in-the-clear'), 0);
	store.close();
	const files = await Promise.all([path, `${path}-wal`].map(file => readFile(file).catch(() => Buffer.alloc(0))));
	for (const bytes of files) t.false(bytes.includes('canary-value'));
	t.is((await stat(path)).mode & 0o777, 0o600);
	t.throws(() => open(new Secret(randomBytes(32))), {message: /another key/});
	const seal = createSeal(new Secret(randomBytes(32)));
	const sealed = seal.seal('configmaps/default/a@2', Buffer.from('x'));
	t.throws(() => seal.open('configmaps/default/b@2', sealed), undefined, 'another name');
	t.throws(() => seal.open('configmaps/default/a@3', sealed), undefined, 'another revision');
	t.throws(() => seal.open('configmaps/default/a@2', sealed.fill(0, 12, 13)), undefined, 'another byte');
	t.throws(() => seal.open('configmaps/default/a@2', sealed.subarray(0, 20)), {message: /too short/});
});

test('a value that was put in the place of another is not read', async t => {
	const {store, path} = await opened(t);
	const first = store.put(keyOf('a'), object('a', 'old'), 0);
	const second = store.put(keyOf('a'), object('a', 'new'), revisionOf(first));
	const other = store.put(keyOf('b'), object('b', 'b'), 0);
	const raw = new DatabaseSync(path);
	t.teardown(() => {
		raw.close();
	});
	const move = raw.prepare('UPDATE versions SET value = (SELECT value FROM versions WHERE revision = ?) WHERE revision = ?');
	move.run(revisionOf(first), revisionOf(second));
	t.throws(() => store.get(keyOf('a')), undefined, 'an older state of the same object');
	move.run(revisionOf(first), revisionOf(other));
	t.throws(() => store.get(keyOf('b')), undefined, 'another object');
});

test('a full disk and a store that others hold are named as such', async t => {
	const {path} = await opened(t);
	const raw = new DatabaseSync(path, {timeout: 0});
	const other = new DatabaseSync(path);
	t.teardown(() => {
		raw.close();
		other.close();
	});
	other.exec('BEGIN IMMEDIATE');
	const busy = t.throws(() => {
		raw.exec('BEGIN IMMEDIATE');
	});
	t.is(internalError(busy).code, 503);
	other.exec('ROLLBACK');
	raw.exec(`PRAGMA max_page_count = ${Number(raw.prepare('PRAGMA page_count').get()?.['page_count'])}`);
	const full = t.throws(() => {
		raw.exec("INSERT INTO meta VALUES ('filler', zeroblob(100000))");
	});
	t.regex(internalError(full).message, /disk .* is full/);
	t.is(internalError(new Error('secret details')).message, 'Internal error occurred');
});

test('what nobody wrote for long expires, and watchers hear of it', async t => {
	let time = 1000;
	const {store} = await opened(t, () => time);
	store.put(keyOf('old'), object('old', '1'), 0);
	const kept = store.put(keyOf('kept'), object('kept', '1'), 0);
	time = 5000;
	store.put(keyOf('kept'), object('kept', '2'), revisionOf(kept));
	const before = store.revision();
	store.expire('configmaps', 2000);
	t.deepEqual(
		store.list('configmaps').items.map(({metadata}) => metadata.name),
		['kept'],
	);
	t.deepEqual(
		store.changes(before, store.revision()).map(({type, key}) => `${type} ${key.name}`),
		['DELETED old'],
	);
});

test('owners are found by the uid they are named by', async t => {
	const {store} = await opened(t);
	const owned = {...object('a', '1'), metadata: {name: 'a', ownerReferences: [{uid: 'u-1'}, {uid: 'u-2'}]}};
	const stored = store.put(keyOf('a'), owned, 0);
	t.deepEqual(store.dependents('u-2'), [keyOf('a')]);
	store.put(keyOf('a'), object('a', '2'), revisionOf(stored));
	t.deepEqual(store.dependents('u-2'), []);
});

test('a watcher sees the writes of another connection, and hears when it slept too long', async t => {
	const {store, open} = await opened(t);
	const other = open();
	const feed = createFeed(store, 5);
	t.teardown(() => feed.close());
	const seen: Change[] = [];
	let lost = 0;
	let wake: () => void = () => undefined;
	const woken = () =>
		new Promise<void>(resolve => {
			wake = resolve;
		});
	const watcher = {
		resource: 'configmaps',
		changes(changes: readonly Change[]) {
			seen.push(...changes);
			wake();
		},
		lost(oldest: number) {
			lost = oldest;
			wake();
		},
		ended: () => undefined,
	};
	feed.watch(store.revision(), watcher);
	let next = woken();
	other.put(keyOf('there'), object('there', '1'), 0);
	await next;
	next = woken();
	store.put(keyOf('here'), object('here', '1'), 0);
	await next;
	t.deepEqual(
		seen.map(({key, type}) => `${type} ${key.name}`),
		['ADDED there', 'ADDED here'],
	);
	next = woken();
	const made = other.put(keyOf('there-2'), object('there-2', '1'), 0);
	other.put(keyOf('there-2'), object('there-2', '2'), revisionOf(made));
	other.compact(Date.now() + 1000, 0);
	await next;
	t.is(lost, other.oldest());
});

test('a process that is killed while it writes leaves whole objects and an order without holes', async t => {
	const {store, path, key} = await opened(t);
	const child = fork(new URL('../../helpers/store-writer.ts', import.meta.url), [path], {
		execArgv: process.execArgv.filter(argument => argument.startsWith('--import')),
		stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
	});
	t.teardown(() => child.kill('SIGKILL'));
	child.send({key: Buffer.from(key.reveal()).toString('base64')});
	await once(child, 'message');
	for (let index = 0; index < 50; index++) store.put(keyOf(`mine-${index}`), object(`mine-${index}`, 'x'), 0);
	child.kill('SIGKILL');
	await once(child, 'exit');
	const changes = store.changes(1, store.revision());
	t.deepEqual(
		changes.map(({revision}) => revision),
		changes.map((_, index) => index + 2),
	);
	t.true(changes.some(({key: {name}}) => name.startsWith('theirs')));
	t.is(store.list('configmaps').items.length, new Set(changes.map(({key: {name}}) => name)).size);
	t.notThrows(() => store.put(keyOf('after'), object('after', 'x'), 0));
});
