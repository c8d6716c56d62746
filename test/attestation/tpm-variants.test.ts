import {createHash, createPublicKey} from 'node:crypto';
import test from 'ava';
import type {Collateral} from '../../src/attestation/attested.ts';
import {explain} from '../../src/attestation/explain.ts';
import {AttestationRefused, type Finding} from '../../src/attestation/findings.ts';
import {writePublicArea} from '../../src/attestation/tpm/public-area.ts';
import {validatorOf} from '../../src/attestation/variant.ts';
import {formatTrustedLaunchInstance} from '../../src/attestation/variants/azure/trusted-launch/instance.ts';
import {formatGcpInstance, shieldedKeyName} from '../../src/attestation/variants/gcp/instance.ts';
import {ecc, nonce, publicAreaOf, rsa, userData} from '../helpers/forge.ts';
import {at, forgeCertificate, forgeRevocationList, keysOf} from '../helpers/forge-chain.ts';
import {type DocumentKnobs, forgeDocument, gceEvents} from '../helpers/forge-document.ts';
import {shared} from '../helpers/tpm-forgeries.ts';
import {
	awsDocument,
	awsWorld,
	azureWorld,
	cloudChain,
	gcpApiWorld,
	gcpInstance,
	gcpWorld,
	instanceExtension,
	measurementsOf,
	qemuWorld,
	type TpmVariantName,
	type TpmWorld,
	text,
	worlds,
} from '../helpers/tpm-worlds.ts';

type Challenge = {nonce: Uint8Array; userData: Uint8Array};

function judge(world: TpmWorld, knobs: DocumentKnobs = {}, challenge: Challenge = {nonce, userData}): readonly Finding[] {
	const validator = validatorOf(world.policy, {now: () => world.at, collateral: world.collateral});
	try {
		return validator.validate(forgeDocument({...world.knobs, ...knobs}), challenge.nonce, challenge.userData).findings;
	} catch (error) {
		if (error instanceof AttestationRefused) return error.findings;
		throw error;
	}
}

const codesOf = (findings: readonly Finding[]): string[] =>
	findings.map(({code, severity}) => (severity === 'warn' ? `warn ${code}` : code));
const explained = (findings: readonly Finding[]): string => explain(findings, {node: 'node-1'}).code;
const variants = Object.keys(worlds) as TpmVariantName[];

test('every honest machine is accepted without a warning', t => {
	for (const variant of variants) t.deepEqual(codesOf(judge(worlds[variant]())), [], variant);
	t.deepEqual(codesOf(judge(gcpApiWorld())), []);
});

for (const [name, knobs, code] of shared) {
	test(`every variant refuses ${name}`, t => {
		for (const variant of variants) {
			const world = worlds[variant]();
			const findings = judge(world, knobs(world));
			t.true(
				findings.some(finding => finding.code === code && finding.severity === 'refuse'),
				`${variant}: ${codesOf(findings).join()}`,
			);
			t.is(explained(findings), code, `${variant}: ${codesOf(findings).join()}`);
		}
	});
}

test('the verifier’s own input counts in every variant', t => {
	for (const variant of variants) {
		const world = worlds[variant]();
		t.deepEqual(codesOf(judge(world, {}, {nonce: Buffer.alloc(32), userData})), ['quote-challenge'], variant);
		t.true(codesOf(judge(world, {}, {nonce: new Uint8Array(), userData})).includes('nonce-length'), variant);
		t.true(codesOf(judge(world, {}, {nonce: Buffer.alloc(33, 0x11), userData})).includes('nonce-length'), variant);
		t.deepEqual(codesOf(judge(world, {}, {nonce, userData: Buffer.alloc(32)})), ['user-data-mismatch'], variant);
		for (const measurements of [
			new Map(),
			new Map([...world.policy.measurements].map(([index, entry]) => [index, {...entry, warnOnly: true}])),
		]) {
			t.deepEqual(
				codesOf(judge({...world, policy: {...world.policy, measurements}})),
				['policy-empty', 'policy-register-missing'],
				variant,
			);
		}
		const wrong = new Map(
			[...world.policy.measurements].map(([index, entry]) => [index, {...entry, expected: new Uint8Array(32)}]),
		);
		const all = judge({...world, policy: {...world.policy, measurements: wrong}});
		t.deepEqual(
			all.map(({register}) => register),
			[4, 9, 11, 12, 15],
			variant,
		);
	}
});

const withInfo = (instanceInfo: Uint8Array): DocumentKnobs => ({instanceInfo});
const aws = (change: Record<string, unknown>): DocumentKnobs => withInfo(text({...awsDocument, ...change}));
const awsAnswer = (tpmSupport: string): Collateral => ({
	machineImages: new Map([[`${awsDocument.region}/${awsDocument.imageId}`, {tpmSupport}]]),
});
const azureChain = (leaf: Parameters<typeof cloudChain>[0] = {}): TpmWorld => azureWorld(leaf);
const day = 86_400_000;

