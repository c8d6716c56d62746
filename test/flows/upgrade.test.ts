import {generateKeyPairSync, randomBytes} from 'node:crypto';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {formatMeasurements} from '../../src/attestation/measurements.ts';
import {formatPolicy, type LocalPolicy, type Policy, parsePolicy} from '../../src/attestation/policy.ts';
import {formatImageStatement} from '../../src/attestation/signed-measurements.ts';
import {proposalLines} from '../../src/commands/upgrade-words.ts';
import {generateConfig} from '../../src/config/generate.ts';
import {editConfig} from '../../src/config/load.ts';
import {AppError} from '../../src/errors.ts';
import type {Event, Flow, ReplacementState} from '../../src/events.ts';
import {runUpgrade} from '../../src/flows/upgrade/apply.ts';
import {backUp} from '../../src/flows/upgrade/backup.ts';
import {readBackup} from '../../src/flows/upgrade/backup-manifest.ts';
import {renewBaseObjects} from '../../src/flows/upgrade/base-objects.ts';
import {refuseApplyBesideUpgrade, refuseBesideUpgrade, refuseDuringRoll} from '../../src/flows/upgrade/beside.ts';
import {checkForUpgrade, strandsNode} from '../../src/flows/upgrade/check.ts';
import {decide} from '../../src/flows/upgrade/decide.ts';
import type {UpgradeDependencies} from '../../src/flows/upgrade/dependencies.ts';
import {acceptedConcerns} from '../../src/flows/upgrade/finish.ts';
import {observe, recoverable} from '../../src/flows/upgrade/observe.ts';
import {pairRecorder} from '../../src/flows/upgrade/pair-times.ts';
import {updateDefinitions} from '../../src/kubernetes/crds.ts';
import {openDatabase} from '../../src/kubernetes/embedded/store/database.ts';
import {createSeal} from '../../src/kubernetes/embedded/store/seal.ts';
import {createStore} from '../../src/kubernetes/embedded/store/store.ts';
import {type Kube, KubeError, type KubeObject, type Resource} from '../../src/kubernetes/kube.ts';
import {baseManifests, createMissing, joinConfig, nodeVersionManifest} from '../../src/kubernetes/manifests.ts';
import {inNamespace, resourcePath, resources} from '../../src/kubernetes/resources.ts';
import {clusterRoles} from '../../src/kubernetes/roles.ts';
import {upgradeAnnotations} from '../../src/kubernetes/upgrade-annotations.ts';
import {snapshotStore} from '../../src/providers/local/snapshot.ts';
import type {Machine} from '../../src/providers/node-groups.ts';
import type {Image} from '../../src/releases/image.ts';
import {Secret} from '../../src/secret.ts';
import {diffPolicies} from '../../src/upgrade/measurement-diff.ts';
import {measurementsDigest} from '../../src/upgrade/policy-set.ts';
import {workspaceAt} from '../../src/workspace/files.ts';
import {openJournal} from '../../src/workspace/journal.ts';
import {newUpgradeId, readPlan, storePlan, upgradeFolder, upgradeIds} from '../../src/workspace/upgrade-folder.ts';
import {memoryKube} from '../helpers/memory-kube.ts';

const uid = '0a1b2c3d';
const spki = (): Uint8Array => generateKeyPairSync('ec', {namedCurve: 'P-256'}).publicKey.export({format: 'der', type: 'spki'});
const [makerKey, releaseKey] = [spki(), spki()];
const unused = (): never => {
	throw new Error('not part of this test');
};

const measurementsOf = (bundle: number): LocalPolicy['measurements'] =>
	new Map(
		[4, 9, 11, 12, 15].map(register => [
			register,
			{expected: new Uint8Array(32).fill(register === 9 ? bundle : register === 15 ? 0 : register), warnOnly: false},
		]),
	);
const policyOf = (bundle: number): LocalPolicy => ({
	variant: 'local-vtpm',
	measurements: measurementsOf(bundle),
	makerKey,
	releaseKey,
});
const imageOf = (version: string): Image => ({
	version,
	folder: '/nowhere',
	manifest: {version, created: '', launcher: 'machine.mjs', bundle: 'node.mjs', runtime: 'node', arguments: [], source: ''},
	measurements: formatImageStatement({version, arguments: [], measurements: measurementsOf(version === 'v0.1.0' ? 1 : 2)}),
	signature: new Uint8Array(),
	releaseKey,
	registers: new Map(),
});
const accepted = (version: string) => ({
	measurements: Buffer.from(imageOf(version).measurements).toString('base64'),
	signature: 'c2ln',
	attestationConfig: formatPolicy(policyOf(1)),
});

