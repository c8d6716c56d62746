import {readFileSync} from 'node:fs';
import test from 'ava';
import {explain} from '../../src/attestation/explain.ts';
import type {Finding, FindingCode} from '../../src/attestation/findings.ts';
import {checkChipKey} from '../../src/attestation/snp/chip-key.ts';
import {providerIntermediates} from '../../src/attestation/snp/intermediates.ts';
import {judgeReport, readReport, type SnpPolicy} from '../../src/attestation/snp/judge-report.ts';
import {chipNeeds} from '../../src/attestation/snp/needs.ts';
import {parseSnpPolicy} from '../../src/attestation/snp/policy.ts';
import {productOfModel} from '../../src/attestation/snp/product.ts';
import {parseReport, reportSize} from '../../src/attestation/snp/report.ts';
import {rootOf} from '../../src/attestation/snp/roots.ts';
import {parseTcb} from '../../src/attestation/snp/tcb.ts';
import {certificatesInPem} from '../../src/attestation/x509/pem.ts';
import * as der from '../../src/keys/der-writer.ts';
import {at, forgeCertificate, forgeRevocationList, keysOf} from '../helpers/forge-chain.ts';
import {
	ark,
	ask,
	chipId,
	type EndorsementKnobs,
	forgeChipCertificate,
	forgeReport,
	honestPolicy,
	le,
	level,
	loaded,
	name,
	type ReportKnobs,
	tcb,
} from '../helpers/forge-snp.ts';

const honestRules = {
	launchMeasurements: ['4d'.repeat(48)],
	hostData: '40'.repeat(32),
	idKeyDigests: ['1d'.repeat(48)],
	minimumGuestSvn: 4,
};
const versions = {bootloaderVersion: 3, teeVersion: 0, snpVersion: 20, microcodeVersion: 209};

function policyOf(rules: Record<string, unknown> = {}, own: Record<string, unknown> = {}): SnpPolicy {
	const problems: {path: string; message: string}[] = [];
	const json = {...versions, snp: {...honestRules, ...rules}, ...own};
	const policy = parseSnpPolicy({json, problems}, {signer: 'vcek'});
	if (problems.length > 0) throw new Error(JSON.stringify(problems));
	return {root: ark().der, ...policy};
}

type Case = {
	report?: ReportKnobs;
	bytes?: (report: Uint8Array) => Uint8Array;
	certificate?: EndorsementKnobs;
	leaf?: () => Uint8Array | undefined;
	others?: () => Uint8Array[];
	lists?: () => Uint8Array[];
	rules?: Record<string, unknown>;
	own?: Record<string, unknown>;
};

function judge({report = {}, bytes = same, certificate = {}, leaf, others, lists, rules, own}: Case): Finding[] {
	const policy = policyOf(rules, own);
	const own_ = leaf ? leaf() : forgeChipCertificate(certificate);
	const chip = checkChipKey(
		{
			...(own_ ? {leaf: own_} : {}),
			others: others?.() ?? [ask().der],
			revocationLists: lists?.() ?? [forgeRevocationList({issuer: ark(), algorithm: 'rsa-pss-sha384'})],
		},
		policy.rules,
		{at, ...(policy.root ? {root: policy.root} : {})},
	);
	const findings = [...chip.findings];
	const parsed = readReport(bytes(forgeReport(report)), findings);
	return parsed ? [...findings, ...judgeReport(parsed, chip, policy)] : findings;
}

function same<T>(value: T): T {
	return value;
}

const withTcb = (patch: Partial<Record<'currentTcb' | 'reportedTcb' | 'committedTcb' | 'launchTcb', Uint8Array>>): Case => ({
	report: {fields: patch},
});
const older = Uint8Array.of(3, 0, 0, 0, 0, 0, 19, 209);
const newer = Uint8Array.of(4, 0, 0, 0, 0, 0, 20, 209);
const bits = (...set: number[]): Uint8Array => le.u64(set.reduce((value, bit) => value | (1n << BigInt(bit)), 0n));
const policyBits = (...set: number[]): Uint8Array =>
	le.u64(set.reduce((value, bit) => value | (1n << BigInt(bit)), honestPolicy));
const vlek: Case = {report: {fields: {keyInfo: le.u32(1 << 2)}}, certificate: loaded};

