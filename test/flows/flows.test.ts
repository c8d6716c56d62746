import {generateKeyPairSync} from 'node:crypto';
import {existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {LocalPolicy} from '../../src/attestation/policy.ts';
import {generateConfig} from '../../src/config/generate.ts';
import {editConfig, parseLocalConfig} from '../../src/config/load.ts';
import type {TrustSettings} from '../../src/config/trust.ts';
import {AppError} from '../../src/errors.ts';
import type {Event, Flow} from '../../src/events.ts';
import {readEndpoints, workspaceState} from '../../src/flows/cluster.ts';
import {settleConfig} from '../../src/flows/config-file.ts';
import type {Dependencies, Provider} from '../../src/flows/dependencies.ts';
import {stopCluster} from '../../src/flows/lifecycle.ts';
import {withBackground} from '../../src/flows/merge.ts';
import {phase} from '../../src/flows/phase.ts';
import {rememberGeneration} from '../../src/flows/policy-generation.ts';
import {prepare} from '../../src/flows/prepare.ts';
import {planScale} from '../../src/flows/scale.ts';
import {clusterStatus, requireRunning} from '../../src/flows/status.ts';
import {findExisting, terminateCluster} from '../../src/flows/terminate.ts';
import {trustNamed, type Vouched} from '../../src/flows/vouched.ts';
import type {Kube} from '../../src/kubernetes/kube.ts';
import type {Image} from '../../src/releases/image.ts';
import {workspaceAt} from '../../src/workspace/files.ts';
import {readIds, writeIds} from '../../src/workspace/id-file.ts';
import {openJournal} from '../../src/workspace/journal.ts';
import {ensureMasterSecret} from '../../src/workspace/master-secret.ts';
import {readStamp, writeStamp} from '../../src/workspace/stamp.ts';
import {unused, unusedKube} from '../helpers/unused.ts';

const never = new AbortController().signal;
const spki = () =>
	new Uint8Array(generateKeyPairSync('ec', {namedCurve: 'P-256'}).publicKey.export({format: 'der', type: 'spki'}));
const releaseKey = spki();

function policy(makerKey: Uint8Array, bundle = 9): LocalPolicy {
	const value = (fill: number) => ({expected: new Uint8Array(32).fill(fill), warnOnly: false});
	const registers: [number, ReturnType<typeof value>][] = [
		[4, value(4)],
		[9, value(bundle)],
		[11, value(11)],
		[12, value(makerKey.at(-1) ?? 0)],
		[15, value(0)],
	];
	return {variant: 'local-vtpm', measurements: new Map(registers), makerKey, releaseKey};
}

const image: Image = {
	version: 'v0.1.0',
	folder: '/nowhere',
	manifest: {
		version: 'v0.1.0',
		created: '',
		launcher: 'machine.mjs',
		bundle: 'node.mjs',
		runtime: 'node',
		arguments: [],
		source: '',
	},
	measurements: new Uint8Array(),
	signature: new Uint8Array(),
	releaseKey,
	registers: new Map(),
};

/** A world of its own in an empty folder; whatever a test does not give fails when it is used. */
async function world(provider: Partial<Provider> = {}, others: Partial<Dependencies> = {}): Promise<Dependencies> {
	const workspace = workspaceAt(mkdtempSync(path.join(tmpdir(), 'flow-')));
	let random = 0;
	return {
		workspace,
		journal: await openJournal(workspace, () => 1),
		provider: {
			preflight: unused,
			makerKey: unused,
			module: unused,
			describe: change => change,
			machines: () => Promise.resolve([]),
			async *events() {},
			start: unused,
			stop: unused,
			leftovers: () => Promise.resolve([]),
			removeLeftovers: unused,
			bootLog: unused,
			...provider,
		},
		now: () => 1_900_000_000_000,
		pause: () => Promise.resolve(),
		random: bytes => new Uint8Array(bytes).fill(++random),
		hashSecret: unused,
		secretMatches: unused,
		terraform: unused,
		image: () => Promise.resolve(image),
		vouch: () => Promise.resolve(undefined),
		policyOf: (_image, makerKey) => policy(makerKey),
		kube: unused,
		...others,
	};
}

/** Runs a flow to its end. */
async function finish<R>(flow: Flow<R>): Promise<{events: Event[]; value: R}> {
	const events: Event[] = [];
	for (;;) {
		const next = await flow.next();
		if (next.done === true) return {events, value: next.value};
		events.push(next.value);
	}
}

const waiting = (message: string): Event => ({type: 'waiting', message, at: 1});

test('events of backgrounds come beside those of the flow, and end with it', async t => {
	const gate = Promise.withResolvers<undefined>();
	let stopped = false;
	async function* flow(): Flow<string> {
		yield waiting('flow');
		await gate.promise;
		return 'done';
	}
	async function* background(signal: AbortSignal) {
		yield waiting('background');
		gate.resolve(undefined);
		await new Promise<void>(resolve => {
			signal.addEventListener('abort', () => resolve());
		});
		stopped = true;
		yield waiting('too late');
	}
	const {events, value} = await finish(withBackground(flow(), [background], never));
	t.deepEqual(events.map(event => (event.type === 'waiting' ? event.message : '')).sort(), ['background', 'flow']);
	t.is(value, 'done');
	t.true(stopped);
});

test('an error of the flow or of a background ends both', async t => {
	async function* failing(): Flow<never> {
		throw new Error('flow');
	}
	async function* quiet(signal: AbortSignal): AsyncGenerator<Event> {
		yield waiting('background');
		await new Promise<void>(resolve => {
			signal.addEventListener('abort', () => resolve());
		});
	}
	await t.throwsAsync(finish(withBackground(failing(), [quiet], never)), {message: 'flow'});
	async function* patient(): Flow<never> {
		for (;;) {
			yield waiting('flow');
			await new Promise(resolve => setImmediate(resolve));
		}
	}
	async function* broken(): AsyncGenerator<Event> {
		throw new Error('background');
	}
	await t.throwsAsync(finish(withBackground(patient(), [broken], never)), {message: 'background'});
});

test('a phase says how it ended', async t => {
	async function* failing(): Flow<never> {
		yield waiting('something');
		throw new AppError('It did not work.', {code: 'x', exitCode: 4});
	}
	const events: Event[] = [];
	const flow = phase('plan', () => 1, failing());
	await t.throwsAsync(async () => {
		for (let next = await flow.next(); next.done !== true; next = await flow.next()) events.push(next.value);
	});
	t.like(events.at(-1), {type: 'phase', id: 'plan', state: 'failed', detail: 'It did not work.'});
});

test('a new cluster is made of an image only if the source that the config names vouches for it', async t => {
	const makerKey = spki();
	const asked: TrustSettings[] = [];
	const vouched: Vouched = {
		flags: [],
		source: 'https://mirror.example/measurements.json',
		digest: `sha256:${'5e'.repeat(32)}`,
		signer: {name: 'key 1 of the config', fingerprint: `sha256:${'77'.repeat(32)}`, pinned: false},
		log: {state: 'not-checked', why: 'signed by a key of your own'},
		logWords: 'not looked up',
	};
	const differs = new AppError('not the same', {code: 'measurements-differ', exitCode: 5});
	let answer = () => Promise.reject<Vouched>(differs);
	const vouch = (_image: Image, trust: TrustSettings) => {
		asked.push(trust);
		return answer();
	};
	const deps = await world({makerKey: () => Promise.resolve(makerKey)}, {vouch});
	const file = deps.workspace.path('config');
	await settleConfig(deps.workspace, {name: 'demo'}, undefined, await trustNamed({from: 'mirror'}, '/releases'));
	const text = readFileSync(file, 'utf8');
	t.is(await t.throwsAsync(finish(prepare(deps))), differs);
	t.deepEqual(asked, [{measurements: '/releases/mirror'}]);
	t.is(readFileSync(file, 'utf8'), text);
	t.false(existsSync(deps.workspace.path('id')), 'nothing was made');

	answer = () => Promise.resolve(vouched);
	const {events} = await finish(prepare(deps));
	const checks = events.flatMap(event => (event.type === 'check' ? [`${event.id} ${event.state}: ${event.detail ?? ''}`] : []));
	t.deepEqual(checks.slice(1, 4), [
		`measurements ok: the same at ${vouched.source}`,
		'measurements-signature ok: by the key 1 of the config',
		'measurements-log warning: not looked up',
	]);
	// Another source beside a config that is there changes it; who was named before is asked no more.
	await settleConfig(deps.workspace, {}, undefined, {measurements: 'bundle'});
	await finish(prepare(deps));
	t.deepEqual(asked.at(-1), {measurements: 'bundle'});
	await settleConfig(deps.workspace, {}, undefined, {measurements: undefined, keys: undefined});
	t.false(readFileSync(file, 'utf8').includes('trust:'), 'what is taken back leaves nothing behind');
	const ids = await readIds(deps.workspace);
	if (ids !== undefined) await writeIds(deps.workspace, {...ids, clusterID: 'ab'.repeat(32)});
	await finish(prepare(deps));
	t.is(asked.length, 3, 'a cluster that exists was decided on');
});

test('the first preparation makes an identity and pins what nodes have to prove; the second changes nothing', async t => {
	const makerKey = spki();
	const deps = await world({makerKey: () => Promise.resolve(makerKey)});
	const file = deps.workspace.path('config');
	writeFileSync(file, `${generateConfig({name: 'demo'})}# mine\n`);
	const {value} = await finish(prepare(deps));
	t.regex(value.ids.uid, /^[\da-f]{8}$/);
	t.is(value.ids.initSecret?.reveal().length, 32);
	const text = readFileSync(file, 'utf8');
	t.true(text.endsWith('# mine\n'));
	t.is(parseLocalConfig(text).attestation.localVTPM.makerKey, Buffer.from(makerKey).toString('base64'));
	const again = await finish(prepare(deps));
	t.is(again.value.ids.uid, value.ids.uid);
	t.is(readFileSync(file, 'utf8'), text);
});

test('values that the user pinned win over the image: nothing is created when they differ', async t => {
	const makerKey = spki();
	const deps = await world({makerKey: () => Promise.resolve(makerKey)});
	const pinned = {'9': {expected: 'ab'.repeat(32), warnOnly: false}};
	writeFileSync(
		deps.workspace.path('config'),
		editConfig(generateConfig(), [{path: ['attestation', 'localVTPM', 'measurements'], value: pinned}]),
	);
	const error = await t.throwsAsync(finish(prepare(deps)), {instanceOf: AppError});
	t.is(error.code, 'policy-differs');
	t.is(error.exitCode, 5);
	t.deepEqual(
		error.problems.map(problem => problem.path),
		['attestation.localVTPM.measurements.9'],
	);
});

test('the key of an earlier cluster is replaced with the cluster; that of this cluster is not', async t => {
	let makerKey = spki();
	const deps = await world({makerKey: () => Promise.resolve(makerKey)});
	writeFileSync(deps.workspace.path('config'), generateConfig());
	const first = await finish(prepare(deps));
	makerKey = spki();
	const second = await finish(prepare(deps));
	t.deepEqual(Buffer.from(second.value.policy.makerKey), Buffer.from(makerKey));
	writeFileSync(
		deps.workspace.path('id'),
		`{"uid": "${first.value.ids.uid}", "cloudprovider": "Local", "ip": "127.1.2.1", "clusterID": "${'ab'.repeat(32)}"}`,
	);
	makerKey = spki();
	t.is((await t.throwsAsync(finish(prepare(deps)), {instanceOf: AppError})).code, 'policy-differs');
});

test('a master secret that a cluster used is set aside for the next one', async t => {
	const deps = await world({makerKey: () => Promise.resolve(spki())});
	writeFileSync(deps.workspace.path('config'), generateConfig());
	await ensureMasterSecret(deps.workspace);
	await writeStamp(deps.workspace, {masterSecretUsed: true, masterSecretCopied: true});
	const {events} = await finish(prepare(deps));
	t.true(events.some(event => event.type === 'file' && event.path.startsWith('constellation-mastersecret-until-2030')));
	t.false(readdirSync(deps.workspace.folder).includes('constellation-mastersecret.json'));
	t.false((await readStamp(deps.workspace)).masterSecretCopied);
});

test('a scale whose plan fails leaves the config as it was', async t => {
	const deps = await world({makerKey: () => Promise.reject(new Error('no plan'))});
	const text = generateConfig();
	writeFileSync(deps.workspace.path('config'), text);
	writeFileSync(
		deps.workspace.path('id'),
		`{"uid": "0a1b2c3d", "cloudprovider": "Local", "ip": "127.1.2.1", "clusterID": "${'ab'.repeat(32)}"}`,
	);
	await t.throwsAsync(finish(planScale(deps, {workers: 5}, never)));
	t.is(readFileSync(deps.workspace.path('config'), 'utf8'), text);
});

test('what was only planned is configured, until an apply was begun', async t => {
	const deps = await world();
	writeFileSync(deps.workspace.path('config'), generateConfig());
	writeFileSync(deps.workspace.path('id'), '{"uid": "0a1b2c3d", "cloudprovider": "Local"}');
	await deps.journal.intent('plan');
	t.is(await workspaceState(deps.workspace), 'configured');
	await t.throwsAsync(clusterStatus(deps), {instanceOf: AppError, message: /There is no cluster/});
	await deps.journal.intent('apply');
	t.is(await workspaceState(deps.workspace), 'interrupted');
});

test('a cluster whose machines left no record is not called stopped', async t => {
	const deps = await world({machines: () => Promise.resolve(undefined)});
	writeFileSync(deps.workspace.path('config'), generateConfig());
	const cluster = (clusterID: string) => {
		writeFileSync(
			deps.workspace.path('id'),
			JSON.stringify({uid: '0a1b2c3d', cloudprovider: 'Local', ip: '127.1.2.1', clusterID}),
		);
	};
	cluster('ab'.repeat(32));
	await t.throwsAsync(requireRunning(deps), {instanceOf: AppError, code: 'machines-gone'});
	await t.throwsAsync(finish(stopCluster(deps, never)), {instanceOf: AppError, code: 'machines-gone'});
	cluster('');
	await t.throwsAsync(requireRunning(deps), {instanceOf: AppError, code: 'cluster-stopped'});
});

test('terminate removes what the records name, keeps config and master secret, and does not claim success over leftovers', async t => {
	let left = ['machine worker-0', 'claim of addresses'];
	const deps = await world({
		leftovers: () => Promise.resolve(left),
		async *removeLeftovers() {
			left = left.slice(1);
		},
	});
	await t.throwsAsync(findExisting(deps), {instanceOf: AppError});
	writeFileSync(deps.workspace.path('config'), generateConfig());
	writeFileSync(deps.workspace.path('id'), '{"uid": "0a1b2c3d", "cloudprovider": "Local"}');
	await ensureMasterSecret(deps.workspace);
	const error = await t.throwsAsync(finish(terminateCluster(deps, await findExisting(deps), never)), {instanceOf: AppError});
	t.is(error.code, 'terminate-incomplete');
	t.is(error.exitCode, 4);
	const {value} = await finish(terminateCluster(deps, await findExisting(deps), never));
	t.true(value.includes('claim of addresses'));
	t.deepEqual(readdirSync(deps.workspace.folder).sort(), [
		'.constellation',
		'constellation-conf.yaml',
		'constellation-mastersecret.json',
	]);
	t.is((await t.throwsAsync(findExisting(deps), {instanceOf: AppError})).code, 'no-cluster');
});

test('a join policy of a lower generation than seen before is refused', async t => {
	const {workspace} = await world();
	const kube = (generation: number): Kube => ({
		...unusedKube,
		get: () =>
			Promise.resolve({
				apiVersion: 'v1',
				kind: 'ConfigMap',
				metadata: {name: 'join-config'},
				data: {acceptedPolicies: JSON.stringify({generation, policies: []})},
			}),
	});
	await rememberGeneration(workspace, kube(3));
	await rememberGeneration(workspace, kube(3));
	const error = await t.throwsAsync(rememberGeneration(workspace, kube(2)), {instanceOf: AppError});
	t.is(error.exitCode, 5);
	t.is((await readStamp(workspace)).policyGeneration, 3);
});

test('endpoints come from the outputs in Terraform’s state, or are said to be missing', async t => {
	const {workspace} = await world();
	t.is((await t.throwsAsync(readEndpoints(workspace), {instanceOf: AppError})).code, 'terraform-outputs');
});