const components = 'k8s-components-sha256-0';
const node = (name: string, annotations = {}): KubeObject => ({
	apiVersion: 'v1',
	kind: 'Node',
	metadata: {
		name,
		labels: name.startsWith('control-plane') ? {'node-role.kubernetes.io/control-plane': ''} : {},
		annotations: {'constellation.edgeless.systems/kubernetes-components': components, ...annotations},
	},
	status: {conditions: [{type: 'Ready', status: 'True'}], nodeInfo: {kubeletVersion: 'v1.32.9'}},
});
const machine = (name: string, image = 'v0.1.0', state: Machine['state'] = 'running'): Machine => ({
	name,
	group: name.startsWith('control-plane') ? 'control_plane_default' : 'worker_default',
	role: name.startsWith('control-plane') ? 'control-plane' : 'worker',
	image,
	address: '127.1.2.10',
	state,
});

/** Objects by the path of their collection; a collection that is missing is not served. */
type Objects = Record<string, KubeObject[]>;

function clusterObjects(): Objects {
	const config = joinConfig({
		attestationConfig: formatPolicy(policyOf(1)),
		acceptedPolicies: {generation: 1, policies: [accepted('v0.1.0')]},
		measurementSalt: new Uint8Array(32),
	}).object;
	const nodeVersion = nodeVersionManifest({
		image: 'v0.1.0',
		imageVersion: 'v0.1.0',
		kubernetesVersion: 'v1.32.9',
		components: {reference: components, list: []},
	}).object;
	const set: KubeObject = {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: components, namespace: 'kube-system'}};
	const report: KubeObject = {
		apiVersion: 'coordination.k8s.io/v1',
		kind: 'Lease',
		metadata: {
			name: 'join-service-control-plane-0',
			annotations: {
				'constellation.edgeless.systems/policy-generation': '1',
				'constellation.edgeless.systems/policy-digest': 'ab',
			},
		},
		spec: {renewTime: '2026-01-02T03:04:05.000000Z'},
	};
	const versioned = (plural: string, items: KubeObject[] = []) => ({[`/apis/update.edgeless.systems/v1alpha1/${plural}`]: items});
	return {
		'/api/v1/nodes': [node('control-plane-0'), node('worker-0')],
		'/api/v1/pods': [],
		'/api/v1/namespaces/kube-system/configmaps': [
			{...config, metadata: {...config.metadata, resourceVersion: '7'}},
			set,
			{...set, metadata: {name: 'something-else', namespace: 'kube-system'}},
		],
		'/apis/coordination.k8s.io/v1/namespaces/kube-system/leases': [report],
		'/apis/apiextensions.k8s.io/v1/customresourcedefinitions': [...updateDefinitions],
		...versioned('nodeversions', [nodeVersion]),
		...versioned('joiningnodes'),
		...versioned('pendingnodes'),
		...versioned('scalinggroups'),
		...versioned('autoscalingstrategies'),
		'/apis/nodemaintenance.medik8s.io/v1beta1/nodemaintenances': [],
	};
}

const kubeOf = (objects: Objects): Kube => {
	const collection = (resource: Resource) => {
		const found = objects[resourcePath(resource)];
		if (found === undefined) throw new KubeError(404, 'NotFound', `${resourcePath(resource)} is not served`);
		return found;
	};
	return {
		get: async (resource, name) => {
			const found = collection(resource).find(({metadata}) => metadata.name === name);
			if (found === undefined) throw new KubeError(404, 'NotFound', name);
			return found;
		},
		list: async resource => ({items: collection(resource), resourceVersion: '1'}),
		create: unused,
		update: unused,
		patch: unused,
		delete: unused,
		watch: unused,
		post: unused,
	};
};

