import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {gzipSync} from 'node:zlib';
import test from 'ava';
import {openTpm} from '../../src/attestation/tpm/commands.ts';
import {parsePublicArea, publicKeyOf} from '../../src/attestation/tpm/public-area.ts';
import {documentIssuerOf} from '../../src/attestation/variant.ts';
import {formatGcpInstance} from '../../src/attestation/variants/gcp/instance.ts';
import {generateConfig} from '../../src/config/generate.ts';
import {AppError} from '../../src/errors.ts';
import type {Event, Flow} from '../../src/events.ts';
import {connectOriginal} from '../../src/flows/original/node.ts';
import {type Original, openOriginal} from '../../src/flows/original/open.ts';
import {type OriginalRecovery, recoverOriginal} from '../../src/flows/original/recover.ts';
import {originalRecovery, withConsent} from '../../src/flows/original/recovery-target.ts';
import {originalResources} from '../../src/flows/original/resources.ts';
import {originalStatus} from '../../src/flows/original/status.ts';
import type {TrustWorld} from '../../src/flows/trust-world.ts';
import {stateContents} from '../../src/infrastructure/state-contents.ts';
import * as der from '../../src/keys/der-writer.ts';
import {type Kube, KubeError} from '../../src/kubernetes/kube.ts';
import {parseKubeconfig} from '../../src/kubernetes/kubeconfig.ts';
import {inNamespace, resources} from '../../src/kubernetes/resources.ts';
import {digestsOf} from '../../src/machine/tpm/banks.ts';
import {createSoftwareTpm} from '../../src/machine/tpm/software-tpm.ts';
import {workspaceAt} from '../../src/workspace/files.ts';
import {writeStamp} from '../../src/workspace/stamp.ts';
import {at} from '../helpers/forge-chain.ts';
import {gceEvents, writeEventLog} from '../helpers/forge-document.ts';
import {memoryKube} from '../helpers/memory-kube.ts';
import {originalNode} from '../helpers/original-node.ts';
import {
	adminFile,
	canary,
	createdWorkspaces,
	folderPrint,
	originalFolder,
	originalSecret,
	terraformState,
} from '../helpers/original-workspace.ts';
import {cloudChain, gcpInstance, gcpWorld, instanceExtension} from '../helpers/tpm-worlds.ts';

const never = new AbortController().signal;
const empty = () => mkdtempSync(path.join(tmpdir(), 'original-'));

async function opened(folder: string): Promise<Original> {
	const original = await openOriginal(folder);
	if (original === undefined) throw new Error('not recognised');
	return original;
}

const providers: Readonly<Record<string, string>> = {
	'aws-sev-snp': 'AWS',
	'aws-nitro-tpm': 'AWS',
	'azure-sev-snp': 'Azure',
	'azure-trustedlaunch': 'Azure',
	gcp: 'GCP',
	openstack: 'OpenStack',
	'qemu-system-socket': 'QEMU',
	'qemu-container': 'QEMU',
	'qemu-session': 'QEMU',
};

test('workspaces as v2.9.1 wrote them are known, at every stage, and nothing in them changes', async t => {
	for (const {id} of createdWorkspaces) {
		const stages: [Parameters<typeof originalFolder>[1], Original['stage']][] = [
			[{initialised: false}, 'created'],
			[{initialised: false, files: {'constellation-mastersecret.json': '{}'}}, 'init-tried'],
			[{}, 'kubeconfig-lost'],
			[{kubeconfig: 'x'}, 'initialised'],
			[{files: {'constellation-id.json': undefined}}, 'interrupted'],
		];
		for (const [knobs, stage] of stages) {
			const folder = originalFolder(id, knobs);
			const before = folderPrint(folder);
			const original = await opened(folder);
			t.like(original, {format: 'v2.9', provider: providers[id], stage}, `${id} ${stage}`);
			const found = await originalResources(original);
			t.is(found.cluster.state?.total, 13);
			t.deepEqual(
				found.cluster.state?.types.slice(0, 2).map(({type, count}) => `${count} ${type}`),
				['5 aws_lb_listener', '5 aws_lb_target_group'],
			);
			t.deepEqual(found.doubts, []);
			t.false(JSON.stringify(found).includes(canary));
			t.deepEqual(folderPrint(folder), before);
		}
	}
	const terminated = originalFolder('gcp', {
		files: {
			'constellation-id.json': undefined,
			'constellation-terraform/terraform.tfstate': undefined,
			'constellation-terraform/terraform.tfvars': undefined,
		},
	});
	t.like(await opened(terminated), {stage: 'terminated', provider: 'GCP'});
});

