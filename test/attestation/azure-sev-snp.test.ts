import {readFileSync} from 'node:fs';
import test from 'ava';
import type {Collateral} from '../../src/attestation/attested.ts';
import {collateralNeeds} from '../../src/attestation/collateral-needs.ts';
import {explain} from '../../src/attestation/explain.ts';
import {AttestationRefused, type Finding, type FindingCode} from '../../src/attestation/findings.ts';
import {formatPolicy, parsePolicy, validatorOf} from '../../src/attestation/variant.ts';
import {parseHclReport} from '../../src/attestation/variants/azure/hcl-report.ts';
import {judgeRuntimeData} from '../../src/attestation/variants/azure/runtime-data.ts';
import {azureSnpIssuer} from '../../src/attestation/variants/azure/sev-snp/issue.ts';
import {asksForLatest, resolveLatest} from '../../src/attestation/variants/azure/sev-snp/latest.ts';
import {AppError} from '../../src/errors.ts';
import {nonce, registers, userData} from '../helpers/forge.ts';
import {type AzureKnobs, forgeAzure, maaUrl, pem, providerKeys} from '../helpers/forge-azure.ts';
import {at, forgeRevocationList, keysOf} from '../helpers/forge-chain.ts';
import {ark, ask, forgeChipCertificate, forgeReport, le, tcb} from '../helpers/forge-snp.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const honest = {
	measurements: Object.fromEntries(
		[4, 9, 12, 15].map(index => [index, {expected: hex(registers[index] ?? new Uint8Array()), warnOnly: false}]),
	),
	bootloaderVersion: 3,
	teeVersion: 0,
	snpVersion: 20,
	microcodeVersion: 209,
	firmwareSignerConfig: {acceptedKeyDigests: ['1d'.repeat(48)], enforcementPolicy: 'MAAFallback', maaURL: maaUrl},
	amdRootKey: pem(ark().der),
	snp: {launchMeasurements: ['4d'.repeat(48)]},
};
const otherKey = {acceptedKeyDigests: ['00'.repeat(48)], maaURL: maaUrl};
const revocationLists = [forgeRevocationList({issuer: ark(), algorithm: 'rsa-pss-sha384'})];
const collateral: Collateral = {revocationLists, maaKeys: new Map([[`${maaUrl}/certs`, providerKeys()]])};

type Case = {
	knobs?: AzureKnobs;
	policy?: Record<string, unknown>;
	collateral?: Collateral;
	nonce?: Uint8Array;
	userData?: Uint8Array;
	now?: number;
};

/** Findings, whether accepted or not. */
function judge(input: Case): readonly Finding[] {
	const policy = parsePolicy('azure-sev-snp', {...honest, ...input.policy});
	const validator = validatorOf(policy, {now: () => input.now ?? at, collateral: {...collateral, ...input.collateral}});
	try {
		return validator.validate(forgeAzure(input.knobs), input.nonce ?? nonce, input.userData ?? userData).findings;
	} catch (error) {
		if (error instanceof AttestationRefused) return error.findings;
		throw error;
	}
}

const codes = (input: Case): FindingCode[] => judge(input).map(({code}) => code);
const fallback = {firmwareSignerConfig: {...otherKey, enforcementPolicy: 'MAAFallback'}};
const vouched = (token: AzureKnobs['token'] = {}): Case => ({policy: fallback, knobs: {token}});

test('honest evidence leaves nothing to say', t => {
	t.deepEqual(judge({}), []);
	t.deepEqual(judge({knobs: {token: {}}}), [], 'a token that nobody asks for is not looked at');
	const withHeader = (info: Record<string, unknown>) => ({
		...info,
		AttestationReport: Buffer.concat([Buffer.from(String(info['AttestationReport']), 'base64'), Buffer.alloc(20)]).toString(
			'base64',
		),
	});
	t.deepEqual(judge({knobs: {info: withHeader}}), [], 'some nodes send the header behind the report along');
});

test('another identity key: refused, said, or vouched for, as the policy has it', t => {
	t.deepEqual(codes({policy: {firmwareSignerConfig: {...otherKey, enforcementPolicy: 'WarnOnly'}}}), ['snp-id-key']);
	t.deepEqual(
		judge(vouched()).map(({code, severity}) => [code, severity]),
		[['maa-token-accepted', 'warn']],
	);
});

const drop =
	(key: string) =>
	(json: Record<string, unknown>): Record<string, unknown> => ({...json, [key]: undefined});