test('an honest report with all rules met leaves nothing to say', t => {
	t.deepEqual(judge({}), []);
	t.deepEqual(judge({report: {fields: {version: le.u32(5)}}}), []);
	t.deepEqual(judge({...vlek, rules: {signer: 'any', provider: 'Example Cloud'}}), []);
	t.deepEqual(judge({report: {fields: {policy: policyBits(19)}}, rules: {guestPolicy: {debug: true}}}), []);
	// What the host may use the reserved bytes for later is signed too.
	t.deepEqual(judge({report: {fields: {launchTcb: Buffer.concat([tcb, Buffer.alloc(16, 7)]), version: le.u32(4)}}}), []);
});

/** One thing changed at a time in valid evidence, and the one explanation that fits. */
const cases: Record<string, [Case, FindingCode]> = {
	'report cut': [{bytes: report => report.subarray(1)}, 'snp-report-malformed'],
	'report with more behind it': [{bytes: report => Buffer.concat([report, Buffer.alloc(1)])}, 'snp-report-malformed'],
	'other algorithm': [{report: {fields: {algorithm: le.u32(2)}}}, 'snp-algorithm-unknown'],
	'signed by another chip': [{report: {signer: keysOf('other chip', 'p384').privateKey}}, 'snp-signature-invalid'],
	'report data changed': [{report: {after: {reportData: Uint8Array.of(1)}}}, 'snp-signature-invalid'],
	'measurement changed': [
		{report: {after: {measurement: Buffer.alloc(48, 0x4e)}}, rules: {launchMeasurements: ['4e'.repeat(48)]}},
		'snp-signature-invalid',
	],
	'big number in the signature': [
		{bytes: report => Buffer.from(report).fill(1, 0x2a0 + 48, 0x2a0 + 49)},
		'snp-signature-invalid',
	],
	'zero signature': [{bytes: report => Buffer.from(report).fill(0, 0x2a0)}, 'snp-signature-invalid'],
	'another curve': [{leaf: () => forgeChipCertificate({}, {keys: keysOf('chip 256', 'p256')})}, 'chain-algorithm'],
	'no certificate': [{leaf: () => undefined}, 'snp-certificate-missing'],
	'certificate garbled': [{leaf: () => Buffer.from('3003020101', 'hex')}, 'chain-malformed'],
	'certificate expired': [{leaf: () => forgeChipCertificate({}, {notAfter: at - 1000})}, 'chain-expired'],
	'certificate not yet valid': [{leaf: () => forgeChipCertificate({}, {notBefore: at + 1000})}, 'chain-not-yet-valid'],
	'certificate certifies itself': [
		{
			leaf: () =>
				forgeChipCertificate(
					{},
					{issuer: forgeCertificate({name: 'SEV-VCEK', keys: keysOf('authorities', 'rsa-4096'), algorithm: 'rsa-pss-sha384'})},
				),
		},
		'chain-self-issued',
	],
	'no intermediate': [{others: () => []}, 'chain-incomplete'],
	'another root': [{own: {amdRootKey: pem(rootOf('Milan'))}, others: () => [ask().der, ark().der]}, 'chain-untrusted'],
	'intermediate revoked': [
		{lists: () => [forgeRevocationList({issuer: ark(), revoked: [ask()], algorithm: 'rsa-pss-sha384'})]},
		'chain-revoked',
	],
	'no list where one is required': [{lists: () => [], rules: {revocation: 'require'}}, 'revocation-unchecked'],
	'signed with PKCS #1': [{leaf: () => forgeChipCertificate({}, {algorithm: 'rsa-sha384'})}, 'chain-algorithm'],
	'no product': [{certificate: {product: undefined}}, 'snp-certificate-extensions'],
	'no boot loader level': [{certificate: {bootloader: undefined}}, 'snp-certificate-extensions'],
	'no TEE level': [{certificate: {tee: undefined}}, 'snp-certificate-extensions'],
	'no SNP level': [{certificate: {snp: undefined}}, 'snp-certificate-extensions'],
	'no microcode level': [{certificate: {microcode: undefined}}, 'snp-certificate-extensions'],
	'level of two bytes': [{certificate: {snp: der.integer(Uint8Array.of(1, 20))}}, 'snp-certificate-extensions'],
	'chip identifier of another length': [{certificate: {chipId: chipId.subarray(1)}}, 'snp-certificate-extensions'],
	'product of the future': [{certificate: {product: name('Venice-A0')}}, 'snp-product-unknown'],
	'certificate of another generation': [{certificate: {product: name('Milan-B0')}}, 'snp-certificate-product'],
	'report of another generation': [{report: {fields: {cpu: Uint8Array.of(0x19, 0x01, 0x01)}}}, 'snp-certificate-product'],
	'processor of the future': [
		{report: {fields: {cpu: Uint8Array.of(0x1b, 0x01, 0x01)}}, rules: {unknown: 'refuse'}},
		'snp-product-unknown',
	],
	'certificate of another chip': [{certificate: {chipId: Buffer.alloc(64, 0xc2)}}, 'snp-certificate-chip'],
	'chip identifier masked': [{report: {fields: {chipId: Buffer.alloc(64)}}}, 'snp-certificate-chip'],
	'certificate without a chip': [{certificate: {chipId: undefined}}, 'snp-certificate-chip'],
	'certificate of other firmware': [{certificate: {microcode: level(210)}}, 'snp-certificate-tcb'],
	'reported firmware above the key’s': [withTcb({reportedTcb: newer}), 'snp-certificate-tcb'],
	'key of a provider': [{...vlek}, 'snp-signer'],
	'nobody signed': [{report: {fields: {keyInfo: le.u32(7 << 2)}}, rules: {signer: 'any'}}, 'snp-signer'],
	'unknown kind of key': [{report: {fields: {keyInfo: le.u32(3 << 2)}}, rules: {signer: 'any'}}, 'snp-signer'],
	'key of another provider': [{...vlek, rules: {signer: 'vlek', provider: 'Other Cloud'}}, 'snp-certificate-provider'],
	'provider’s key with a chip’s certificate': [{...vlek, certificate: {}, rules: {signer: 'vlek'}}, 'snp-certificate-provider'],
	'firmware outdated': [
		{...withTcb({committedTcb: older, launchTcb: older, reportedTcb: older, currentTcb: older}), certificate: {snp: level(19)}},
		'snp-tcb-outdated',
	],
	'committed firmware outdated': [withTcb({committedTcb: older, launchTcb: older}), 'snp-tcb-outdated'],
	'reported firmware outdated': [{...withTcb({reportedTcb: older}), certificate: {snp: level(19)}}, 'snp-tcb-outdated'],
	'launched on other firmware': [withTcb({launchTcb: newer}), 'snp-tcb-launch'],
	'running older firmware': [withTcb({currentTcb: older}), 'snp-tcb-current'],
	'debug guest': [{report: {fields: {policy: policyBits(19)}}}, 'snp-debug'],
	'migration agent': [{report: {fields: {policy: policyBits(18)}}}, 'snp-guest-policy'],
	'threads shared': [{rules: {guestPolicy: {smt: false}}}, 'snp-guest-policy'],
	'unknown policy bit refused': [{report: {fields: {policy: policyBits(26)}}, rules: {unknown: 'refuse'}}, 'snp-bits-unknown'],
	'unknown platform bit refused': [{report: {fields: {platformInfo: bits(40)}}, rules: {unknown: 'refuse'}}, 'snp-bits-unknown'],
	'version 6 refused': [{report: {fields: {version: le.u32(6)}}, rules: {unknown: 'refuse'}}, 'snp-version-unknown'],
	'version 1': [{report: {fields: {version: le.u32(1), cpu: new Uint8Array(3)}}}, 'snp-version-unknown'],
	'platform without alias check': [
		{report: {fields: {platformInfo: bits(0, 2)}}, rules: {platform: {aliasCheckComplete: true}}},
		'snp-platform',
	],
	'level of privilege': [{report: {fields: {vmpl: le.u32(1)}}}, 'snp-vmpl'],
	'level of privilege above 3': [{report: {fields: {vmpl: le.u32(0xffff_ffff)}}}, 'snp-vmpl'],
	'other firmware': [{report: {fields: {measurement: Buffer.alloc(48, 0x4e)}}}, 'snp-measurement'],
	'other host data': [{report: {fields: {hostData: Buffer.alloc(32)}}}, 'snp-host-data'],
	'older guest': [{report: {fields: {guestSvn: le.u32(3)}}}, 'snp-guest-svn'],
	'other identity key': [{report: {fields: {idKeyDigest: Buffer.alloc(48)}}}, 'snp-id-key'],
};