const swap = (from: string | RegExp, to: string) => ({config: (text: string) => text.replaceAll(from, to)});

test('releases before and after v2.9 are named as such', async t => {
	const cases: [string, Parameters<typeof originalFolder>[1], Original['format'], RegExp][] = [
		['config v2', swap('version: v3', 'version: v2'), 'before-v2.9', /version v2/],
		['config v4', swap('version: v3', 'version: v4'), 'after-v2.9', /version v4/],
		['services of v2.8', swap('microserviceVersion: v2.9.1', 'microserviceVersion: v2.8.0'), 'before-v2.9', /v2\.8\.0/],
		['services of v2.11', swap('v2.9.1', 'v2.11.0'), 'after-v2.9', /v2\.11\.0/],
		['a state file in YAML', {files: {'constellation-state.yaml': 'version: v1\n'}}, 'after-v2.9', /constellation-state\.yaml/],
		['a state file in JSON', {files: {'constellation-state.json': '{}'}}, 'before-v2.9', /constellation-state\.json/],
		['a base64 secret', {files: {'constellation-mastersecret.base64': 'AA=='}}, 'before-v2.9', /base64/],
		['no config', {files: {'constellation-conf.yaml': undefined}}, 'unknown', /no config/],
		['a torn config', {config: () => 'version: [v3'}, 'unknown', /no config that can be read/],
		['no version', swap(/(microserviceVersion|image): v2\.9\.1/g, '$1: ""'), 'unknown', /names no release/],
	];
	for (const [name, knobs, format, because] of cases) {
		const original = await opened(originalFolder('gcp', knobs));
		t.is(original.format, format, name);
		t.regex(original.because, because, name);
		t.is(original.provider, 'GCP', name);
	}
	const older = await opened(originalFolder('gcp', swap('version: v3', 'version: v2')));
	const error = await t.throwsAsync(originalRecovery(older, {acceptUnknownKeys: true}, world()), {instanceOf: AppError});
	t.is(error.code, 'original-workspace');
});

test('folders of this tool, configs alone and empty folders are none of the original', async t => {
	t.is(await openOriginal(empty()), undefined);
	const alone = empty();
	writeFileSync(path.join(alone, 'constellation-conf.yaml'), createdWorkspaces[0]?.configYaml ?? '');
	t.is(await openOriginal(alone), undefined);
	const local = empty();
	writeFileSync(path.join(local, 'constellation-conf.yaml'), generateConfig());
	writeFileSync(path.join(local, 'constellation-id.json'), '{"uid": "0a1b2c3d", "cloudprovider": "Local"}');
	t.is(await openOriginal(local), undefined);
	const cloud = originalFolder('aws-sev-snp');
	await writeStamp(workspaceAt(cloud));
	t.is(await openOriginal(cloud), undefined, 'a stamp: this tool works there');
	const lost = originalFolder('aws-sev-snp', {files: {'constellation-terraform/terraform.tfvars.json': '{}'}});
	t.is(await openOriginal(lost), undefined, 'variables as this tool writes them');
});

test('what the states of Terraform leave in doubt is said', async t => {
	const upgrade = 'constellation-upgrade/upgrade-20230901120000-00000000/terraform/terraform.tfstate';
	const outputs = {uid: '1a2b3c04'};
	const state = 'constellation-terraform/terraform.tfstate';
	const cases: [string, Record<string, string | undefined>, RegExp][] = [
		['none', {[state]: undefined}, /find nothing to remove/],
		['torn', {[state]: '{"version": 4, "resour'}, /cannot be read/],
		['of another cluster', {[state]: terraformState({uid: 'ffffffff'})}, /of the cluster ffffffff/],
		['a newer one', {[upgrade]: terraformState(outputs, 20)}, /upgrade-20230901120000-00000000.* newer state/],
		[
			'locked',
			{'constellation-terraform/.terraform.tfstate.lock.info': '{"Who": "me@host", "Operation": "OperationTypeApply"}'},
			/OperationTypeApply, me@host/,
		],
	];
	for (const [name, files, doubt] of cases) {
		const {doubts} = await originalResources(await opened(originalFolder('gcp', {files})));
		t.is(doubts.length, 1, name);
		t.regex(doubts[0] ?? '', doubt, name);
	}
	for (const text of ['', '[]', '{"version": 3, "modules": []}', '{"version": 4}', '{"version": 4, "resources": 1}'])
		t.is(stateContents(text), undefined, text);
	const odd = {
		version: 4,
		resources: [null, {mode: 'managed', type: '\u001B[2J', instances: [1]}, {mode: 'managed', type: 'a', instances: 'x'}],
	};
	t.deepEqual(stateContents(JSON.stringify(odd)), {types: [{type: 'unknown', count: 1}], total: 1, serial: 0});
});

