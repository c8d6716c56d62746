import {create} from '@bufbuild/protobuf';
import test, {type ExecutionContext} from 'ava';
import {openAtls} from '../../../src/atls/client.ts';
import {AttestationRefused} from '../../../src/attestation/findings.ts';
import {createAuthority, generateKeys, issueCertificate, type Usage} from '../../../src/keys/pki.ts';
import type {Kube, KubeObject} from '../../../src/kubernetes/kube.ts';
import {KubeError} from '../../../src/kubernetes/kube.ts';
import {inNamespace, resources} from '../../../src/kubernetes/resources.ts';
import {clientOn} from '../../../src/rpc/client.ts';
import {API as JoinApi, WatchJoinsRequestSchema, type WatchJoinsResponse} from '../../../src/rpc/gen/join_pb.ts';
import {RpcError, status} from '../../../src/rpc/status.ts';
import {annotations, refusalReason} from '../../../src/services/join/annotations.ts';
import {createJoinLog, type JoinLog} from '../../../src/services/join/join-log.ts';
import {recordRefusals} from '../../../src/services/join/refusals.ts';
import {parseCursor, watchJoins} from '../../../src/services/join/watch-joins.ts';
import {eventually} from '../../helpers/eventually.ts';
import {askTicket, bootNode, image, joinWorld, type World} from '../../helpers/join-world.ts';

const client = (
	authority: World['api']['authority'],
	commonName: string,
	organization: string | undefined,
	{usages = ['clientAuth'], days = 1, now = new Date()}: {usages?: Usage[]; days?: number; now?: Date} = {},
) => {
	const keys = generateKeys();
	const subject = organization === undefined ? {commonName} : {organization, commonName};
	const certificate = issueCertificate(authority, {subject, publicKey: keys.publicKey, usages, days, now});
	return {certificate, key: keys.privateKey};
};

type Seen = {kind: string; lanes: string[]; cursor: string; message: WatchJoinsResponse};

/** Reads a stream in the background. */
const watching = async (
	t: ExecutionContext,
	world: World,
	options: {cursor?: string; address?: string; certificate?: ReturnType<typeof client>} = {},
) => {
	const certificate = options.certificate ?? client(world.api.authority, 'admin', 'constellation:admins');
	const channel = await world.open(options.address, certificate);
	const stop = new AbortController();
	const seen: Seen[] = [];
	let error: unknown;
	const reading = (async () => {
		const stream = clientOn(channel.channel, JoinApi).watchJoins({cursor: options.cursor ?? ''}, {signal: stop.signal});
		for await (const message of stream) {
			const {kind, cursor} = message;
			const nodes =
				kind.case === 'snapshot' ? kind.value.nodes : kind.case === 'event' && kind.value.node ? [kind.value.node] : [];
			seen.push({kind: kind.case ?? '', lanes: nodes.map(({name, state}) => `${name} ${state}`), cursor, message});
		}
	})().catch((reason: unknown) => {
		error = reason;
	});
	const end = async () => {
		stop.abort();
		await reading;
	};
	t.teardown(end);
	const has = (lane: string) => eventually(() => seen.find(({lanes}) => lanes.includes(lane)));
	return {seen, has, end, error: () => error, failed: () => eventually(() => error)};
};

const nodeObject = (name: string, ready?: boolean): KubeObject => ({
	apiVersion: 'v1',
	kind: 'Node',
	metadata: {name},
	...(ready === undefined ? {} : {status: {conditions: [condition(ready)]}}),
});

const condition = (ready: boolean, at = '2040-01-01T00:00:00Z') => ({
	type: 'Ready',
	status: ready ? 'True' : 'False',
	reason: 'x',
	message: ready ? 'fine' : 'kubelet stopped',
	lastHeartbeatTime: at,
	lastTransitionTime: at,
});

const setReady = (kube: Kube, name: string, ready: boolean, at?: string) =>
	kube.patch(resources.nodes, name, {status: {conditions: [condition(ready, at)]}}, 'strategic', 'status');