/** A workspace with a cluster whose store is a real one. */
async function world(
	t: ExecutionContext,
	objects = clusterObjects(),
	machines = [machine('control-plane-0'), machine('worker-0')],
) {
	const home = mkdtempSync(path.join(tmpdir(), 'upgrade-'));
	t.teardown(() => rmSync(home, {recursive: true, force: true}));
	const [folder, cluster] = [path.join(home, 'w'), path.join(home, 'c')];
	mkdirSync(path.join(folder, 'constellation-terraform', '.terraform'), {recursive: true});
	mkdirSync(cluster);
	const workspace = workspaceAt(folder);
	const pinned = editConfig(generateConfig({name: 'demo', image: 'v0.1.0'}), [
		{path: ['attestation', 'localVTPM'], value: formatPolicy(policyOf(1))},
	]);
	writeFileSync(workspace.path('config'), pinned);
	writeFileSync(workspace.path('id'), JSON.stringify({uid, cloudprovider: 'Local', ip: '127.1.2.1', clusterID: 'ab'.repeat(32)}));
	writeFileSync(workspace.path('kubeconfig'), 'any');
	writeFileSync(path.join(workspace.path('terraform'), 'terraform.tfstate'), '{"outputs": {}}');
	writeFileSync(path.join(workspace.path('terraform'), '.terraform', 'plugin'), 'left out');
	const seal = createSeal(new Secret(randomBytes(32)));
	const store = createStore(openDatabase(path.join(cluster, 'store.db'), seal), seal, Date.now);
	const stored = {
		apiVersion: 'v1',
		kind: 'Secret',
		metadata: {name: 's', namespace: 'd', uid: 'u'},
		data: {secret: 'canary-canary'},
	};
	store.put({resource: 'secrets', namespace: 'd', name: 's'}, stored, 0);
	t.teardown(() => store.close());
	const deps: UpgradeDependencies = {
		workspace,
		journal: await openJournal(workspace, () => 1),
		provider: {
			preflight: unused,
			makerKey: unused,
			module: unused,
			describe: unused,
			machines: () => Promise.resolve(machines),
			events: unused,
			start: unused,
			stop: unused,
			leftovers: unused,
			removeLeftovers: unused,
			bootLog: unused,
		},
		now: () => Date.parse('2026-01-02T03:04:06Z'),
		pause: unused,
		random: bytes => new Uint8Array(bytes),
		hashSecret: unused,
		secretMatches: unused,
		terraform: unused,
		image: unused,
		policyOf: image => policyOf(image.version === 'v0.1.0' ? 1 : 2),
		kube: () => kubeOf(objects),
		candidates: () =>
			Promise.resolve([
				{version: 'v0.1.0', ownProgram: true},
				{version: 'v0.2.0', ownProgram: true},
				{version: 'v0.3.0', ownProgram: true},
			]),
		intactImage: version => Promise.resolve(imageOf(version)),
		vouch: () => Promise.resolve(undefined),
		groups: () =>
			Promise.resolve([
				{name: 'control_plane_default', role: 'control-plane', image: 'v0.1.0', size: 1},
				{name: 'worker_default', role: 'worker', image: 'v0.1.0', size: 1},
			]),
		snapshot: (_uid, file) => snapshotStore(cluster, file),
	};
	return {deps, workspace, folder, cluster};
}

async function finish<R>(flow: Flow<R>): Promise<{events: Event[]; value: R}> {
	const events: Event[] = [];
	for (;;) {
		const next = await flow.next();
		if (next.done === true) return {events, value: next.value};
		events.push(next.value);
	}
}

const filesIn = (folder: string): string[] =>
	readdirSync(folder, {recursive: true, withFileTypes: true})
		.filter(entry => entry.isFile())
		.map(entry => path.relative(folder, path.join(entry.parentPath, entry.name)))
		.sort();

test('upgrade check: target, measurements and plan, and nothing is written', async t => {
	const {deps, folder} = await world(t);
	const before = filesIn(folder);
	const {parts, proposal, busy} = await checkForUpgrade(deps, {});
	t.false(busy);
	t.deepEqual(
		parts.image.versions.map(({version, rule}) => [version, rule]),
		[
			['v0.3.0', 'minor-drift'],
			['v0.2.0', undefined],
		],
	);
	t.true(parts.services.included && parts.kubernetes.included);
	t.deepEqual(proposal?.target, {
		image: 'v0.2.0',
		measurements: measurementsDigest(imageOf('v0.2.0').measurements),
		services: 'v0.2.0',
		kubernetes: 'v1.32.9',
		components,
	});
	t.deepEqual(
		proposal?.measurements.rows.filter(({change}) => change !== 'same').map(({what}) => what),
		['9'],
	);
	t.deepEqual(proposal?.measurements.concerns, []);
	t.is(proposal?.strand.counterexample, undefined);
	t.is((await checkForUpgrade(deps, {image: 'v0.1.0'})).proposal, undefined, 'nothing to do');
	for (const [asked, pattern] of [
		[{image: 'v0.3.0'}, /minor-drift/],
		[{image: 'v0.2.9'}, /image make --version v0.2.9/],
		[{image: 'v0.0.1'}, /not-newer/],
		[{kubernetes: 'v1.31.13'}, /not-newer/],
		[{kubernetes: 'v1.33.0'}, /kubernetes-unsupported/],
	] as const) {
		const error = await t.throwsAsync(checkForUpgrade(deps, asked), {instanceOf: AppError});
		t.is(error.exitCode, 3);
		t.regex(error.problems[0]?.message ?? '', pattern);
	}
	t.deepEqual(filesIn(folder), before);
	for (const [code, expected] of [
		[0, 7],
		[503, 7],
	] as const) {
		const list = () => Promise.reject(new KubeError(code, '', 'no answer'));
		const silent = {...deps, kube: () => ({...kubeOf({}), get: list, list})};
		t.is((await t.throwsAsync(checkForUpgrade(silent, {}), {instanceOf: AppError})).exitCode, expected);
	}
});