/** One change of valid evidence or of its policy, and the one explanation for it. */
const single: readonly (readonly [name: string, world: () => TpmWorld, knobs: DocumentKnobs, codes: readonly string[]])[] = [
	[
		'qemu: a key that is not listed',
		() => ({...qemuWorld(), policy: {...qemuWorld().policy, attestationKeys: ['00'.repeat(32)]}}),
		{},
		['key-not-enrolled'],
	],
	[
		'qemu: no list',
		() => ({...qemuWorld(), policy: {...qemuWorld().policy, attestationKeys: []}}),
		{},
		['key-certificate-missing'],
	],
	[
		'qemu: any key',
		() => ({...qemuWorld(), policy: {...qemuWorld().policy, attestationKeys: [], acceptUnknownKeys: true}}),
		{},
		['warn key-certificate-missing'],
	],
	['qemu: something about the machine', qemuWorld, withInfo(text({})), ['instance-malformed']],
	[
		'aws: a key that is not listed',
		() => ({...awsWorld(), policy: {...awsWorld().policy, attestationKeys: ['00'.repeat(32)]}}),
		{},
		['key-not-enrolled'],
	],
	[
		'aws: any key',
		() => ({...awsWorld(), policy: {...awsWorld().policy, attestationKeys: [], acceptUnknownKeys: true}}),
		{},
		['warn key-certificate-missing'],
	],
	['aws: another account', awsWorld, aws({accountId: '999999999999'}), ['instance-not-allowed']],
	[
		'aws: another image',
		() => ({...awsWorld(), collateral: {machineImages: new Map([['eu-central-1/ami-00000000', {tpmSupport: 'v2.0'}]])}}),
		aws({imageId: 'ami-00000000'}),
		['instance-not-allowed'],
	],
	['aws: an image without a TPM', () => ({...awsWorld(), collateral: awsAnswer('')}), {}, ['machine-image-without-tpm']],
	['aws: an image with an old TPM', () => ({...awsWorld(), collateral: awsAnswer('v1.2')}), {}, ['machine-image-without-tpm']],
	['aws: nobody asked EC2', () => ({...awsWorld(), collateral: {}}), {}, ['machine-image-unknown']],
	['aws: EC2 knows the image in another region', awsWorld, aws({region: 'us-east-1'}), ['machine-image-unknown']],
	[
		'aws: nobody needs to ask',
		() => ({...awsWorld(), collateral: {}, policy: {...awsWorld().policy, acceptUnknownMachineImages: true}}),
		{},
		['warn machine-image-unknown'],
	],
	['aws: no machine', awsWorld, {content: ({instanceInfo: _, ...content}) => content}, ['instance-malformed']],
	['aws: a region that is an address', awsWorld, aws({region: 'eu-central-1.evil.example/'}), ['instance-malformed']],
	['aws: an image that is no name', awsWorld, aws({imageId: '../x'}), ['instance-malformed']],
	['aws: an unknown field', awsWorld, aws({more: 1}), ['instance-malformed']],
	['aws: a number for a text', awsWorld, aws({accountId: 123_456_789_012}), ['instance-malformed']],
	[
		'aws: a field twice',
		awsWorld,
		withInfo(Buffer.from(JSON.stringify(awsDocument).replace('"region"', '"region":"us-east-1","region"'))),
		['instance-malformed'],
	],
	[
		'gcp: another project',
		() => ({...gcpWorld(), policy: {...gcpWorld().policy, projects: ['their-project']}}),
		{},
		['instance-not-allowed'],
	],
	[
		'gcp: the word of another machine',
		gcpWorld,
		withInfo(formatGcpInstance({...gcpInstance, name: 'node-2'})),
		['instance-mismatch'],
	],
	[
		'gcp: a certificate of another machine',
		() => gcpWorld({extensions: [instanceExtension({...gcpInstance, project: 'their-project'})]}),
		{},
		['instance-mismatch'],
	],
	['gcp: a certificate that names no machine', () => gcpWorld({extensions: []}), {}, []],
	[
		'gcp: a certificate with half a machine',
		() => gcpWorld({extensions: [{oid: '1.3.6.1.4.1.11129.2.1.21', critical: false, value: Buffer.from('3000', 'hex')}]}),
		{},
		['key-certificate-malformed'],
	],
	['gcp: an expired certificate', () => gcpWorld({notAfter: at - day}), {}, ['chain-expired']],
	['gcp: no intermediate', () => ({...gcpWorld(), collateral: {}}), {}, ['chain-incomplete']],
	[
		'gcp: the root of others',
		() => ({
			...gcpWorld(),
			policy: {
				...gcpWorld().policy,
				roots: [forgeCertificate({name: 'cloud root', kind: 'rsa-2048', keys: keysOf('their root', 'rsa-2048')}).der],
			},
		}),
		{},
		['chain-signature'],
	],
	[
		'gcp: no list, and one is asked for',
		() => ({...gcpWorld(), collateral: {...gcpWorld().collateral, revocationLists: []}}),
		{},
		['revocation-unchecked', 'revocation-unchecked'],
	],
	[
		'gcp: no list',
		() => ({
			...gcpWorld(),
			collateral: {...gcpWorld().collateral, revocationLists: []},
			policy: {...gcpWorld().policy, requireRevocationLists: false},
		}),
		{},
		['warn revocation-unchecked', 'warn revocation-unchecked'],
	],
	['gcp: neither certificate nor answer', () => ({...gcpApiWorld(), collateral: {}}), {}, ['shielded-key-missing']],
	[
		'gcp: an answer for another machine',
		() => ({
			...gcpApiWorld(),
			collateral: {shieldedKeys: new Map([[shieldedKeyName({...gcpInstance, name: 'node-2'}), new Uint8Array()]])},
		}),
		{},
		['shielded-key-missing'],
	],
	[
		'gcp: another key in the answer',
		() => ({
			...gcpApiWorld(),
			collateral: {
				shieldedKeys: new Map([
					[shieldedKeyName(gcpInstance), keysOf('foreign', 'rsa-2048').publicKey.export({format: 'der', type: 'spki'})],
				]),
			},
		}),
		{},
		['shielded-key-mismatch'],
	],
	[
		'gcp: another key in the answer, beside a certificate',
		() => ({
			...gcpWorld(),
			collateral: {
				...gcpWorld().collateral,
				shieldedKeys: new Map([
					[shieldedKeyName(gcpInstance), keysOf('foreign', 'rsa-2048').publicKey.export({format: 'der', type: 'spki'})],
				]),
			},
		}),
		{},
		['shielded-key-mismatch'],
	],
	[
		'gcp: an answer that cannot be read',
		() => ({...gcpApiWorld(), collateral: {shieldedKeys: new Map([[shieldedKeyName(gcpInstance), Buffer.from('x')]])}}),
		{},
		['shielded-key-malformed'],
	],
	[
		'gcp: any key',
		() => ({...gcpWorld(), collateral: {}, policy: {...gcpWorld().policy, acceptUnknownKeys: true}}),
		{},
		['warn key-certificate-missing'],
	],
	[
		'gcp: a zone that is an address',
		gcpWorld,
		withInfo(text({zone: 'a.example/b', project_id: 'my-project', instance_name: 'node-1'})),
		['instance-malformed'],
	],
	[
		'gcp: no event log',
		() => ({...gcpWorld(), policy: {...gcpWorld().policy, measurements: measurementsOf()}}),
		{events: []},
		['firmware-facts-missing', 'firmware-facts-missing'],
	],
	['gcp: another technology', gcpWorld, {events: gceEvents({technology: 0})}, ['confidential-technology']],
	['gcp: a technology of tomorrow', gcpWorld, {events: gceEvents({technology: 9})}, ['confidential-technology-unknown']],
	[
		'gcp: old firmware',
		() => ({...gcpWorld(), policy: {...gcpWorld().policy, minimumFirmwareVersion: 2}}),
		{},
		['firmware-version'],
	],
	[
		'gcp: firmware without a version',
		gcpWorld,
		{events: gceEvents({version: 'GCE Virtual Firmware v0\0'})},
		['firmware-version'],
	],
	[
		'gcp: firmware of somebody else',
		gcpWorld,
		{events: gceEvents({version: 'Other Firmware v1\0'})},
		['firmware-facts-malformed'],
	],
	[
		'gcp: other words than were measured',
		gcpWorld,
		{
			events: gceEvents().map((event, index) =>
				index === 1 ? {...event, digest: createHash('sha256').update('x').digest()} : event,
			),
		},
		['firmware-facts-malformed'],
	],
	[
		'gcp: the technology twice',
		gcpWorld,
		{events: [...gceEvents().slice(0, 2), ...gceEvents().slice(1)]},
		['firmware-facts-malformed'],
	],
	[
		'gcp: the technology behind the separator',
		gcpWorld,
		{events: [0, 2, 1].flatMap(index => gceEvents()[index] ?? [])},
		['firmware-facts-missing'],
	],
	['azure: an expired certificate', () => azureChain({notAfter: at - day}), {}, ['chain-expired']],
	['azure: a certificate of tomorrow', () => azureChain({notBefore: at + day}), {}, ['chain-not-yet-valid']],
	[
		'azure: a certificate of another key',
		() => azureChain({keys: keysOf('foreign', 'rsa-2048')}),
		{},
		['key-certificate-mismatch'],
	],
	[
		'azure: a certificate that certifies itself',
		azureWorld,
		withInfo(
			formatTrustedLaunchInstance({
				certificate: forgeCertificate({
					name: 'self',
					authority: false,
					keys: {publicKey: createPublicKey(rsa), privateKey: rsa},
				}).der,
			}),
		),
		['chain-self-issued'],
	],
	[
		'azure: no issuer',
		azureWorld,
		withInfo(formatTrustedLaunchInstance({certificate: cloudChain().leaf.der})),
		['chain-incomplete'],
	],
	[
		'azure: a root that is not pinned',
		() => ({
			...azureWorld(),
			policy: {...azureWorld().policy, roots: [forgeCertificate({name: 'another root', kind: 'rsa-2048'}).der]},
		}),
		{},
		['chain-incomplete'],
	],
	[
		'azure: a revoked certificate',
		() => {
			const chain = cloudChain({serial: Uint8Array.of(7)});
			return {
				...azureWorld({serial: Uint8Array.of(7)}),
				collateral: {
					revocationLists: [
						forgeRevocationList({issuer: chain.root}),
						forgeRevocationList({issuer: chain.middle, revoked: [chain.leaf]}),
					],
				},
			};
		},
		{},
		['chain-revoked'],
	],
	[
		'azure: no list, and one is asked for',
		() => ({...azureWorld(), collateral: {}}),
		{},
		['revocation-unchecked', 'revocation-unchecked'],
	],
	[
		'azure: a listed key needs no certificate',
		() => {
			const world = azureWorld({notAfter: at - day});
			return {...world, policy: {...world.policy, attestationKeys: qemuWorld().policy.attestationKeys}};
		},
		{},
		[],
	],
	[
		'azure: any key',
		() => ({...azureWorld({notAfter: at - day}), policy: {...azureWorld().policy, acceptUnknownKeys: true}}),
		{},
		['warn key-certificate-missing'],
	],
	['azure: no machine', azureWorld, {content: ({instanceInfo: _, ...content}) => content}, ['instance-malformed']],
	[
		'azure: a field twice',
		azureWorld,
		withInfo(Buffer.from('{"AkCert":"AA==","AkCert":"AA==","CA":null}')),
		['instance-malformed'],
	],
	['azure: no certificate', azureWorld, withInfo(text({CA: null})), ['instance-malformed']],
	['azure: a certificate that cannot be read', azureWorld, withInfo(text({AkCert: 'AAAA', CA: null})), ['chain-malformed']],
];