test('an administrator sees each state of a node, and resumes without gap or double', async t => {
	const world = await joinWorld(t);
	await eventually(() => world.service.policies.current());
	const first = await watching(t, world);
	await eventually(() => first.seen.length > 0);
	t.is(first.seen[0]?.kind, 'snapshot');

	await askTicket(await bootNode({name: 'worker-1'}), await world.open());
	await first.has('worker-1 attested');
	await first.has('worker-1 ticket');
	await world.admin.create(resources.nodes, nodeObject('worker-1'));
	await first.has('worker-1 kubelet');
	await world.admin.delete(resources.joiningNodes, 'worker-1');
	await setReady(world.admin, 'worker-1', true);
	const ready = await first.has('worker-1 ready');
	await first.end();

	// While nobody watches: a heartbeat, which is nothing new, then two changes and another node.
	await setReady(world.admin, 'worker-1', true);
	await setReady(world.admin, 'worker-1', false, '2040-01-01T00:01:00Z');
	await setReady(world.admin, 'worker-1', true, '2040-01-01T00:02:00Z');
	await world.admin.create(resources.nodes, nodeObject('worker-2'));
	await world.admin.delete(resources.nodes, 'worker-1');

	const second = await watching(t, world, {cursor: ready.cursor});
	await second.has('worker-1 removed');
	await second.has('worker-2 kubelet');
	const lanes = second.seen.flatMap(({kind, lanes: [lane]}) => (kind === 'event' ? [lane] : [kind]));
	t.deepEqual(
		lanes.filter(lane => lane?.startsWith('worker-1')),
		['worker-1 not-ready', 'worker-1 ready', 'worker-1 removed'],
	);
	t.deepEqual(
		lanes.filter(lane => lane === 'snapshot'),
		[],
	);
	t.is(new Set(lanes).size, lanes.length);

	// Another replica that was there goes on as well; one that was not, and a cursor of nobody, begin with a snapshot.
	const fresh = await world.another({name: 'control-9', generationFile: `${world.folder}/other`});
	for (const options of [{cursor: ready.cursor, address: fresh.address}, {cursor: 'nonsense'}, {cursor: '99999999999.1.1'}]) {
		const third = await watching(t, world, options);
		await eventually(() => third.seen.length > 0);
		t.is(third.seen[0]?.kind, 'snapshot');
		t.deepEqual(third.seen[0]?.lanes, ['worker-2 kubelet']);
		await third.end();
	}
});

test('kubelets, expired, foreign and other certificates are refused', async t => {
	const world = await joinWorld(t);
	const {authority} = world.api;
	const admins = 'constellation:admins';
	const past = new Date(Date.now() - 10 * 86_400_000);
	const future = new Date(Date.now() + 10 * 86_400_000);
	const certificates: [string, ReturnType<typeof client>][] = [
		['kubelet', client(authority, 'system:node:worker-1', 'system:nodes', {usages: ['clientAuth', 'serverAuth']})],
		['service', client(authority, 'system:serviceaccount:kube-system:key-service', 'system:serviceaccounts')],
		['nobody special', client(authority, 'someone', undefined)],
		['expired', client(authority, 'admin', admins, {now: past})],
		['not yet valid', client(authority, 'admin', admins, {now: future})],
		['foreign', client(createAuthority({commonName: 'kubernetes'}), 'admin', admins)],
		['for servers only', client(authority, 'admin', admins, {usages: ['serverAuth']})],
	];
	for (const [name, certificate] of certificates) {
		const stream = await watching(t, world, {certificate});
		const error = await stream.failed();
		t.true(error instanceof RpcError && error.code === status.PERMISSION_DENIED, `${name}: ${String(error)}`);
		t.deepEqual(stream.seen, [], name);
	}
	const without = await openAtls(world.address, {validator: world.validator});
	t.teardown(without.close);
	const read = async () => {
		for await (const _message of clientOn(without.channel, JoinApi).watchJoins({})) t.fail();
	};
	t.is((await t.throwsAsync(read(), {instanceOf: RpcError})).code, status.PERMISSION_DENIED);
});