/** What a v2.9 cluster has in its API that is asked for. */
async function originalApi(): Promise<Kube> {
	const kube = memoryKube(() => Date.parse('2026-11-22T12:00:00Z'));
	const reference = 'projects/constellation-images/global/images/v2-9-1';
	await kube.create(resources.nodeVersions, {
		apiVersion: 'update.edgeless.systems/v1alpha1',
		kind: 'NodeVersion',
		metadata: {name: 'constellation-version'},
		spec: {image: reference, imageVersion: 'v2.9.1', kubernetesClusterVersion: 'v1.26.6'},
		status: {conditions: [{type: 'Outdated', status: 'True', message: 'Some node versions are out of date'}]},
	});
	const nodes: [string, boolean, string, string][] = [
		['constell-control-plane-1', true, reference, 'v1.26.6'],
		['constell-worker-1', false, 'projects/constellation-images/global/images/v2-8-0', 'v1.26.5'],
	];
	for (const [name, ready, image, kubeletVersion] of nodes)
		await kube.create(resources.nodes, {
			apiVersion: 'v1',
			kind: 'Node',
			metadata: {
				name,
				labels: name.includes('control') ? {'node-role.kubernetes.io/control-plane': ''} : {},
				annotations: {'constellation.edgeless.systems/node-image': image},
			},
			status: {nodeInfo: {kubeletVersion}, conditions: [{type: 'Ready', status: ready ? 'True' : 'False'}]},
		});
	const release = (version: string) =>
		Buffer.from(gzipSync(JSON.stringify({chart: {metadata: {version}}})).toString('base64')).toString('base64');
	for (const [name, data] of [
		['constellation-services', {release: release('2.9.1')}],
		['cilium', {release: release('1.12.1')}],
		['cert-manager', {release: 'bm90IGd6aXA='}],
		['other', {release: release('1.0.0')}],
	] as const)
		await kube.create(inNamespace(resources.secrets, 'kube-system'), {
			apiVersion: 'v1',
			kind: 'Secret',
			metadata: {
				name: `sh.helm.release.v1.${name}.v1`,
				namespace: 'kube-system',
				labels: {name, owner: 'helm', status: 'deployed'},
			},
			data,
		});
	return kube;
}

test('status asks as far as it goes: each part may be missing, and says why', async t => {
	const folder = originalFolder('gcp', {kubeconfig: adminFile('https://203.0.113.50:6443')});
	const before = folderPrint(folder);
	const api = await originalApi();
	const {cluster, abilities, files} = await originalStatus(await opened(folder), text => {
		t.is(parseKubeconfig(text).server, 'https://203.0.113.50:6443');
		return api;
	});
	t.like(cluster, {
		reachable: true,
		target: {value: {image: 'v2.9.1', kubernetes: 'v1.26.6', message: 'Some node versions are out of date'}},
		services: {
			value: [
				{name: 'cilium', version: 'v1.12.1'},
				{name: 'cert-manager', version: 'unknown'},
				{name: 'constellation-services', version: 'v2.9.1'},
			],
		},
		attestation: {problem: '404 configmaps "join-config" not found'},
		nodes: {
			value: [
				{name: 'constell-control-plane-1', role: 'control-plane', ready: true, kubelet: 'v1.26.6', image: 'current'},
				{name: 'constell-worker-1', role: 'worker', ready: false, kubelet: 'v1.26.5', image: 'other'},
			],
		},
	});
	t.deepEqual(
		abilities.filter(({missing}) => missing !== undefined),
		[],
	);
	t.true(files.some(({file}) => file === 'constellation-upgrade'));
	const silent: Kube = {...api, get: () => Promise.reject(new KubeError(0, '', 'connect ECONNREFUSED'))};
	const down = await originalStatus(await opened(folder), () => silent);
	t.false(down.cluster?.reachable);
	t.is((await originalStatus(await opened(originalFolder('gcp')), () => api)).cluster, undefined);
	t.deepEqual(folderPrint(folder), before);
});

