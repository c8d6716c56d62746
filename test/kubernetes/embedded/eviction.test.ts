import {randomBytes} from 'node:crypto';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {takeDisruption} from '../../../src/kubernetes/embedded/objects/workloads/eviction.ts';
import {builtinResources} from '../../../src/kubernetes/embedded/resources.ts';
import {openDatabase} from '../../../src/kubernetes/embedded/store/database.ts';
import {createSeal} from '../../../src/kubernetes/embedded/store/seal.ts';
import {createStore, type Store} from '../../../src/kubernetes/embedded/store/store.ts';
import {Secret} from '../../../src/secret.ts';
import {type Answer, startTestServer, type TestServer} from '../../helpers/api-server.ts';

const pods = '/api/v1/namespaces/default/pods';
const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const message = "Cannot evict pod as it would violate the pod's disruption budget.";

const merge = (server: TestServer, path: string, body: unknown) =>
	server.request(path, {method: 'PATCH', body, headers: {'Content-Type': 'application/merge-patch+json'}});

type PodOptions = {ready?: boolean; phase?: string; labels?: object};

const start = async (t: ExecutionContext) => {
	const server = await startTestServer();
	t.teardown(() => server.close());
	const addPod = async (name: string, {ready = true, phase = 'Running', labels = {app: 'web'}}: PodOptions = {}) => {
		const containers = [{name: 'main', image: 'example.test/web:1.0'}];
		const made = await server.request(pods, {
			method: 'POST',
			body: {metadata: {name, labels}, spec: {nodeName: 'node-1', containers}},
		});
		t.is(made.status, 201, made.text);
		const conditions = [{type: 'Ready', status: ready ? 'True' : 'False'}];
		t.is((await merge(server, `${pods}/${name}/status`, {status: {phase, conditions}})).status, 200);
	};
	const addBudget = async (name: string, spec: object, status?: object) => {
		const body = {metadata: {name}, spec: {selector: {matchLabels: {app: 'web'}}, ...spec}};
		t.is((await server.request(budgets, {method: 'POST', body})).status, 201);
		if (status === undefined) return;
		const written = await merge(server, `${budgets}/${name}/status`, {
			status: {observedGeneration: 1, expectedPods: 3, ...status},
		});
		t.is(written.status, 200);
	};
	const evictAt = (request: TestServer['request'], name: string, deleteOptions: object = {}) =>
		request(`${pods}/${name}/eviction`, {
			method: 'POST',
			body: {apiVersion: 'policy/v1', kind: 'Eviction', metadata: {name, namespace: 'default'}, deleteOptions},
		});
	const statusOf = async (name: string) => {
		const {json} = await server.request(`${budgets}/${name}`);
		return (json as {status: {disruptionsAllowed: number; disruptedPods?: Record<string, string>}}).status;
	};
	const exists = async (name: string) => {
		const {status, json} = await server.request(`${pods}/${name}`);
		return status === 200 && (json as {metadata: {deletionTimestamp?: string}}).metadata.deletionTimestamp === undefined;
	};
	const request: TestServer['request'] = (path, options) => server.request(path, options);
	const evict = (name: string, deleteOptions?: object) => evictAt(request, name, deleteOptions);
	return {server, request, addPod, addBudget, evict, evictAt, statusOf, exists};
};

const refusal = (cause: string, retryAfterSeconds?: number) => ({
	kind: 'Status',
	apiVersion: 'v1',
	metadata: {},
	status: 'Failure',
	message,
	reason: 'TooManyRequests',
	details: {causes: [{reason: 'DisruptionBudget', message: cause}], ...(retryAfterSeconds && {retryAfterSeconds})},
	code: 429,
});