for (const [what, [input, code]] of Object.entries(cases)) {
	test(`refused: ${what}`, t => {
		const findings = judge(input);
		t.true(
			findings.some(({severity}) => severity === 'refuse'),
			JSON.stringify(findings),
		);
		t.is(explain(findings, {node: 'worker-1'}).code, code, JSON.stringify(findings));
	});
}

test('what is unknown or was not compared is said and does not refuse', t => {
	const warned = (input: Case): FindingCode[] => {
		const findings = judge(input);
		t.true(
			findings.every(({severity}) => severity === 'warn'),
			JSON.stringify(findings),
		);
		return findings.map(({code}) => code);
	};
	t.deepEqual(warned({report: {fields: {version: le.u32(6)}}}), ['snp-version-unknown']);
	t.deepEqual(warned({report: {fields: {policy: policyBits(26, 63)}}}), ['snp-bits-unknown']);
	t.deepEqual(warned({report: {fields: {platformInfo: bits(6, 8)}}}), ['snp-bits-unknown']);
	t.deepEqual(warned({report: {fields: {cpu: Uint8Array.of(0x1b, 1, 1)}}}), ['snp-product-unknown']);
	t.deepEqual(warned({rules: {launchMeasurements: undefined}}), ['snp-measurement-unchecked']);
	t.deepEqual(warned({...vlek, rules: {signer: 'vlek'}}), ['snp-provider-unchecked']);
	t.deepEqual(warned({lists: () => []}), ['revocation-unchecked']);
});

