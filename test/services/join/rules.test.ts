import {generateKeyPairSync, X509Certificate} from 'node:crypto';
import {readFile, writeFile} from 'node:fs/promises';
import test from 'ava';
import {formatPolicy} from '../../../src/attestation/variant.ts';
import {encodeBase64} from '../../../src/keys/base64.ts';
import {extensionIds} from '../../../src/keys/certificate.ts';
import {createCsr} from '../../../src/keys/csr.ts';
import * as der from '../../../src/keys/der-writer.ts';
import {encodeName} from '../../../src/keys/names.ts';
import {
	certificateOf,
	createAuthority,
	generateKeys,
	privateKeyOf,
	signCertificate,
	signed,
	usageId,
} from '../../../src/keys/pki.ts';
import {KubeError} from '../../../src/kubernetes/kube.ts';
import {inNamespace, resources} from '../../../src/kubernetes/resources.ts';
import {RpcError, status} from '../../../src/rpc/status.ts';
import {Secret} from '../../../src/secret.ts';
import {userOf} from '../../../src/services/join/administrators.ts';
import {follow} from '../../../src/services/join/follow.ts';
import {issueKubeletCertificate, readKubeletRequest} from '../../../src/services/join/kubelet-certificate.ts';
import {nodeName} from '../../../src/services/join/node-name.ts';
import {PolicyRejected, readJoinConfig} from '../../../src/services/join/policies.ts';
import {eventually} from '../../helpers/eventually.ts';
import {acceptedPolicy, askTicket, bootNode, image, joinWorld, maker, policyOf, release} from '../../helpers/join-world.ts';
import {wireCases} from '../../helpers/wire.ts';

type CsrCase = {
	id: string;
	csrB64: string;
	issued: boolean;
	nodeName?: string;
	certificate?: {ips: string[] | null; subject: string};
};

const authority = createAuthority({commonName: 'kubernetes'});