test('rights that are taken away end an open stream', async t => {
	const world = await joinWorld(t);
	const {address} = await world.another({name: 'control-9', generationFile: `${world.folder}/other`, recheck: 50});
	const stream = await watching(t, world, {address});
	await eventually(() => stream.seen.length > 0);
	t.is(stream.error(), undefined);
	await world.admin.delete(resources.clusterRoleBindings, 'constellation:admins');
	const error = await stream.failed();
	t.true(error instanceof RpcError && error.code === status.PERMISSION_DENIED, String(error));
});

test('a refused machine is a lane of its own, also one that takes the name of a node that is Ready', async t => {
	const world = await joinWorld(t);
	await eventually(() => world.service.policies.current());
	await world.admin.create(resources.nodes, nodeObject('worker-2'));
	await setReady(world.admin, 'worker-2', true);
	const stream = await watching(t, world);
	const bad = {files: {...image, bundle: 'bundlf'}};
	for (const name of ['worker-1', 'worker-2']) {
		const channel = await world.open();
		await t.throwsAsync(askTicket(await bootNode({name}, bad), channel));
	}
	await stream.has('worker-2 (refused) refused');
	const {message} = await stream.has('worker-1 refused');
	t.is(message.kind.case, 'event');
	const node = message.kind.case === 'event' ? message.kind.value.node : undefined;
	t.like(node?.refusal, {code: 'register-mismatch', register: 9});
	t.regex(node?.refusal?.expected ?? '', /^[0-9a-f]{64}$/);
	t.is(node?.count, 1);
	const late = await watching(t, world);
	const snapshot = await late.has('worker-1 refused');
	t.is(snapshot.kind, 'snapshot');
	t.true(snapshot.lanes.includes('worker-2 ready'));
	t.is(late.error(), undefined);
});

/** Keeps Events only; counts what is asked of it. */
const eventStore = () => {
	const events = new Map<string, KubeObject>();
	let writes = 0;
	const never = () => Promise.reject(new Error('not asked for here'));
	const kube: Kube = {
		get: never,
		list: never,
		update: never,
		delete: never,
		post: never,
		watch: () => {
			throw new Error('not asked for here');
		},
		create: (_resource, object) => {
			writes += 1;
			events.set(object.metadata.name, object);
			return Promise.resolve(object);
		},
		patch: (_resource, name, patch) => {
			const found = events.get(name);
			if (!found) return Promise.reject(new KubeError(404, 'NotFound', 'not found'));
			writes += 1;
			const changed = {...found, ...(patch as object), metadata: {...found.metadata, ...(patch as KubeObject).metadata}};
			events.set(name, changed);
			return Promise.resolve(changed);
		},
	};
	return {kube, events, writes: () => writes};
};

const mismatch = (actual: string) =>
	new AttestationRefused([{code: 'register-mismatch', severity: 'refuse', message: 'm', register: 9, expected: '00', actual}]);

test('a flood of refusals costs neither memory nor writes', async t => {
	const {kube, events, writes} = eventStore();
	const refusals = recordRefusals({kube, service: 'control-1', log: () => undefined, interval: 1_000_000});
	t.true(refusals.record({node: 'worker-1', role: 'worker', error: mismatch('01')}));
	t.false(refusals.record({node: 'worker-1', role: 'worker', error: mismatch('01')}));
	const before = process.memoryUsage().heapUsed;
	for (let index = 0; index < 100_000; index += 1) {
		refusals.record({node: `worker-${index}`, role: 'worker', error: mismatch(String(index).repeat(20))});
	}
	const grown = process.memoryUsage().heapUsed - before;
	t.true(grown < 64 * 1024 * 1024, `the heap grew by ${grown} bytes`);
	await refusals.stop();
	t.true(events.size <= 256);
	t.true(writes() <= 16, `${writes()} writes`);
});