test('upgrade check: what is wrong now is a counterexample; machines that are off or on their way count', async t => {
	const objects = clusterObjects();
	const off = [machine('control-plane-0'), machine('worker-0', 'v0.0.9', 'stopped'), machine('worker-7', 'v0.1.0', 'creating')];
	const {deps} = await world(t, objects, off);
	const {observed, users, replicas} = await observe(deps);
	t.like(observed.nodes[1], {name: 'worker-0', image: 'v0.0.9', stopped: true});
	t.deepEqual(observed.recoverable, ['v0.1.0']);
	t.deepEqual(recoverable(observed.policies, [policyOf(2)]), [], 'the workspace pins another image');
	t.deepEqual(observed.inFlight, [{kind: 'machine', name: 'worker-7', role: 'worker', image: 'v0.1.0'}]);
	t.is(users.length, 2 + 1 + 3 + 2);
	t.is(replicas.length, 1);
	t.like(replicas[0], {node: 'control-plane-0', generation: 1, digest: 'ab', renewedAt: Date.parse('2026-01-02T03:04:05Z')});
	const {proposal} = await checkForUpgrade(deps, {});
	const counterexample = proposal?.strand.counterexample;
	t.like(counterexample, {step: 'start', mishap: {kind: 'restarted', node: 'worker-0'}, condition: 'service-accepts-node'});
	if (counterexample !== undefined) t.like(strandsNode(counterexample), {exitCode: 3, code: 'upgrade-strands-node'});
});

test('pods, budgets, nodes on their way in and a running upgrade are read from the objects', async t => {
	const objects = clusterObjects();
	const owner = (kind: string, uidOf: string) => [{kind, name: 'front', uid: uidOf, controller: true}];
	const pod = (name: string, metadata: object, spec: object = {}, phase = 'Running'): KubeObject => ({
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name, namespace: 'web', labels: {app: 'front'}, ...metadata},
		spec: {nodeName: 'worker-0', ...spec},
		status: {phase},
	});
	objects['/api/v1/pods'] = [
		pod('a', {ownerReferences: owner('ReplicaSet', '1')}),
		pod('b', {ownerReferences: owner('ReplicaSet', '1')}, {volumes: [{name: 'v', emptyDir: {}}]}),
		pod('mirror', {annotations: {'kubernetes.io/config.mirror': 'x'}}),
		pod('daemon', {ownerReferences: owner('DaemonSet', '2')}),
		pod('over', {}, {}, 'Succeeded'),
		pod('waiting', {}, {nodeName: undefined}),
	];
	objects['/apis/policy/v1/poddisruptionbudgets'] = [
		{
			apiVersion: 'policy/v1',
			kind: 'PodDisruptionBudget',
			metadata: {name: 'front', namespace: 'web'},
			spec: {selector: {matchLabels: {app: 'front'}}},
		},
	];
	const joining = (name: string): KubeObject => ({
		apiVersion: 'x',
		kind: 'JoiningNode',
		metadata: {name, annotations: {'constellation.edgeless.systems/attested-image': 'v0.2.0'}},
		spec: {name: 'worker-5', iscontrolplane: false},
	});
	objects['/apis/update.edgeless.systems/v1alpha1/joiningnodes'] = [joining('worker-5')];
	const pending = (name: string, goal: string): KubeObject => ({
		apiVersion: 'x',
		kind: 'PendingNode',
		metadata: {name},
		spec: {goal, nodeName: name},
	});
	objects['/apis/update.edgeless.systems/v1alpha1/pendingnodes'] = [pending('worker-6', 'Join'), pending('worker-1', 'Leave')];
	const [nodeVersion] = objects['/apis/update.edgeless.systems/v1alpha1/nodeversions'] ?? [];
	if (nodeVersion !== undefined) nodeVersion['status'] = {conditions: [{type: 'Outdated', status: 'True'}]};
	const {deps} = await world(t, objects);
	const {observed} = await observe(deps);
	t.deepEqual(
		observed.pods.map(({name, replicas, localData, owner: of}) => [name, replicas, localData, of?.kind]),
		[
			['a', 2, false, 'ReplicaSet'],
			['b', 2, true, 'ReplicaSet'],
		],
	);
	t.like(observed.budgets[0], {allowed: 0, name: 'front'});
	t.deepEqual(observed.inFlight, [
		{kind: 'JoiningNode', name: 'worker-5', role: 'worker', image: 'v0.2.0'},
		{kind: 'PendingNode', name: 'worker-6', role: 'worker', image: undefined},
	]);
	t.true(observed.busy);
});

