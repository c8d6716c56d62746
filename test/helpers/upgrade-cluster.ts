import {generateKeyPairSync, randomBytes} from 'node:crypto';
import {mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {formatPolicy, type LocalPolicy} from '../../src/attestation/policy.ts';
import {formatImageStatement} from '../../src/attestation/signed-measurements.ts';
import {generateConfig} from '../../src/config/generate.ts';
import {editConfig} from '../../src/config/load.ts';
import type {Event, Flow} from '../../src/events.ts';
import type {UpgradeDependencies} from '../../src/flows/upgrade/dependencies.ts';
import {updateDefinitions} from '../../src/kubernetes/crds.ts';
import {openDatabase} from '../../src/kubernetes/embedded/store/database.ts';
import {createSeal} from '../../src/kubernetes/embedded/store/seal.ts';
import {createStore} from '../../src/kubernetes/embedded/store/store.ts';
import {type Kube, KubeError, type KubeObject, type Resource} from '../../src/kubernetes/kube.ts';
import {joinConfig, nodeVersionManifest} from '../../src/kubernetes/manifests.ts';
import {resourcePath} from '../../src/kubernetes/resources.ts';
import {snapshotStore} from '../../src/providers/local/snapshot.ts';
import type {Machine} from '../../src/providers/node-groups.ts';
import type {Image} from '../../src/releases/image.ts';
import {Secret} from '../../src/secret.ts';
import {workspaceAt} from '../../src/workspace/files.ts';
import {openJournal} from '../../src/workspace/journal.ts';
import {unused, unusedKube} from './unused.ts';

const uid = '0a1b2c3d';
export const spki = (): Uint8Array =>
	generateKeyPairSync('ec', {namedCurve: 'P-256'}).publicKey.export({format: 'der', type: 'spki'});
const [makerKey, releaseKey] = [spki(), spki()];
export const measurementsOf = (bundle: number): LocalPolicy['measurements'] =>
	new Map(
		[4, 9, 11, 12, 15].map(register => [
			register,
			{expected: new Uint8Array(32).fill(register === 9 ? bundle : register === 15 ? 0 : register), warnOnly: false},
		]),
	);
export const policyOf = (bundle: number): LocalPolicy => ({
	variant: 'local-vtpm',
	measurements: measurementsOf(bundle),
	makerKey,
	releaseKey,
});
export const imageOf = (version: string): Image => ({
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

export const components = 'k8s-components-sha256-0';
export const node = (name: string, annotations = {}): KubeObject => ({
	apiVersion: 'v1',
	kind: 'Node',
	metadata: {
		name,
		labels: name.startsWith('control-plane') ? {'node-role.kubernetes.io/control-plane': ''} : {},
		annotations: {'constellation.edgeless.systems/kubernetes-components': components, ...annotations},
	},
	status: {conditions: [{type: 'Ready', status: 'True'}], nodeInfo: {kubeletVersion: 'v1.32.9'}},
});
export const machine = (name: string, image = 'v0.1.0', state: Machine['state'] = 'running'): Machine => ({
	name,
	group: name.startsWith('control-plane') ? 'control_plane_default' : 'worker_default',
	role: name.startsWith('control-plane') ? 'control-plane' : 'worker',
	image,
	address: '127.1.2.10',
	state,
});

/** Objects by the path of their collection; a collection that is missing is not served. */
export type Objects = Record<string, KubeObject[]>;

export function clusterObjects(): Objects {
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

export const kubeOf = (objects: Objects): Kube => {
	const collection = (resource: Resource) => {
		const found = objects[resourcePath(resource)];
		if (found === undefined) throw new KubeError(404, 'NotFound', `${resourcePath(resource)} is not served`);
		return found;
	};
	return {
		...unusedKube,
		get: async (resource, name) => {
			const found = collection(resource).find(({metadata}) => metadata.name === name);
			if (found === undefined) throw new KubeError(404, 'NotFound', name);
			return found;
		},
		list: async resource => ({items: collection(resource), resourceVersion: '1'}),
	};
};

/** A workspace with a cluster whose store is a real one. */
export async function world(
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

export async function finish<R>(flow: Flow<R>): Promise<{events: Event[]; value: R}> {
	const events: Event[] = [];
	for (;;) {
		const next = await flow.next();
		if (next.done === true) return {events, value: next.value};
		events.push(next.value);
	}
}

export const filesIn = (folder: string): string[] =>
	readdirSync(folder, {recursive: true, withFileTypes: true})
		.filter(entry => entry.isFile())
		.map(entry => path.relative(folder, path.join(entry.parentPath, entry.name)))
		.sort();