const world = (now = Date.now): TrustWorld => {
	const unused = (): never => {
		throw new Error('nobody is asked here');
	};
	return {
		get: unused,
		store: new Proxy({} as TrustWorld['store'], {get: () => () => Promise.resolve(undefined)}),
		dataHome: '/nowhere',
		now,
		kept: unused,
		localImage: unused,
	};
};

/** A config that expects these values of registers 4 and 15. */
const expecting = (four: string, fifteen = '00'.repeat(32)) => ({
	config: (text: string) =>
		text.replace(
			/attestation:[^]*/,
			`attestation:\n  qemuVTPM:\n    measurements:\n      4:\n        expected: "${four}"\n        warnOnly: false\n      15:\n        expected: "${fifteen}"\n        warnOnly: false\n`,
		),
});

type Ended = {events: Event[]; taken?: string[]; error?: AppError};

/** Runs a recovery whose waiting takes no time: each pause moves the clock. */
async function run(target: OriginalRecovery): Promise<Ended> {
	let clock = Date.now();
	const pause = (milliseconds: number) => {
		clock += milliseconds;
		return new Promise<void>(resolve => {
			setImmediate(resolve);
		});
	};
	const flow: Flow<{attestationKey: string}[]> = recoverOriginal({pause}, {...target, now: () => clock}, never);
	const events: Event[] = [];
	try {
		for (;;) {
			const next = await flow.next();
			if (next.done === true) return {events, taken: next.value.map(({attestationKey}) => attestationKey)};
			events.push(next.value);
		}
	} catch (error) {
		if (!(error instanceof AppError)) throw error;
		return {events, error};
	}
}

async function recovery(four: string, endpoint: string, acceptUnknownKeys = true, fifteen?: string) {
	const folder = originalFolder('qemu-system-socket', expecting(four, fifteen));
	const before = folderPrint(folder);
	const original = await opened(folder);
	const target = await originalRecovery(original, {endpoint, acceptUnknownKeys}, world());
	return {target, unchanged: () => JSON.stringify(folderPrint(folder)) === JSON.stringify(before)};
}

test('recover over v2.9 aTLS: verified, key-bound, with consent to a key that nothing vouches for', async t => {
	const node = await originalNode(t);
	const refused = await recovery(node.registers[4] ?? '', node.endpoint, false);
	const without = await run(refused.target);
	t.is(without.error?.exitCode, 5);
	t.deepEqual(
		without.error?.problems.map(({path: what}) => what),
		['key-certificate-missing'],
	);
	t.deepEqual(node.received, [], 'nothing was sent');

	const consented = withConsent(refused.target, without.error);
	t.truthy(consented);
	const {taken, events} = await run(consented ?? refused.target);
	t.is(taken?.length, 1);
	t.deepEqual(node.received, [
		{key: originalSecret.key.toString('hex'), salt: originalSecret.salt.toString('hex'), storage: 'storage://no-store'},
	]);
	const warnings = events.flatMap(event => (event.type === 'warning' ? [event.code] : []));
	t.deepEqual(warnings, ['key-bound-only', 'key-certificate-missing']);
	t.true(
		events.some(
			event => event.type === 'lane' && event.state === 'attested' && event.node === `node ${taken?.[0]?.slice(0, 16) ?? ''}`,
		),
	);
	t.true(refused.unchanged());
	t.false(JSON.stringify(events).includes(originalSecret.key.toString('base64')));
});

test('recover sends nothing to a node of other software or of a cluster, and consent is no help there', async t => {
	const cases: [string, Awaited<ReturnType<typeof originalNode>>, string, string[]][] = [
		['other software', await originalNode(t), 'ab'.repeat(32), ['register 4']],
		['in a cluster', await originalNode(t, {inCluster: true}), '', ['register 15']],
	];
	for (const [name, node, four, paths] of cases) {
		const {target} = await recovery(four || (node.registers[4] ?? ''), node.endpoint);
		const {error} = await run(target);
		t.is(error?.code, 'attestation-refused', name);
		t.deepEqual(
			error?.problems.map(({path: what}) => what),
			paths,
			name,
		);
		t.deepEqual(node.received, [], name);
		t.is(withConsent(target, error), undefined, name);
	}
});