test('beside an upgrade that is not over a cluster is neither planned anew nor scaled; one that stands still may be removed', async t => {
	const annotated = (annotations: Record<string, string>, status: object = {}): Objects => {
		const objects = clusterObjects();
		const [found] = objects['/apis/update.edgeless.systems/v1alpha1/nodeversions'] ?? [];
		if (found !== undefined) Object.assign(found, {metadata: {...found.metadata, annotations}, status});
		return objects;
	};
	const upgrade = (rest: Record<string, string> = {}) =>
		Object.fromEntries(
			Object.entries({upgrade: 'upgrade-1', ...rest}).map(([key, value]) => [
				key === 'upgrade' ? upgradeAnnotations.upgrade : `constellation.edgeless.systems/upgrade-${key}`,
				value,
			]),
		);
	const held = (renewTime: string): Objects => {
		const objects = clusterObjects();
		objects['/apis/coordination.k8s.io/v1/namespaces/kube-system/leases']?.push({
			apiVersion: 'coordination.k8s.io/v1',
			kind: 'Lease',
			metadata: {name: 'constellation-upgrade'},
			spec: {holderIdentity: 'upgrade-1 on there', acquireTime: 'noon', renewTime},
		});
		return objects;
	};
	const outdated = {conditions: [{type: 'Outdated', status: 'True'}]};
	const someLeft = {...outdated, outdated: [{name: 'worker-0'}]};
	const joining = {...outdated, outdated: [], awaitingAnnotation: [{name: 'worker-0'}], mints: [{name: 'worker-1'}]};
	type Row = {what: string; objects: Objects; apply?: string; scale?: string; terminate?: string};
	const [active, busy] = ['upgrade-active', 'upgrade-busy'];
	const rows: readonly Row[] = [
		{what: 'no upgrade', objects: clusterObjects()},
		{what: 'somebody is at it', objects: held('2026-01-02T03:04:00Z'), apply: busy, scale: busy, terminate: busy},
		{what: 'whoever was at it is gone', objects: held('2026-01-02T03:00:00Z')},
		{what: 'a roll', objects: annotated(upgrade(), someLeft), apply: active, scale: active, terminate: active},
		{what: 'paused', objects: annotated(upgrade({paused: 'true'}), someLeft), apply: active, scale: active},
		{what: 'mixed', objects: annotated(upgrade({direction: 'stay'}), someLeft), apply: active, scale: active},
		{what: 'only its records are left', objects: annotated(upgrade()), apply: active, scale: active},
		{what: 'a roll that nobody here began', objects: annotated({}, someLeft), apply: active, scale: active},
		{what: 'nodes on their way in for the first time', objects: annotated({}, joining)},
	];
	for (const {what, objects, ...codes} of rows) {
		const {deps} = await world(t, objects);
		const checks = {apply: refuseApplyBesideUpgrade, scale: refuseBesideUpgrade, terminate: refuseDuringRoll};
		for (const name of ['apply', 'scale', 'terminate'] as const) {
			const found = await checks[name](deps).then(
				() => undefined,
				(error: unknown) => error,
			);
			if (codes[name] === undefined) t.is(found, undefined, `${name}: ${what}`);
			else {
				t.like(found, {code: codes[name], exitCode: 3}, `${name}: ${what}`);
				t.truthy((found as AppError).details['holder'], `${name}: ${what}`);
			}
		}
	}

	// Where nobody answers, a cluster may be completed, but not one whose upgrade was begun here.
	const {deps, workspace} = await world(t);
	const silent = {...deps, kube: () => ({...kubeOf({}), get: () => Promise.reject(new KubeError(0, '', 'no answer'))})};
	await t.notThrowsAsync(refuseApplyBesideUpgrade(silent));
	await deps.journal.intent('upgrade', {resource: 'upgrade-1'});
	await t.throwsAsync(refuseApplyBesideUpgrade(silent), {instanceOf: AppError, code: 'upgrade-active'});
	await deps.journal.done('upgrade', {resource: 'upgrade-1'});
	await t.notThrowsAsync(refuseApplyBesideUpgrade(silent));
	rmSync(workspace.path('kubeconfig'));
	await t.notThrowsAsync(refuseApplyBesideUpgrade(deps), 'it was never initialised');
});

test('a cluster that an older tool made gets the roles and definitions of this one, and keeps what people added', async t => {
	const kube = memoryKube(Date.now);
	await createMissing(kube, baseManifests());
	const told = async () => {
		const {events} = await finish(renewBaseObjects(kube, () => 1));
		return events.map(event => ('detail' in event ? event.detail : undefined))[0];
	};
	const versions = () => JSON.stringify(baseManifests().map(({resource}) => kube.all(resource).map(({metadata}) => metadata)));
	const before = versions();
	t.is(await told(), 'as they should be');
	t.is(versions(), before, 'nothing is written where nothing is missing');

	const [role] = clusterRoles.filter(({kind, rules}) => kind === 'ClusterRole' && Array.isArray(rules) && rules.length > 1);
	const [definition] = updateDefinitions;
	const [roleName, definitionName] = [role?.metadata.name ?? '', definition?.metadata.name ?? ''];
	const rules = (role?.['rules'] ?? []) as unknown[];
	const own = {apiGroups: ['example.org'], resources: ['things'], verbs: ['get']};
	await kube.patch(resources.clusterRoles, roleName, {rules: [own, rules[0]]}, 'merge');
	await kube.patch(resources.customResourceDefinitions, definitionName, {spec: {versions: []}}, 'merge');
	await kube.delete(inNamespace(resources.serviceAccounts, 'kube-system'), 'join-service');
	const detail = await told();
	for (const name of [roleName, definitionName, 'join-service']) t.true(detail?.includes(name), detail);
	t.deepEqual((await kube.get(resources.clusterRoles, roleName))['rules'], [own, ...rules]);
	t.like(await kube.get(resources.customResourceDefinitions, definitionName), {spec: definition?.['spec'] as object});
	await t.notThrowsAsync(kube.get(inNamespace(resources.serviceAccounts, 'kube-system'), 'join-service'));
	t.is(await told(), 'as they should be');
});