test('the Turin generation has another order of patch levels, a fifth one, and short chip identifiers', t => {
	const bytes = Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 5);
	t.deepEqual(parseTcb(bytes, 'Turin'), {fmc: 1, bootloader: 2, tee: 3, snp: 4, microcode: 5});
	t.deepEqual(parseTcb(bytes, 'Milan'), {bootloader: 1, tee: 2, snp: 0, microcode: 5});
	const short = Buffer.from('0102030405060708', 'hex');
	const turin: Case = {
		report: {
			fields: {
				cpu: Uint8Array.of(0x1a, 0x02, 0x01),
				chipId: Buffer.concat([short, Buffer.alloc(56)]),
				...Object.fromEntries(['currentTcb', 'reportedTcb', 'committedTcb', 'launchTcb'].map(key => [key, bytes])),
			},
		},
		certificate: {
			product: name('Turin-B0'),
			fmc: level(1),
			bootloader: level(2),
			tee: level(3),
			snp: level(4),
			microcode: level(5),
			chipId: short,
		},
	};
	const own = {bootloaderVersion: 2, teeVersion: 3, snpVersion: 4, microcodeVersion: 5, fmcVersion: 1};
	t.deepEqual(judge({...turin, own}), []);
	t.deepEqual(judge({...turin, own, certificate: {...turin.certificate, chipId: der.octetString(short)}}), []);
	const codes = (input: Case): string[] => judge(input).map(({code}) => code);
	t.deepEqual(codes({...turin, own: {...own, fmcVersion: 2}}), ['snp-tcb-outdated', 'snp-tcb-outdated']);
	t.deepEqual(codes({...turin, own, certificate: {...turin.certificate, fmc: undefined}}), ['snp-certificate-extensions']);
});

test('processors are told apart by family and model', t => {
	const of = (family: number, model: number): string | undefined => productOfModel({family, model});
	t.deepEqual(
		[of(0x19, 0x01), of(0x19, 0x11), of(0x19, 0xa0), of(0x1a, 0x02), of(0x1a, 0x11)],
		['Milan', 'Genoa', 'Genoa', 'Turin', 'Turin'],
	);
	t.deepEqual([of(0x17, 0x31), of(0x19, 0x20), of(0x1a, 0x12)], [undefined, undefined, undefined]);
});

type Vector = {report: string; runtimeData: string; vcek: string; certChain: string};
const vector = JSON.parse(readFileSync(new URL('../fixtures/snp/azure-milan.json', import.meta.url), 'utf8')) as Vector;
const published = Buffer.from(vector.report, 'hex').subarray(0, reportSize);
const inPem = (text: string): Uint8Array[] => certificatesInPem(Buffer.from(text), {bytes: 65_536, count: 4});