/** Where a certificate of Google's names its issuer (RFC 5280 section 4.2.2.1). */
const issuerAddress = {
	oid: '1.3.6.1.5.5.7.1.1',
	critical: false,
	value: der.sequence(
		der.sequence(
			der.objectIdentifier('1.3.6.1.5.5.7.48.2'),
			der.contextPrimitive(6, Buffer.from(`http://privateca-content-${'0'.repeat(36)}.storage.googleapis.com/ca.crt`)),
		),
	),
};

test('what the evidence does not carry is fetched between two connections; without it nothing is sent', async t => {
	const chain = (akPublic: Uint8Array) =>
		cloudChain({
			keys: {publicKey: publicKeyOf(parsePublicArea(akPublic))},
			extensions: [instanceExtension(gcpInstance), issuerAddress],
			notBefore: at - 86_400_000,
			notAfter: at + 86_400_000,
		});
	const software = createSoftwareTpm({certify: akPublic => Promise.resolve(chain(akPublic).leaf.der)});
	const tpm = openTpm({send: software.handle, close: () => undefined});
	const events = gceEvents();
	for (const {register, data} of events) software.measure(register, digestsOf(data), 'firmware');
	const issuer = documentIssuerOf('gcp-sev-es', {
		tpm,
		firmwareLog: () => Promise.resolve(writeEventLog(events)),
		instanceInfo: () => Promise.resolve(formatGcpInstance(gcpInstance)),
		withCertificate: true,
	});
	const {root, middle} = chain((await tpm.attestationKey()).public);
	const registers = await tpm.readPcrs();
	const measurements = new Map([0, 15].map(index => [index, {expected: registers[index] ?? new Uint8Array(), warnOnly: false}]));
	const policy = {...gcpWorld().policy, measurements, roots: [root.der], requireRevocationLists: false};
	const node = await originalNode(t, {issuer});
	let asked = 0;
	const judge = (certificates: readonly Uint8Array[]) => ({
		policy,
		now: () => at,
		collateral: () => {
			asked += 1;
			return Promise.resolve({collateral: {certificates}, missing: []});
		},
	});
	const address = {endpoint: node.endpoint, name: 'x'};
	const error = await t.throwsAsync(connectOriginal(address, judge([]), never), {instanceOf: AppError});
	t.is(error.code, 'attestation-refused');
	t.is(asked, 1, 'asked once, not for ever');
	const channel = await connectOriginal(address, judge([middle.der]), never);
	t.is(channel?.attested.variant, 'gcp-sev-es');
	t.is(asked, 2);
	channel?.close();
	t.deepEqual(node.received, []);
});

test('recover ends: nobody waits (exit 7), a node comes back again and again (exit 6)', async t => {
	const node = await originalNode(t, {takes: Number.POSITIVE_INFINITY});
	const {target} = await recovery(node.registers[4] ?? '', node.endpoint);
	const {error} = await run(target);
	t.is(error?.code, 'recovery-repeated');
	t.is(error?.exitCode, 6);
	const silent = await run({...target, node: {endpoint: '127.0.0.1:1', name: 'x'}});
	t.is(silent.error?.code, 'nothing-to-recover');
	t.is(silent.error?.exitCode, 7);
});

test('recover says what it lacks before anybody is asked', async t => {
	const cases: [Parameters<typeof originalFolder>[1], string][] = [
		[{files: {'constellation-conf.yaml': undefined}}, 'config-missing'],
		[{files: {'constellation-mastersecret.json': undefined}}, 'master-secret-missing'],
		[{id: {ip: ''}}, 'endpoint-missing'],
		[{files: {'constellation-state.yaml': ''}}, 'original-workspace'],
	];
	for (const [knobs, code] of cases) {
		const original = await opened(originalFolder('qemu-system-socket', {...expecting('00'.repeat(32)), ...knobs}));
		const error = await t.throwsAsync(originalRecovery(original, {acceptUnknownKeys: true}, world()), {instanceOf: AppError});
		t.is(error.code, code);
		t.is(error.exitCode, 3);
	}
});