test('how long each replacement took is noted, and is what the next plan goes by', async t => {
	const {deps, workspace} = await world(t);
	let now = 0;
	const journal = await openJournal(workspace, () => now);
	await journal.intent('scale');
	now = 900;
	await journal.done('scale');
	t.deepEqual((await observe({...deps, journal})).observed.durations, [900], 'as long as to add one, for want of better');
	const record = pairRecorder(journal);
	const moved = (node: string, state: ReplacementState, partner?: string): Event => ({
		type: 'replacement',
		node,
		role: 'worker',
		state,
		...(partner === undefined ? {} : {partner}),
		at: 0,
	});
	const seen = async (at: number, ...events: Event[]) => {
		now = at;
		await record(events);
	};
	await seen(1000, moved('heir-0', 'joining', 'worker-0'), moved('worker-1', 'outdated'));
	await seen(2000, moved('worker-0', 'removed'), moved('heir-1', 'joining', 'worker-1'));
	await seen(2500, moved('heir-1', 'joining', 'worker-1'), {type: 'waiting', message: 'something', at: 0});
	await seen(5000, moved('worker-1', 'removed'), moved('heir-2', 'joining', 'worker-2'));
	// Killed here; whoever attaches goes on with what is open in the journal only from the next node on.
	const again = pairRecorder(journal);
	now = 9000;
	await again([moved('heir-2', 'joining', 'worker-2')]);
	await again([moved('worker-2', 'removed')]);
	const {observed} = await observe({...deps, journal: await openJournal(workspace, () => now)});
	t.deepEqual(observed.durations, [3000]);
	t.deepEqual((await checkForUpgrade({...deps, journal}, {})).proposal?.plan.time.basis, 'recorded');
});

test('backup: everything is there, 0600, read back; secrets of the store stay encrypted; a second run keeps it', async t => {
	const objects = clusterObjects();
	const [first] = updateDefinitions;
	const old = structuredClone(first) as KubeObject & {spec: {group: string; versions: object[]}};
	old.spec.group = 'old.example';
	old.metadata.name = 'nodeversions.old.example';
	old.spec.versions = [
		{name: 'v1', served: true},
		{name: 'v1beta1', served: false},
	];
	objects['/apis/apiextensions.k8s.io/v1/customresourcedefinitions']?.push(old);
	const {deps, workspace} = await world(t, objects);
	const folder = upgradeFolder(workspace, newUpgradeId(new Date(2026, 0, 2, 3, 4, 5), Uint8Array.of(10, 27, 44, 61)));
	t.is(folder.id, 'upgrade-20260102030405-0a1b2c3d');
	const {value, events} = await finish(backUp(deps, folder));
	t.like(events.at(-2), {type: 'check', id: 'backup', state: 'ok'});
	t.deepEqual(value.notServed, ['old.example/v1 nodeversions', 'old.example/v1beta1 nodeversions']);
	const files = filesIn(folder.path);
	for (const name of [
		'backup.json',
		'control-plane.snapshot',
		'backups/crds/nodeversions.update.edgeless.systems.yaml',
		'backups/update.edgeless.systems/v1alpha1/NodeVersion/constellation-version.yaml',
		'backups/core/v1/kube-system/ConfigMap/join-config.yaml',
		`backups/core/v1/kube-system/ConfigMap/${components}.yaml`,
		'workspace/constellation-conf.yaml',
		'workspace/constellation-id.json',
		'terraform-backup/terraform.tfstate',
	])
		t.true(files.includes(name), name);
	t.false(files.some(name => name.includes('plugin') || name.includes('something-else') || name.endsWith('.tmp')));
	for (const name of files) t.is(statSync(path.join(folder.path, name)).mode & 0o777, 0o600, name);
	t.is(statSync(folder.path).mode & 0o777, 0o700);
	t.regex(
		readFileSync(
			path.join(folder.path, 'backups/update.edgeless.systems/v1alpha1/NodeVersion/constellation-version.yaml'),
			'utf8',
		),
		/kind: NodeVersion/,
	);
	t.false(readFileSync(folder.snapshot).includes('canary-canary'));
	t.deepEqual(await readBackup(folder), value);
	t.deepEqual((await finish(backUp({...deps, kube: unused, snapshot: unused}, folder))).value, value);
	t.deepEqual(await upgradeIds(workspace), [folder.id]);
	t.true(await storePlan(folder, '{}'));
	t.false(await storePlan(folder, '{"other": true}'), 'the plan applied is the plan reviewed');
	t.is(await readPlan(folder, 1000), '{}');
	for (const id of ['x', '../x', 'upgrade-1-2', `${folder.id}/..`])
		t.throws(() => upgradeFolder(workspace, id), {instanceOf: TypeError});
});