for (const [name, world, knobs, codes] of single) {
	test(name, t => {
		const findings = judge(world(), knobs);
		t.deepEqual(codesOf(findings), codes);
		const [first] = codes;
		if (first && !first.startsWith('warn ')) t.is(explained(findings), first);
	});
}

test('the pinned root that expired is named as the reason, and a root of the policy is the way on', t => {
	const world = azureWorld();
	const expired = {...world, at: at + 60 * day, collateral: {}, policy: {...world.policy, requireRevocationLists: false}};
	t.true(codesOf(judge(expired)).includes('chain-root-expired'));
	const view = explain(
		judge(expired).filter(({code}) => code === 'chain-root-expired'),
		{node: 'node-1'},
	);
	t.snapshot(view);
	const newRoot = forgeCertificate({name: 'cloud root', kind: 'rsa-2048', notAfter: at + 365 * day});
	const newMiddle = forgeCertificate({
		name: 'cloud middle',
		kind: 'rsa-2048',
		issuer: newRoot,
		authority: true,
		notAfter: at + 365 * day,
	});
	const leaf = cloudChain({notAfter: at + 365 * day}).leaf;
	const renewed = {...expired, policy: {...expired.policy, roots: [newRoot.der]}};
	const findings = judge(renewed, withInfo(formatTrustedLaunchInstance({certificate: leaf.der, issuer: newMiddle.der})));
	t.deepEqual(codesOf(findings), ['warn revocation-unchecked', 'warn revocation-unchecked']);
});

test('an ECC key is accepted where it is listed', t => {
	const world = qemuWorld();
	const key = createHash('sha256')
		.update(writePublicArea(publicAreaOf(ecc)))
		.digest('hex');
	t.deepEqual(codesOf(judge({...world, policy: {...world.policy, attestationKeys: [key]}}, {key: 'ecc'})), []);
});