for (const vector of wireCases<CsrCase>('join/kubelet-csr.json')) {
	test(`kubelet certificate as v2.9: ${vector.id} → ${vector.issued ? 'issued' : 'refused'}`, t => {
		const der = new Uint8Array(Buffer.from(vector.csrB64, 'base64'));
		// v2.9 takes names that no Kubernetes node can have and gives them another one later.
		if (!vector.issued) {
			t.is(t.throws(() => readKubeletRequest(der), {instanceOf: RpcError}).code, status.INVALID_ARGUMENT);
			return;
		}
		const certificate = new X509Certificate(issueKubeletCertificate(authority, readKubeletRequest(der)));
		t.is(certificate.subject.split('\n').toSorted().join(','), vector.certificate?.subject ?? '');
		const addresses = (vector.certificate?.ips ?? []).map(address => `IP Address:${address}`).join(', ');
		t.is(certificate.subjectAltName ?? '', addresses);
		t.false(certificate.ca);
		t.deepEqual(certificate.keyUsage.toSorted(), ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
	});
}

type NameCase = {id: string; input: string; accepted: boolean; result?: string};

for (const {input, accepted, result} of wireCases<NameCase>('join/node-names.json')) {
	// A backslash passes in v2.9 by mistake; no Kubernetes name can have one.
	const ours = accepted && !input.includes('\\');
	test(`node name ${JSON.stringify(input)} → ${ours ? (result ?? '') : 'refused'}`, t => {
		if (ours) t.is(nodeName(input), result ?? '');
		else t.throws(() => nodeName(input), {instanceOf: RpcError});
	});
}

test('requests of kubelets that are too greedy or too weak are refused', t => {
	const keys = generateKeys();
	const subject = {organization: 'system:nodes', commonName: 'system:node:a'};
	const many = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
	t.throws(() => readKubeletRequest(createCsr(keys, subject, many)), {message: /addresses/});
	t.is(readKubeletRequest(createCsr(keys, subject, many.slice(1))).addresses.length, 4);
	t.throws(() => readKubeletRequest(new Uint8Array(40_000)), {instanceOf: RpcError});
});

const pinned = {makerKey: maker.publicKey, releaseKey: release.publicKey};
const salt = {measurementSalt: encodeBase64(new Uint8Array(32))};
const config = (acceptedPolicies: unknown, binaryData: unknown = salt) => ({
	data: {acceptedPolicies: typeof acceptedPolicies === 'string' ? acceptedPolicies : JSON.stringify(acceptedPolicies)},
	binaryData,
});
const good = acceptedPolicy(image);
const policies = (...list: unknown[]) => ({generation: 1, policies: list});
const other = {...image, bundle: 'other'};
const weak = () => {
	const json = formatPolicy(policyOf(image)) as {measurements: Record<string, {expected: string; warnOnly: boolean}>};
	for (const register of [4, 9, 11, 12])
		json.measurements[register] = {...(json.measurements[register] ?? {expected: ''}), warnOnly: true};
	return json;
};

const rejected: [string, Record<string, unknown>, RegExp][] = [
	['nothing', {}, /not JSON/],
	['no JSON', config('{'), /not JSON/],
	['no generation', config({policies: [good]}), /generation/],
	['a broken generation', config({generation: 1.5, policies: [good]}), /generation/],
	['no policies', config(policies()), /list/],
	['too many policies', config(policies(...new Array<unknown>(17).fill(good))), /list/],
	['signed by another key', config(policies(acceptedPolicy(image, generateKeys()))), /not signed/],
	['unsigned', config(policies({...good, signature: ''})), /not signed/],
	['signature of another file', config(policies({...good, signature: acceptedPolicy(other).signature})), /not signed/],
	['one bad among good ones', config(policies(good, {...good, measurements: acceptedPolicy(other).measurements})), /not signed/],
	['a config for another image', config(policies(acceptedPolicy(image, release, formatPolicy(policyOf(other))))), /register 9/],
	['no config', config(policies({...good, attestationConfig: undefined})), /./],
	[
		'another maker',
		config(policies(acceptedPolicy(image, release, formatPolicy({...policyOf(image), makerKey: generateKeys().publicKey})))),
		/maker key/,
	],
	[
		'another release key',
		config(policies(acceptedPolicy(image, release, formatPolicy({...policyOf(image), releaseKey: generateKeys().publicKey})))),
		/release key/,
	],
	['a short salt', config(policies(good), {measurementSalt: 'AAAA'}), /salt/],
	['no salt', config(policies(good), {}), /salt/],
];

for (const [name, object, message] of rejected) {
	test(`a join policy is rejected: ${name}`, t => {
		t.throws(() => readJoinConfig(object, pinned), {instanceOf: PolicyRejected, message});
	});
}

test('a policy enforces what is signed, whatever the config next to it says', t => {
	const read = readJoinConfig(config(policies(acceptedPolicy(image, release, weak()))), pinned);
	const [policy] = read.policies;
	t.deepEqual(
		[...(policy?.measurements.keys() ?? [])].toSorted((a, b) => a - b),
		[4, 9, 11, 12, 15],
	);
	t.true([...(policy?.measurements.values() ?? [])].every(({warnOnly}) => !warnOnly));
	t.deepEqual(policy?.measurements.get(15)?.expected, new Uint8Array(32));
	t.is(read.digest, readJoinConfig(config(policies(good)), pinned).digest);
});

test('a policy that is unsigned, older or of another key leaves the old one in force, also after a restart', async t => {
	const world = await joinWorld(t, {generation: 5, policies: [good]});
	const current = await eventually(() => world.service.policies.current());
	t.is(current.generation, 5);
	t.regex(await readFile(world.deps.generationFile, 'utf8'), /^5 [0-9a-f]{64}$/);
	const configMaps = inNamespace(resources.configMaps, 'kube-system');
	const changed = {...image, bundle: 'evil'};
	const attempts: [string, unknown, RegExp][] = [
		['other key', {generation: 6, policies: [acceptedPolicy(changed, generateKeys())]}, /not signed/],
		['older', {generation: 4, policies: [acceptedPolicy(changed)]}, /lower than 5/],
		['same generation, other content', {generation: 5, policies: [acceptedPolicy(changed)]}, /same generation/],
		['unreadable', 'x', /not JSON/],
	];
	for (const [name, accepted, message] of attempts) {
		const lines = world.log.length;
		const acceptedPolicies = typeof accepted === 'string' ? accepted : JSON.stringify(accepted);
		await world.admin.patch(configMaps, 'join-config', {data: {acceptedPolicies}}, 'merge');
		await eventually(() => world.log.slice(lines).some(line => message.test(line)));
		t.is(world.service.policies.current(), current, name);
		const evil = await bootNode({name: 'worker-1'}, {files: changed});
		await t.throwsAsync(askTicket(evil, await world.open()), {message: /Register 9/}, name);
	}
	// A restarted service has the older policy before its eyes and does not take it either.
	await world.admin.patch(
		configMaps,
		'join-config',
		{data: {acceptedPolicies: JSON.stringify({generation: 4, policies: [acceptedPolicy(changed)]})}},
		'merge',
	);
	const lines = world.log.length;
	await world.service.stop();
	const restarted = await world.another();
	await eventually(() => world.log.slice(lines).some(line => /lower than 5/.test(line)));
	t.is(restarted.service.policies.current(), undefined);
	// A newer one that is signed takes over.
	const next = {data: {acceptedPolicies: JSON.stringify({generation: 6, policies: [acceptedPolicy(changed)]})}};
	await world.admin.patch(configMaps, 'join-config', next, 'merge');
	await eventually(() => restarted.service.policies.current()?.generation === 6);
	const node = await bootNode({name: 'worker-1'}, {files: changed});
	await t.notThrowsAsync(askTicket(node, await world.open(restarted.address)));
	await restarted.service.stop();
	await writeFile(world.deps.generationFile, 'broken');
	await t.throwsAsync(world.another(), {message: /broken/});
});

test('following goes on where a watch ended, and begins anew after a failure', async t => {
	const stop = new AbortController();
	const lists: string[] = [];
	const froms: string[] = [];
	const failures: string[] = [];
	const never = () => Promise.reject(new Error('not asked for here'));
	const object = (version: string) => ({apiVersion: 'v1', kind: 'X', metadata: {name: 'x', resourceVersion: version}});
	const scripts: (() => AsyncGenerator<{type: 'ADDED'; object: ReturnType<typeof object>}>)[] = [
		async function* () {
			yield await Promise.resolve({type: 'ADDED' as const, object: object('2')});
		},
		async function* () {
			yield await Promise.resolve({type: 'ADDED' as const, object: object('3')});
			throw new KubeError(410, 'Expired', 'too old');
		},
	];
	await follow(
		{
			get: never,
			create: never,
			update: never,
			patch: never,
			delete: never,
			post: never,
			list: () => Promise.resolve({items: [], resourceVersion: String(lists.length * 10 + 1)}),
			watch: (_resource, {resourceVersion = ''}) => {
				froms.push(resourceVersion);
				const next = scripts.shift();
				if (next) return next();
				stop.abort();
				throw new Error('stopped');
			},
		},
		{
			resource: resources.nodes,
			onList: (_items, version) => lists.push(version),
			onEvent: () => undefined,
			onFailure: error => failures.push(String(error)),
			signal: stop.signal,
			pause: 1,
		},
	);
	t.deepEqual(lists, ['1', '11']);
	t.deepEqual(froms, ['1', '2', '11']);
	t.is(failures.length, 1);
});

test('a kubelet is certified for one name and a strong key only', t => {
	const subject = {organization: 'system:nodes', commonName: 'system:node:a'};
	const encoding = {
		privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
		publicKeyEncoding: {type: 'spki', format: 'der'},
	} as const;
	const pairOf = ({privateKey, publicKey}: {privateKey: string; publicKey: Buffer}) => ({
		privateKey: new Secret(Buffer.from(privateKey)),
		publicKey: new Uint8Array(publicKey),
	});
	const weak = [
		pairOf(generateKeyPairSync('rsa', {modulusLength: 1024, ...encoding})),
		pairOf(generateKeyPairSync('ec', {namedCurve: 'secp384r1', ...encoding})),
	];
	for (const keys of weak) t.throws(() => readKubeletRequest(createCsr(keys, subject)), {message: /too weak/});
	t.notThrows(() =>
		readKubeletRequest(createCsr(pairOf(generateKeyPairSync('rsa', {modulusLength: 2048, ...encoding})), subject)),
	);

	const keys = generateKeys();
	// The names are short, so each encoding begins with one byte of tag and one of length.
	const names = [encodeName(subject), encodeName({commonName: 'system:node:b'})].map(name => name.subarray(2));
	const content = der.sequence(der.integer(Uint8Array.of(0)), der.sequence(...names), keys.publicKey, der.context(0));
	t.throws(() => readKubeletRequest(signed(content, privateKeyOf(keys.privateKey))), {message: /common name/});
});

test('a certificate of an authority is no administrator’s, whatever else it may be used for', t => {
	const certificate = (isAuthority: boolean) =>
		signCertificate({
			subject: encodeName({commonName: 'admin'}),
			issuer: certificateOf(authority.certificate).subject,
			publicKey: generateKeys().publicKey,
			notBefore: new Date(Date.now() - 60_000),
			notAfter: new Date(Date.now() + 60_000),
			extensions: [
				{oid: extensionIds.basicConstraints, critical: true, value: der.sequence(...(isAuthority ? [der.boolean(true)] : []))},
				{oid: extensionIds.extendedKeyUsage, critical: false, value: der.sequence(der.objectIdentifier(usageId('clientAuth')))},
			],
			signer: privateKeyOf(authority.key),
		});
	t.is(userOf(certificate(false), authority.certificate).name, 'admin');
	t.throws(() => userOf(certificate(true), authority.certificate), {message: /authority/});
});