test('the published report of an Azure machine is read and its key is AMD’s', t => {
	const report = parseReport(published);
	t.like(report, {version: 2, guestSvn: 2, policy: 0x3_001fn, vmpl: 0, signer: 'vcek', signatureAlgorithm: 1, platformInfo: 1n});
	t.is(report.cpu, undefined);
	t.deepEqual(parseTcb(report.committedTcb, 'Milan'), {bootloader: 2, tee: 0, snp: 6, microcode: 93});
	const policy = parseSnpPolicy(
		{json: {...versions, bootloaderVersion: 2, snpVersion: 6, microcodeVersion: 93}, problems: []},
		{signer: 'vcek'},
	);
	const certificates = {leaf: inPem(vector.vcek)[0] ?? new Uint8Array(), others: inPem(vector.certChain), revocationLists: []};
	const chip = checkChipKey(certificates, policy.rules, {at: Date.UTC(2026, 0, 1)});
	t.like(chip.endorsement, {productName: 'Milan-B0', product: 'Milan'});
	const codes = [...chip.findings, ...judgeReport(report, chip, policy)].map(({code, severity}) => [code, severity]);
	t.deepEqual(codes, [
		['revocation-unchecked', 'warn'],
		['snp-measurement-unchecked', 'warn'],
	]);
	const late = checkChipKey(certificates, policy.rules, {at: Date.UTC(2029, 6, 1)});
	t.true(
		late.findings.some(({code}) => code === 'chain-expired'),
		'v2.9 does not look at dates',
	);
});

test('every byte of the published report and of its signature counts', t => {
	const chip = checkChipKey(
		{leaf: inPem(vector.vcek)[0] ?? new Uint8Array(), others: [], revocationLists: []},
		{revocation: 'warn'},
		{at},
	);
	const policy = parseSnpPolicy(
		{json: {...versions, bootloaderVersion: 2, snpVersion: 6, microcodeVersion: 93}, problems: []},
		{signer: 'vcek'},
	);
	for (let index = 0; index < 0x330; index += 7) {
		const changed = Buffer.from(published);
		changed[index] = (changed[index] ?? 0) ^ 0x40;
		t.true(
			judgeReport(parseReport(changed), chip, policy).some(({severity}) => severity === 'refuse'),
			`byte ${index}`,
		);
	}
});

test('the pinned roots certify AMD’s keys for providers', t => {
	for (const leaf of providerIntermediates) {
		const {findings} = checkChipKey({leaf, others: [], revocationLists: []}, {revocation: 'warn'}, {at: Date.UTC(2026, 0, 1)});
		t.deepEqual(
			[...new Set(findings.map(({code}) => code))],
			['chain-authority', 'snp-certificate-extensions'],
			'an authority, no levels',
		);
	}
});

test('the pinned roots certify themselves and nothing else', t => {
	for (const product of ['Milan', 'Genoa', 'Turin'] as const) {
		const {findings} = checkChipKey(
			{leaf: rootOf(product), others: [], revocationLists: []},
			{revocation: 'warn'},
			{at: Date.UTC(2026, 0, 1)},
		);
		t.true(
			findings.some(({severity}) => severity === 'refuse'),
			product,
		);
	}
});

test('what AMD’s service has to add is named', t => {
	const report = parseReport(forgeReport());
	t.deepEqual(chipNeeds(report, [forgeChipCertificate(), ask().der], {}, {}), [{kind: 'amd-revocation-list', product: 'Genoa'}]);
	t.deepEqual(chipNeeds(report, [], {}, {}), [
		{kind: 'amd-certificates', product: 'Genoa', chipId: report.chipId, tcb: report.reportedTcb},
		{kind: 'amd-revocation-list', product: 'Genoa'},
	]);
	t.deepEqual(chipNeeds(parseReport(forgeReport({fields: {cpu: Uint8Array.of(0x1b, 0, 0)}})), [], {}, {}), []);
	t.is(chipNeeds(parseReport(published), [], {}, {})[0]?.kind, 'amd-certificates');
	t.deepEqual(chipNeeds(parseReport(forgeReport({fields: {keyInfo: le.u32(1 << 2)}})), [], {}, {}), [
		{kind: 'amd-revocation-list', product: 'Genoa'},
	]);
	const revocationLists = [forgeRevocationList({issuer: ark(), algorithm: 'rsa-pss-sha384'})];
	const have = {certificates: [ask().der, forgeChipCertificate()], revocationLists};
	t.deepEqual(chipNeeds(report, [], {root: ark().der}, have), []);
	t.deepEqual(chipNeeds(report, [], {}, have), [{kind: 'amd-revocation-list', product: 'Genoa'}], 'a list of another root');
});

function pem(certificate: Uint8Array): string {
	return `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString('base64')}\n-----END CERTIFICATE-----\n`;
}