test('a fault before the policies leaves the cluster and the config as they are, and nobody locked out', async t => {
	const full = new AppError('The disk is full: control-plane.snapshot.', {code: 'disk-full', exitCode: 3});
	const cut = () => Promise.reject(new KubeError(0, '', 'connect ECONNREFUSED'));
	const faults: readonly [
		what: string,
		code: string,
		exitCode: number,
		change: Partial<UpgradeDependencies>,
		api: Partial<Kube>,
	][] = [
		['a full disk', 'disk-full', 3, {snapshot: () => Promise.reject(full)}, {}],
		['a store that cannot be copied', 'snapshot-failed', 3, {snapshot: (_, file) => snapshotStore('/nowhere', file)}, {}],
		['a network that is cut', 'cluster-unreachable', 7, {}, {list: cut}],
		['somebody who was faster', 'upgrade-busy', 3, {}, {create: () => Promise.reject(new KubeError(409, 'AlreadyExists', ''))}],
	];
	for (const [what, code, exitCode, change, api] of faults) {
		const {deps, workspace} = await world(t);
		const {proposal} = await checkForUpgrade(deps, {});
		if (proposal === undefined) return t.fail('there is a proposal');
		const file = await decide(deps, proposal, {measurements: proposal.target.measurements, concerns: []});
		const config = readFileSync(workspace.path('config'), 'utf8');
		const written: string[] = [];
		const kube: Kube = {
			...kubeOf(clusterObjects()),
			create: async ({plural}, object) => {
				written.push(plural);
				return object;
			},
			patch: async ({plural}, name, patch) => {
				written.push(`${plural} ${JSON.stringify(patch)}`);
				return node(name);
			},
			...api,
		};
		const going = finish(runUpgrade({...deps, kube: () => kube, ...change}, file, new AbortController().signal));
		t.like(await t.throwsAsync(going, {instanceOf: AppError}, what), {code, exitCode}, what);
		t.deepEqual(written, code === 'upgrade-busy' ? [] : ['leases', 'leases {"spec":{"holderIdentity":""}}'], what);
		t.is(readFileSync(workspace.path('config'), 'utf8'), config, what);
		t.is(await readBackup(upgradeFolder(workspace, file.id)), undefined, what);
	}
});

test('a backup that is not what was written is refused, with every problem; an unfinished one is none', async t => {
	const {deps, workspace} = await world(t);
	const folder = upgradeFolder(workspace, 'upgrade-20260102030405-0a1b2c3d');
	await t.throwsAsync(finish(backUp({...deps, snapshot: () => Promise.reject(new Error('killed'))}, folder)), {
		message: 'killed',
	});
	t.false(existsSync(folder.manifest));
	t.is(await readBackup(folder), undefined);
	await finish(backUp(deps, folder));
	const config = path.join(folder.path, 'workspace/constellation-conf.yaml');
	const text = readFileSync(config, 'utf8');
	writeFileSync(config, text.replace('demo', 'omed'));
	rmSync(path.join(folder.path, 'terraform-backup/terraform.tfstate'));
	const snapshot = readFileSync(folder.snapshot);
	writeFileSync(folder.snapshot, snapshot.subarray(0, 4096));
	const error = await t.throwsAsync(readBackup(folder), {instanceOf: AppError, code: 'backup-damaged'});
	t.deepEqual(error.problems.map(problem => problem.path).sort(), [
		'control-plane.snapshot',
		'terraform-backup/terraform.tfstate',
		'workspace/constellation-conf.yaml',
	]);
});

test('the list of a backup names nothing outside its folder, also where it is there and right', async t => {
	const {deps, workspace} = await world(t);
	const folder = upgradeFolder(workspace, 'upgrade-20260102030405-0a1b2c3d');
	await finish(backUp(deps, folder));
	const text = readFileSync(folder.manifest, 'utf8');
	const name = 'workspace/constellation-id.json';
	t.true(text.includes(name));
	for (const other of [`workspace/../${name}`, `./${name}`]) {
		writeFileSync(folder.manifest, text.replace(name, other));
		await t.throwsAsync(readBackup(folder), {instanceOf: AppError, code: 'backup-damaged'}, other);
	}
});

test('a snapshot is whole or not there', async t => {
	const {cluster} = await world(t);
	const file = path.join(cluster, 'copy');
	await snapshotStore(cluster, file);
	t.is(statSync(file).mode & 0o777, 0o600);
	const error = await t.throwsAsync(snapshotStore(path.join(cluster, 'missing'), path.join(cluster, 'other')), {
		instanceOf: AppError,
	});
	t.is(error.code, 'snapshot-failed');
	t.deepEqual(
		readdirSync(cluster).filter(name => /other|tmp/.test(name)),
		[],
	);
});