const put =
	(key: string, value: unknown) =>
	(json: Record<string, unknown>): Record<string, unknown> => ({...json, [key]: value});
const tee = (key: string, value: unknown): Case => vouched({tee: put(key, value)});

/** One thing changed at a time in valid evidence, and the one explanation that fits. */
const cases: Record<string, [Case, FindingCode]> = {
	'another challenge': [{nonce: Buffer.alloc(32, 0x12)}, 'quote-challenge'],
	'challenge cut': [{nonce: nonce.subarray(1)}, 'nonce-length'],
	'another request': [{userData: Buffer.alloc(32)}, 'user-data-mismatch'],
	'a register of another value': [{policy: {measurements: {...honest.measurements, 9: 'ab'.repeat(32)}}}, 'register-mismatch'],
	'quote not signed by its key': [{knobs: {document: {signer: keysOf('other TPM', 'rsa-2048').privateKey}}}, 'signature-invalid'],
	'no InstanceInfo': [{knobs: {document: {content: ({instanceInfo: _, ...content}) => content}}}, 'instance-malformed'],
	'unknown key in InstanceInfo': [{knobs: {info: put('Extra', 1)}}, 'instance-malformed'],
	'report cut': [{knobs: {info: put('AttestationReport', 'AAAA')}}, 'instance-malformed'],
	'certificate in DER': [{knobs: {info: put('Vcek', 'MAMCAQE=')}}, 'instance-malformed'],
	'token that is a number': [{knobs: {info: put('MAAToken', 1)}}, 'instance-malformed'],
	'no certificate': [{knobs: {info: put('Vcek', '')}}, 'snp-certificate-missing'],
	'no chain': [{knobs: {info: put('CertChain', '')}}, 'chain-incomplete'],
	'root of somebody else': [{policy: {amdRootKey: undefined}}, 'chain-incomplete'],
	'intermediate revoked': [
		{collateral: {revocationLists: [forgeRevocationList({issuer: ark(), revoked: [ask()], algorithm: 'rsa-pss-sha384'})]}},
		'chain-revoked',
	],
	'certificate expired': [{now: at + 40 * 86_400_000}, 'chain-root-expired'],
	'certificate of another chip': [{knobs: {certificate: {chipId: Buffer.alloc(64, 0xc2)}}}, 'snp-certificate-chip'],
	'certificate without microcode level': [{knobs: {certificate: {microcode: undefined}}}, 'snp-certificate-extensions'],
	'report signed by another chip': [
		{knobs: {report: {signer: keysOf('other chip', 'p384').privateKey}}},
		'snp-signature-invalid',
	],
	'report of a debug guest': [{knobs: {report: {fields: {policy: le.u64(0xb_001fn)}}}}, 'snp-debug'],
	'report asked for at another level': [{knobs: {report: {fields: {vmpl: le.u32(2)}}}}, 'snp-vmpl'],
	'another firmware': [{knobs: {report: {fields: {measurement: Buffer.alloc(48)}}}}, 'snp-measurement'],
	'outdated microcode': [{policy: {microcodeVersion: 210}}, 'snp-tcb-outdated'],
	'outdated boot loader': [{policy: {bootloaderVersion: 4}}, 'snp-tcb-outdated'],
	'outdated TEE': [{policy: {teeVersion: 1}}, 'snp-tcb-outdated'],
	'outdated SNP': [{policy: {snpVersion: 21}}, 'snp-tcb-outdated'],
	'launched on other firmware': [
		{knobs: {report: {fields: {launchTcb: Uint8Array.of(2, ...tcb.subarray(1))}}}},
		'snp-tcb-launch',
	],
	'another identity key': [{policy: {firmwareSignerConfig: {...otherKey, enforcementPolicy: 'Equal'}}}, 'snp-id-key'],
	'runtime data changed': [
		{knobs: {runtimeText: text => text.replace('"secure-boot":true', '"secure-boot":null')}},
		'runtime-data-mismatch',
	],
	'more in the report data': [{knobs: {rest: Buffer.alloc(32, 1)}}, 'runtime-data-mismatch'],
	'runtime data of another key': [
		{knobs: {runtimeData: json => ({...json, keys: [{...json.keys[0], n: 'AQAB'}]})}},
		'runtime-data-key',
	],
	'runtime data of another exponent': [
		{knobs: {runtimeData: json => ({...json, keys: [{...json.keys[0], e: 'Aw'}]})}},
		'runtime-data-key',
	],
	'no key in the runtime data': [{knobs: {runtimeData: put('keys', [])}}, 'runtime-data-malformed'],
	'two keys of one name': [
		{knobs: {runtimeData: json => ({...json, keys: [json.keys[0], json.keys[0]]})}},
		'runtime-data-malformed',
	],
	'an elliptic key in the runtime data': [
		{knobs: {runtimeData: json => ({...json, keys: [{...json.keys[0], kty: 'EC'}]})}},
		'runtime-data-malformed',
	],
	'an elliptic attestation key': [{knobs: {document: {key: 'ecc'}}}, 'runtime-data-key'],
	'no token': [{policy: fallback}, 'maa-token-missing'],
	'no keys of the provider': [{...vouched(), collateral: {maaKeys: new Map()}}, 'maa-keys-missing'],
	'no provider in the policy': [
		{...vouched(), policy: {firmwareSignerConfig: {...fallback.firmwareSignerConfig, maaURL: undefined}}},
		'maa-keys-missing',
	],
	'token cut': [vouched({text: token => token.slice(0, token.lastIndexOf('.'))}), 'maa-token-malformed'],
	'token of two signatures': [vouched({text: token => `${token}.AA`}), 'maa-token-malformed'],
	'token in another alphabet': [vouched({text: token => `${token}=`}), 'maa-token-malformed'],
	'unsigned token': [vouched({header: put('alg', 'none')}), 'maa-token-malformed'],
	'token with a shared secret': [vouched({header: put('alg', 'HS256')}), 'maa-token-malformed'],
	'token that demands more': [vouched({header: put('crit', ['exp'])}), 'maa-token-malformed'],
	'token without a key': [vouched({header: drop('kid')}), 'maa-token-malformed'],
	'token of another key': [vouched({signer: keysOf('other provider', 'rsa-2048').privateKey}), 'maa-token-signature'],
	'token of an unknown key': [vouched({header: put('kid', 'key-2')}), 'maa-token-signature'],
	'two keys of one identifier': [
		{...vouched(), collateral: {maaKeys: new Map([[`${maaUrl}/certs`, providerKeys({}, {kid: 'key-1'})]])}},
		'maa-token-signature',
	],
	'token of another provider': [vouched({claims: put('iss', 'https://evil.example')}), 'maa-token-issuer'],
	'expired token': [vouched({claims: put('exp', at / 1000 - 61)}), 'maa-token-time'],
	'token without an end': [vouched({claims: drop('exp')}), 'maa-token-time'],
	'token of the future': [vouched({claims: put('nbf', at / 1000 + 61)}), 'maa-token-time'],
	'token for another challenge': [vouched({claims: put('x-ms-runtime', {'client-payload': {nonce: 'AAAA'}})}), 'maa-token-nonce'],
	'token without a challenge': [vouched({claims: drop('x-ms-runtime')}), 'maa-token-nonce'],
	'token without a word on the report': [vouched({claims: drop('x-ms-isolation-tee')}), 'maa-token-report'],
	'token about TDX': [tee('x-ms-attestation-type', 'tdxvm'), 'maa-token-report'],
	'token about another guest': [tee('x-ms-sevsnpvm-reportid', '00'.repeat(32)), 'maa-token-report'],
	'token about another key': [tee('x-ms-sevsnpvm-reportdata', '00'.repeat(64)), 'maa-token-report'],
	'token about another signer': [tee('x-ms-sevsnpvm-idkeydigest', undefined), 'maa-token-report'],
	'token about another firmware': [tee('x-ms-sevsnpvm-launchmeasurement', '4d'), 'maa-token-report'],
	'token about another level': [tee('x-ms-sevsnpvm-vmpl', 1), 'maa-token-report'],
	'token about a debug guest': [tee('x-ms-sevsnpvm-is-debuggable', true), 'maa-token-report'],
	'token that finds no compliance': [tee('x-ms-compliance-status', 'none'), 'maa-token-report'],
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

test('a chain is completed by what was fetched, and what is needed is named', t => {
	const policy = parsePolicy('azure-sev-snp', {...honest, ...fallback});
	const document = forgeAzure({info: json => ({...json, Vcek: '', CertChain: ''}), token: {}});
	const needs = collateralNeeds(policy, document);
	t.deepEqual(
		needs.map(({kind}) => kind),
		['amd-certificates', 'amd-revocation-list', 'maa-keys'],
	);
	t.deepEqual(needs[2], {kind: 'maa-keys', url: `${maaUrl}/certs`});
	const have = {...collateral, certificates: [ask().der, forgeChipCertificate()]};
	t.deepEqual(collateralNeeds(policy, document, have), []);
	t.deepEqual(collateralNeeds(policy, Buffer.from('{}'), have), []);
	const {findings} = validatorOf(policy, {now: () => at, collateral: have}).validate(document, nonce, userData);
	t.deepEqual(
		findings.map(({code}) => code),
		['maa-token-accepted'],
	);
	t.is(explain(findings, {node: 'worker-1'}).code, 'maa-token-accepted');
});

test('evidence without anything in it is refused and crashes nobody', t => {
	const validator = validatorOf(parsePolicy('azure-sev-snp', honest), {now: () => at});
	for (const text of ['', 'null', '{}', '[]', '{"Attestation":null,"InstanceInfo":null,"UserData":null}', 'x'.repeat(65_537)]) {
		const error = t.throws(() => validator.validate(Buffer.from(text), nonce, userData), {instanceOf: AttestationRefused});
		t.is(explain(error.findings, {node: 'worker-1'}).code, 'document-malformed');
	}
});

test('policies are read in the v2.9 form, strictly, with all problems at once', t => {
	const policy = parsePolicy('azure-sev-snp', honest);
	t.deepEqual(parsePolicy('azure-sev-snp', formatPolicy(policy)), policy);
	const {snp: _, ...original} = honest;
	t.deepEqual(
		Object.keys(formatPolicy(parsePolicy('azure-sev-snp', original))),
		Object.keys(original),
		'nothing of ours where nothing was said',
	);
	t.is(formatPolicy(policy)['amdRootKey'], honest.amdRootKey);
	const legacy = {acceptedKeyDigests: '1D'.repeat(48), enforcementPolicy: true};
	t.like(parsePolicy('azure-sev-snp', {...honest, firmwareSignerConfig: legacy}), {firmwareSigner: {enforcementPolicy: 'Equal'}});
	const problems = (json: Record<string, unknown>): string[] => {
		const error = t.throws(() => parsePolicy('azure-sev-snp', {...honest, ...json}), {instanceOf: AppError});
		return error.problems.map(({path}) => path);
	};
	t.deepEqual(
		problems({
			bootloaderVersion: 256,
			teeVersion: -1,
			snpVersion: 'latest',
			microcodeVersion: 1.5,
			fmcVersion: '1',
			amdRootKey: 'none',
			extra: 1,
			firmwareSignerConfig: {acceptedKeyDigests: ['00'], enforcementPolicy: 'Unknown', maaURL: 'http://plain.example', more: 1},
			snp: {
				vmpl: 4,
				signer: 'vcek ',
				hostData: 'x',
				launchMeasurements: [],
				guestPolicy: {debugging: false},
				platform: {smt: 1},
				unknwon: 'refuse',
				provider: '\u001b',
			},
		}).sort(),
		[
			'amdRootKey',
			'bootloaderVersion',
			'extra',
			'firmwareSignerConfig.acceptedKeyDigests.0',
			'firmwareSignerConfig.enforcementPolicy',
			'firmwareSignerConfig.maaURL',
			'firmwareSignerConfig.more',
			'fmcVersion',
			'microcodeVersion',
			'snp.guestPolicy.debugging',
			'snp.hostData',
			'snp.launchMeasurements',
			'snp.platform.smt',
			'snp.provider',
			'snp.signer',
			'snp.unknwon',
			'snp.vmpl',
			'snpVersion',
			'teeVersion',
		],
	);
	t.deepEqual(problems({microcodeVersion: undefined, firmwareSignerConfig: undefined}), [
		'microcodeVersion',
		'firmwareSignerConfig',
	]);
	t.deepEqual(problems({measurements: {}}), ['measurements', 'measurements'], 'nothing enforced, and not the cluster register');
	t.deepEqual(problems({amdRootKey: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'}), ['amdRootKey']);
	t.deepEqual(
		problems({amdRootKey: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'}),
		['amdRootKey'],
		'what v2.9 writes for a missing key',
	);
	t.deepEqual(problems({snp: {idKeyDigests: ['1d'.repeat(48)]}}), ['snp.idKeyDigests']);
});

test('latest becomes a number in the policy and stays in the file', t => {
	const file = {...honest, snpVersion: 'latest', microcodeVersion: 'LATEST'};
	t.true(asksForLatest(file));
	t.false(asksForLatest(honest));
	const resolved = resolveLatest(file, {bootloader: 9, tee: 9, snp: 19, microcode: 208});
	t.like(resolved, {bootloaderVersion: 3, teeVersion: 0, snpVersion: 19, microcodeVersion: 208});
	t.is(file.snpVersion, 'latest');
	t.notThrows(() => parsePolicy('azure-sev-snp', resolved));
});

type Vector = {report: string; runtimeData: string};
const vector = JSON.parse(readFileSync(new URL('../fixtures/snp/azure-milan.json', import.meta.url), 'utf8')) as Vector;
const hclReport = (header = 'HCLA'): Buffer =>
	Buffer.concat([
		Buffer.from(header),
		Buffer.alloc(28),
		Buffer.from(vector.report, 'hex'),
		Buffer.from(vector.runtimeData),
		Buffer.alloc(40),
	]);

test('the published machine’s report covers its runtime data, which names another key than ours', t => {
	const {kind, report, runtimeData} = parseHclReport(hclReport());
	t.is(kind, 'snp');
	t.is(Buffer.from(runtimeData).toString(), vector.runtimeData);
	t.is(hex(report), vector.report.slice(0, 1184 * 2));
	const found = judgeRuntimeData(runtimeData, report.subarray(0x50, 0x90), Buffer.alloc(0));
	t.deepEqual(
		found.map(({code}) => code),
		['runtime-data-key'],
	);
});

test('a report of the paravisor that is cut or of another kind is refused', t => {
	const changed = (offset: number, value: number): Buffer => {
		const bytes = hclReport();
		bytes.writeUInt32LE(value, offset);
		return bytes;
	};
	for (const bytes of [
		hclReport('XXXX'),
		hclReport().subarray(0, 1300),
		changed(0x4c8, 3),
		changed(0x4cc, 2),
		changed(0x4d0, 0),
		changed(0x4d0, 5000),
		Buffer.alloc(20_000),
	])
		t.throws(() => parseHclReport(bytes), {name: 'MalformedError'});
});

test('what a node makes is what a verifier takes', async t => {
	const text = (certificate: Uint8Array): string => pem(certificate);
	const honestDocument = JSON.parse(Buffer.from(forgeAzure()).toString()) as {
		InstanceInfo: string;
		Attestation: {ak_pub: string; quotes: {quote: string; raw_sig: string}[]};
	};
	const info = JSON.parse(Buffer.from(honestDocument.InstanceInfo, 'base64').toString()) as {
		AttestationReport: string;
		RuntimeData: string;
	};
	const runtimeData = Buffer.from(info.RuntimeData, 'base64');
	const header = Buffer.alloc(20);
	for (const [index, value] of [20 + runtimeData.length, 1, 2, 1, runtimeData.length].entries())
		header.writeUInt32LE(value, index * 4);
	const [quote] = honestDocument.Attestation.quotes;
	const issuer = azureSnpIssuer({
		tpm: {
			attestationKey: () => Promise.resolve({public: Buffer.from(honestDocument.Attestation.ak_pub, 'base64')}),
			banks: () => Promise.resolve([0x000b]),
			quoteBank: () =>
				Promise.resolve({
					attest: Buffer.from(quote?.quote ?? '', 'base64'),
					signature: Buffer.from(quote?.raw_sig ?? '', 'base64'),
					pcrs: [...registers],
				}),
			firmwareLog: () => Promise.resolve(new Uint8Array()),
		},
		hclReport: () =>
			Promise.resolve(
				Buffer.concat([
					Buffer.from('HCLA'),
					Buffer.alloc(28),
					Buffer.from(info.AttestationReport, 'base64'),
					header,
					runtimeData,
				]),
			),
		certificates: () => Promise.resolve({vcek: text(forgeChipCertificate()), chain: text(ask().der)}),
		token: () => Promise.resolve(undefined),
	});
	const document = await issuer.issue(userData, nonce);
	t.deepEqual(
		validatorOf(parsePolicy('azure-sev-snp', honest), {now: () => at, collateral}).validate(document, nonce, userData).findings,
		[],
	);
	t.is(issuer.oid, '1.3.9900.4.1');
	t.is(forgeReport().length, 1184);
});