test('at most 256 refusals are ever kept, the latest', async t => {
	const {kube, events} = eventStore();
	const refusals = recordRefusals({kube, service: 'control-1', log: () => undefined, interval: 1});
	t.teardown(refusals.stop);
	for (let index = 0; index < 1000; index += 1) refusals.record({node: `n${index}`, error: mismatch('01')});
	await eventually(() => events.size === 256);
	refusals.record({node: 'n999', error: mismatch('01')});
	const last = await eventually(() => [...events.values()].find(event => event['count'] === 2));
	t.regex(last.metadata.annotations?.[annotations.refusal] ?? '', /"node":"n999"/);
	t.is(events.size, 256);
});

test('hostile strings arrive harmless', async t => {
	const {kube, events} = eventStore();
	const refusals = recordRefusals({kube, service: 'control-1', log: () => undefined, interval: 1});
	t.teardown(refusals.stop);
	const hostile = '\u001b]0;owned\u0007\u001b[2Jwörker\u202e\u2066\r\nx'.padEnd(5000, 'y');
	refusals.record({node: hostile, error: new Error(hostile)});
	const event = await eventually(() => [...events.values()][0]);
	// Whoever may write Events may also write them without our care.
	const written = {
		...event,
		metadata: {
			name: 'evil',
			resourceVersion: '5',
			annotations: {
				[annotations.refusal]: JSON.stringify({
					node: `evil ${hostile.slice(0, 100)}`,
					role: hostile.slice(0, 9),
					code: 'c',
					message: hostile.slice(0, 900),
					count: 1,
					last: Date.now(),
				}),
			},
		},
	};
	const log = createJoinLog();
	log.list('events', [{...event, metadata: {...event.metadata, resourceVersion: '4'}}, written], '6');
	const {lanes} = log.snapshot();
	t.is(lanes.length, 2);
	for (const lane of lanes) {
		const text = JSON.stringify(lane, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
		t.notRegex(text, /\\u001b|\\u0007|\\r|\\n|[\u202a-\u202e\u2066-\u2069]/u);
		t.true(lane.name.length <= 63 && (lane.message ?? '').length <= 300);
		t.is(lane.role, '');
	}
	const others = [undefined, 'x', '{}', '{"node":1}', `{"node":"${'x'.repeat(9000)}"}`].map((text, index) => ({
		...event,
		metadata: {
			name: `n${index}`,
			resourceVersion: '9',
			...(text === undefined ? {} : {annotations: {[annotations.refusal]: text}}),
		},
		reason: refusalReason,
	}));
	log.list('events', others, '10');
	t.deepEqual(log.snapshot().lanes, []);
});

const complete = (options: Parameters<typeof createJoinLog>[0] = {}): JoinLog => {
	const log = createJoinLog(options);
	t0(log);
	return log;
};

const t0 = (log: JoinLog): void => {
	log.list('nodes', [], '10');
	log.list('joiningnodes', [], '10');
	log.list('events', [], '10');
};

const versioned = (name: string, version: number, ready: boolean, minute = 0): KubeObject => ({
	...nodeObject(name),
	metadata: {name, resourceVersion: String(version), creationTimestamp: '2030-01-01T00:00:00Z'},
	status: {conditions: [condition(ready, `2040-01-01T00:${String(minute).padStart(2, '0')}:00Z`)]},
});

const read = async (log: JoinLog, cursor: string, wanted: number) => {
	const stop = new AbortController();
	const messages = [];
	const request = create(WatchJoinsRequestSchema, {cursor});
	for await (const message of watchJoins({log, authorize: () => Promise.resolve()}, request, stop.signal)) {
		messages.push(message);
		if (messages.length === wanted) stop.abort();
	}
	return messages;
};

test('a cursor that is too old, or a reader that is too slow, gets a new snapshot', async t => {
	const log = complete({kept: 3});
	for (let version = 11; version < 20; version += 1) {
		log.event('nodes', {type: 'MODIFIED', object: versioned('a', version, version % 2 === 0, version)});
	}
	t.deepEqual(
		(await read(log, '16.10.10', 3)).map(({cursor}) => cursor),
		['17.10.10', '18.10.10', '19.10.10'],
	);
	t.deepEqual(
		(await read(log, '18.10.10', 1)).map(({cursor}) => cursor),
		['19.10.10'],
	);
	const [old] = await read(log, '12.10.10', 1);
	t.is(old?.kind?.case, 'snapshot');
	t.is(old?.cursor, '19.10.10');
	const slow = watchJoins(
		{log, authorize: () => Promise.resolve()},
		create(WatchJoinsRequestSchema),
		AbortSignal.timeout(10_000),
	);
	const first = await slow.next();
	t.is(first.done ? undefined : first.value.kind?.case, 'snapshot');
	for (let version = 20; version < 30; version += 1) {
		log.event('nodes', {type: 'MODIFIED', object: versioned('a', version, version % 2 === 0, version)});
	}
	const behind = await slow.next();
	t.is(behind.done ? undefined : behind.value.kind?.case, 'snapshot');
	t.is(behind.done ? undefined : behind.value.cursor, '29.10.10');
	await slow.return(undefined);
});

test('two services make the same of the same objects, so a stream goes on at the other', async t => {
	const [left, right] = [complete(), complete()];
	const events = [
		versioned('a', 11, false, 0),
		versioned('a', 12, true, 1),
		versioned('a', 13, true, 1),
		versioned('b', 14, true, 1),
		versioned('a', 15, false, 2),
	];
	for (const object of events) {
		left.event('nodes', {type: 'MODIFIED', object});
		right.event('nodes', {type: 'MODIFIED', object});
	}
	const all = await read(left, '10.10.10', 4);
	t.deepEqual(
		all.map(({cursor}) => cursor),
		['11.10.10', '12.10.10', '14.10.10', '15.10.10'],
	);
	const rest = await read(right, all[1]?.cursor ?? '', 2);
	t.deepEqual(rest, all.slice(2));
});

test('what is missing from a new list was removed; a joining node only if its time was over', t => {
	const now = Date.parse('2040-06-01T00:00:00Z');
	const log = complete({now: () => now});
	const joining = (name: string, deadline: string): KubeObject => ({
		apiVersion: 'x',
		kind: 'JoiningNode',
		metadata: {name, resourceVersion: '11', annotations: {[annotations.joinState]: 'ticket', [annotations.joinStateTime]: '5'}},
		spec: {name, iscontrolplane: false, deadline},
	});
	log.list('nodes', [versioned('a', 11, true)], '12');
	log.list('joiningnodes', [joining('late', '2040-05-01T00:00:00Z'), joining('soon', '2040-07-01T00:00:00Z')], '12');
	log.event('joiningnodes', {type: 'ADDED', object: {apiVersion: 'x', kind: 'x', metadata: {name: 'odd'}}});
	const {next} = log.snapshot();
	log.list('nodes', [], '20');
	log.list('joiningnodes', [], '20');
	t.deepEqual(
		log.from(next)?.map(({lane}) => `${lane.name} ${lane.state}`),
		['a removed', 'late removed'],
	);
	t.deepEqual(
		log.snapshot().lanes.map(({name}) => name),
		['soon'],
	);
});

test('cursors that are not ours lead to a snapshot', t => {
	for (const text of ['', '1', '1.2', '1.2.3.4', 'a.b.c', '-1.2.3', '1.2.333333333333333333333']) {
		t.is(parseCursor(text), undefined, text);
	}
	t.is(complete().resume({nodes: 10n, joiningnodes: 10n, events: 999_999_999n}), undefined);
	t.is(complete().resume({nodes: 10n, joiningnodes: 10n, events: 12n}), 0);
	t.truthy(inNamespace(resources.events, 'kube-system').namespace);
});