test('measurements take a consent of their own, and so does each way in which the policy would be weaker', async t => {
	const {deps, workspace, folder} = await world(t);
	const text = readFileSync(workspace.path('config'), 'utf8');
	const value = {expected: '07'.repeat(32), warnOnly: false};
	writeFileSync(workspace.path('config'), editConfig(text, [{path: ['attestation', 'localVTPM', 'measurements', '7'], value}]));
	const before = filesIn(folder);
	const {proposal} = await checkForUpgrade(deps, {});
	if (proposal === undefined) return t.fail('there is a proposal');
	t.deepEqual(
		proposal.measurements.concerns.map(({code, message}) => [code, message]),
		[['policy-weaker', 'Register 7 would not be checked any more.']],
	);
	const {measurements} = proposal.target;
	const refused = [
		[{measurements: `sha256:${'0'.repeat(64)}`, concerns: ['policy-weaker']}, 'measurements-not-accepted'],
		[{measurements, concerns: []}, 'policy-concerns'],
		[{measurements, concerns: ['cluster-register-missing', 'variant-differs', 'signer-differs']}, 'policy-concerns'],
	] as const;
	for (const [consent, code] of refused)
		t.like(await t.throwsAsync(decide(deps, proposal, consent), {instanceOf: AppError}), {code, exitCode: 5});
	t.deepEqual(filesIn(folder), before);
	const {id} = await decide(deps, proposal, {measurements, concerns: ['policy-weaker']});
	t.regex((await readPlan(upgradeFolder(workspace, id), 1_000_000)) ?? '', /"concerns":\s*\[\s*"policy-weaker"/);

	t.deepEqual(await acceptedConcerns(deps, id), ['Accepted when the upgrade was planned: policy-weaker.']);
	t.deepEqual(await acceptedConcerns(deps, newUpgradeId(new Date(0), new Uint8Array(4))), []);

	// What no image of this tool can bring about is told all the same.
	const open = new Map([...policyOf(2).measurements].filter(([register]) => register !== 15));
	const origin = {source: 'there', signer: 'somebody'};
	const codesOf = (next: Policy) => diffPolicies(policyOf(1), next, origin).concerns.map(({code}) => code);
	t.deepEqual(codesOf({...policyOf(2), measurements: open}), ['policy-weaker', 'cluster-register-missing']);
	t.true(codesOf(parsePolicy('qemu-vtpm', {measurements: formatMeasurements(measurementsOf(2))})).includes('variant-differs'));
	t.deepEqual(codesOf({...policyOf(2), releaseKey: spki()}), ['signer-differs']);
});

test('who else vouches for the image stands beside its measurements; who does not ends the look with 5', async t => {
	const {deps, folder} = await world(t);
	const before = filesIn(folder);
	const vouched = {
		flags: ['--measurements-from', 'bundle'],
		source: 'what was imported',
		digest: `sha256:${'5e'.repeat(32)}`,
		signer: {name: 'key 1 of the config', fingerprint: `sha256:${'77'.repeat(32)}`, pinned: false},
		log: {state: 'not-checked', why: 'no proof came'} as const,
		logWords: 'no log was asked',
	};
	const {proposal} = await checkForUpgrade({...deps, vouch: () => Promise.resolve(vouched)}, {});
	t.is(proposal?.vouched, vouched);
	for (const {source, signer} of proposal?.measurements.rows ?? []) {
		t.is(source, 'what was imported, the same as in image v0.2.0 on this machine');
		t.regex(signer, /^key 1 of the config sha256:7777/);
	}
	const lines = proposal === undefined ? '' : proposalLines(proposal).join('\n');
	for (const part of ['from       what was imported', 'signed by  key 1', vouched.digest, vouched.logWords])
		t.true(lines.includes(part), part);
	const differs = new AppError('not the same', {code: 'measurements-differ', exitCode: 5});
	t.is(await t.throwsAsync(checkForUpgrade({...deps, vouch: () => Promise.reject(differs)}, {})), differs);
	t.deepEqual(filesIn(folder), before);
});

test('an image that was made anew after the consent is another one: nothing is accepted that nobody agreed to', async t => {
	const {deps, workspace} = await world(t);
	const {proposal} = await checkForUpgrade(deps, {});
	if (proposal === undefined) return t.fail('there is a proposal');
	const file = await decide(deps, proposal, {measurements: proposal.target.measurements, concerns: []});
	const text = readFileSync(workspace.path('config'), 'utf8');
	const again = formatImageStatement({version: 'v0.2.0', arguments: [], measurements: measurementsOf(3)});
	const kube: Kube = {...kubeOf(clusterObjects()), create: async (_, object) => object, patch: async () => ({...node('any')})};
	const later: UpgradeDependencies = {
		...deps,
		kube: () => kube,
		intactImage: version => Promise.resolve({...imageOf(version), measurements: again}),
	};
	const error = await t.throwsAsync(finish(runUpgrade(later, file, new AbortController().signal)), {instanceOf: AppError});
	t.like(error, {code: 'measurements-not-accepted', exitCode: 5});
	t.is(readFileSync(workspace.path('config'), 'utf8'), text);
});