test('of many evictions at once, on two servers, as many succeed as the budget allows', async t => {
	const {server, request, addPod, addBudget, evictAt, statusOf, exists} = await start(t);
	const second = await server.another();
	t.teardown(() => second.close());
	const names = ['a', 'b', 'c', 'd', 'e', 'f'];
	for (const name of names) await addPod(name);
	await addBudget('web', {minAvailable: 4}, {desiredHealthy: 4, currentHealthy: 6, disruptionsAllowed: 2});
	const answers = await Promise.all(
		names.map((name, index) => evictAt(index % 2 === 0 ? request : (path, options) => second.request(path, options), name)),
	);
	const codes = answers.map(({status}) => status).sort();
	t.deepEqual(codes, [201, 201, 429, 429, 429, 429]);
	t.deepEqual((await Promise.all(names.map(exists))).map(there => (there ? 'kept' : 'gone')).sort(), [
		'gone',
		'gone',
		'kept',
		'kept',
		'kept',
		'kept',
	]);
	const {disruptionsAllowed, disruptedPods = {}} = await statusOf('web');
	t.is(disruptionsAllowed, 0);
	t.is(Object.keys(disruptedPods).length, 2);
});

test('a disruption that another server takes between reading and writing is not given twice', t => {
	const folder = mkdtempSync(join(tmpdir(), 'eviction-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	const seal = createSeal(new Secret(randomBytes(32)));
	const store = createStore(openDatabase(join(folder, 'store.db'), seal), seal);
	t.teardown(() => store.close());
	const type = builtinResources.find(({plural}) => plural === 'pods');
	if (!type) return t.fail();
	const key = {resource: 'poddisruptionbudgets.policy', namespace: 'default', name: 'web'};
	const metadata = {name: 'web', namespace: 'default', generation: 1};
	const status = {observedGeneration: 1, desiredHealthy: 1, currentHealthy: 2, disruptionsAllowed: 1};
	const spec = {selector: {matchLabels: {app: 'web'}}};
	store.put(key, {apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata, spec, status}, 0);
	const podOf = (name: string) => ({
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name, namespace: 'default', labels: {app: 'web'}},
		status: {phase: 'Running', conditions: [{type: 'Ready', status: 'True'}]},
	});
	const now = () => 0;
	let faster: (() => void) | undefined = () => takeDisruption({store, now}, type, podOf('first'), false);
	const contended: Store = {
		...store,
		list(...parameters) {
			const listed = store.list(...parameters);
			const other = faster;
			faster = undefined;
			other?.();
			return listed;
		},
	};
	const error = t.throws(() => takeDisruption({store: contended, now}, type, podOf('second'), false));
	t.like(error, {code: 429});
	t.like(store.get(key)?.['status'], {disruptionsAllowed: 0, disruptedPods: {first: '1970-01-01T00:00:00Z'}});
});

test('a budget answers as the real server does', async t => {
	const {addPod, addBudget, evict, exists} = await start(t);
	await addPod('rs1-b');
	await addBudget('pdb1', {minAvailable: 1});
	const early = await evict('rs1-b');
	t.is(early.headers['retry-after'], '10');
	t.deepEqual(early.json, refusal('The disruption budget pdb1 is still being processed by the server.', 10));
	t.is((await evict('nope')).status, 404);
	t.true(await exists('rs1-b'));
});

const cases: {
	name: string;
	pod?: PodOptions;
	spec?: object;
	status: object;
	options?: object;
	code: number;
	goes: boolean;
	left: number;
	cause?: string;
}[] = [
	{
		name: 'nothing left',
		status: {desiredHealthy: 2, currentHealthy: 2, disruptionsAllowed: 0},
		code: 429,
		goes: false,
		left: 0,
		cause: 'The disruption budget web needs 2 healthy pods and has 2 currently',
	},
	{name: 'one left', status: {desiredHealthy: 1, currentHealthy: 2, disruptionsAllowed: 1}, code: 201, goes: true, left: 0},
	{
		name: 'a dry run takes nothing',
		status: {desiredHealthy: 1, currentHealthy: 2, disruptionsAllowed: 1},
		options: {dryRun: ['All']},
		code: 201,
		goes: false,
		left: 1,
	},
	{
		name: 'a pod of another uid',
		status: {desiredHealthy: 1, currentHealthy: 2, disruptionsAllowed: 0},
		pod: {phase: 'Pending'},
		options: {preconditions: {uid: 'other'}},
		code: 409,
		goes: false,
		left: 0,
	},
	{
		name: 'other labels',
		pod: {labels: {app: 'db'}},
		status: {desiredHealthy: 1, currentHealthy: 1, disruptionsAllowed: 0},
		code: 201,
		goes: true,
		left: 0,
	},
	{
		name: 'a pod that does not run yet takes nothing',
		pod: {phase: 'Pending', ready: false},
		status: {desiredHealthy: 1, currentHealthy: 1, disruptionsAllowed: 0},
		code: 201,
		goes: true,
		left: 0,
	},
	{
		name: 'a pod that is not ready, while enough others are',
		pod: {ready: false},
		status: {desiredHealthy: 2, currentHealthy: 2, disruptionsAllowed: 0},
		code: 201,
		goes: true,
		left: 0,
	},
	{
		name: 'a pod that is not ready, while too few others are',
		pod: {ready: false},
		status: {desiredHealthy: 2, currentHealthy: 1, disruptionsAllowed: 0},
		code: 429,
		goes: false,
		left: 0,
	},
	{
		name: 'a pod that is not ready, where the budget lets those go',
		pod: {ready: false},
		spec: {unhealthyPodEvictionPolicy: 'AlwaysAllow'},
		status: {desiredHealthy: 2, currentHealthy: 1, disruptionsAllowed: 0},
		code: 201,
		goes: true,
		left: 0,
	},
];

for (const {name, pod, spec = {}, status, options, code, goes, left, cause} of cases) {
	test(`eviction: ${name}`, async t => {
		const {addPod, addBudget, evict, statusOf, exists} = await start(t);
		await addPod('one', pod);
		await addBudget('web', {minAvailable: 1, ...spec}, status);
		const answer: Answer = await evict('one', options);
		t.is(answer.status, code, answer.text);
		if (cause !== undefined) t.deepEqual(answer.json, refusal(cause));
		t.is(await exists('one'), !goes);
		t.is((await statusOf('web')).disruptionsAllowed, left);
	});
}

test('two budgets for one pod are nobody’s to decide', async t => {
	const {addPod, addBudget, evict, exists} = await start(t);
	await addPod('one');
	const status = {desiredHealthy: 0, currentHealthy: 1, disruptionsAllowed: 1};
	await addBudget('first', {minAvailable: 0}, status);
	await addBudget('second', {minAvailable: 0}, status);
	const answer = await evict('one');
	t.is(answer.status, 500);
	t.regex(answer.text, /more than one PodDisruptionBudget/);
	t.true(await exists('one'));
});

test('binding: once, to a node, and not what is going', async t => {
	const {server} = await start(t);
	const add = (name: string) =>
		server.request(pods, {method: 'POST', body: {metadata: {name}, spec: {containers: [{name: 'main', image: 'x'}]}}});
	const bind = (name: string, target: object, metadata: object = {}) =>
		server.request(`${pods}/${name}/binding`, {
			method: 'POST',
			body: {apiVersion: 'v1', kind: 'Binding', metadata: {name, ...metadata}, target},
		});
	await add('one');
	t.is((await bind('one', {kind: 'Node'})).status, 400);
	t.is((await bind('one', {kind: 'Node', name: 'n1'}, {uid: 'other'})).status, 409);
	const answers = await Promise.all(['n1', 'n2', 'n3'].map(name => bind('one', {kind: 'Node', name})));
	t.deepEqual(answers.map(({status}) => status).sort(), [201, 409, 409]);
	t.regex(answers.map(({text}) => text).join(), /pod one is already assigned to node \\"n\d\\"/);
	const bound = (await server.request(`${pods}/one`)).json as {spec: {nodeName: string}; status: {conditions: {type: string}[]}};
	t.regex(bound.spec.nodeName, /^n\d$/);
	t.like(bound.status.conditions[0], {type: 'PodScheduled', status: 'True'});
	t.is((await server.request(`${pods}/one`, {method: 'DELETE'})).status, 200);
	t.is((await bind('one', {name: 'n1'})).status, 409);
});
