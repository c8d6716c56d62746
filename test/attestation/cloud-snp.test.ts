import test from 'ava';
import {collateralNeeds} from '../../src/attestation/collateral-needs.ts';
import {explain} from '../../src/attestation/explain.ts';
import {AttestationRefused, type Finding, type FindingCode} from '../../src/attestation/findings.ts';
import {parseCertificateTable} from '../../src/attestation/snp/certificate-table.ts';
import {formatPolicy, parsePolicy, validatorOf} from '../../src/attestation/variant.ts';
import {snpIssuer} from '../../src/attestation/variants/tpm-document/snp-issue.ts';
import {formatSnpPart, snpReportData} from '../../src/attestation/variants/tpm-document/snp-part.ts';
import {AppError} from '../../src/errors.ts';
import {forgeQuote, nonce, registers, userData} from '../helpers/forge.ts';
import {forgeAzure} from '../helpers/forge-azure.ts';
import {at, keysOf} from '../helpers/forge-chain.ts';
import {type DocumentKnobs, forgeDocument, gceEvents} from '../helpers/forge-document.ts';
import {
	ask,
	type EndorsementKnobs,
	forgeChipCertificate,
	forgeReport,
	le,
	loaded,
	type ReportKnobs,
} from '../helpers/forge-snp.ts';
import {
	akPublic,
	type CloudVariant,
	collateral,
	events,
	extraData,
	honestFields,
	keys,
	machines,
	measurementsOf,
	policyOf,
} from '../helpers/snp-worlds.ts';
import {shared} from '../helpers/tpm-forgeries.ts';
import {awsDocument} from '../helpers/tpm-worlds.ts';

type Variant = CloudVariant;
const variants = ['aws-sev-snp', 'gcp-sev-snp'] as const;
const have = collateral();

type Case = {
	report?: ReportKnobs;
	certificate?: EndorsementKnobs;
	certificates?: () => Uint8Array[];
	machine?: Uint8Array;
	instanceInfo?: Uint8Array;
	policy?: Record<string, unknown>;
	document?: Parameters<typeof forgeDocument>[0];
};

function judge(variant: Variant, input: Case): readonly Finding[] {
	const policy = parsePolicy(variant, {...policyOf(variant), ...input.policy});
	const report = forgeReport({...input.report, fields: {...honestFields(variant), ...input.report?.fields}});
	const certificates = input.certificates?.() ?? [
		forgeChipCertificate({...keys[variant].certificate, ...input.certificate}),
		ask().der,
	];
	const instanceInfo = input.instanceInfo ?? formatSnpPart({report, certificates}, input.machine ?? machines[variant]);
	const document = forgeDocument({instanceInfo, ...(variant === 'gcp-sev-snp' ? {events} : {}), ...input.document});
	try {
		return validatorOf(policy, {now: () => at, collateral: have}).validate(document, nonce, userData).findings;
	} catch (error) {
		if (error instanceof AttestationRefused) return error.findings;
		throw error;
	}
}

test('honest evidence is accepted, and that the TPM is the host’s is said', t => {
	for (const variant of variants)
		t.deepEqual(
			judge(variant, {}).map(({code, severity}) => [code, severity]),
			[['snp-host-tpm', 'warn']],
			variant,
		);
});

/** One thing changed at a time in valid evidence, and the one explanation that fits; the same for both clouds. */
const cases: Record<string, [Case, FindingCode]> = {
	'report on another key': [{report: {fields: {reportData: snpReportData(akPublic.subarray(1), extraData)}}}, 'snp-binding'],
	'report on another challenge': [{report: {fields: {reportData: snpReportData(akPublic, Buffer.alloc(32))}}}, 'snp-binding'],
	'report signed by another key': [{report: {signer: keysOf('other chip', 'p384').privateKey}}, 'snp-signature-invalid'],
	'outdated firmware': [{policy: {snpVersion: 21}}, 'snp-tcb-outdated'],
	'another launch': [{report: {fields: {measurement: Buffer.alloc(48)}}}, 'snp-measurement'],
	'debug guest': [{report: {fields: {policy: le.u64(0xb_001fn)}}}, 'snp-debug'],
	'no certificates': [{certificates: () => []}, 'snp-certificate-missing'],
	'too many certificates': [{certificates: () => Array.from({length: 9}, () => ask().der)}, 'instance-malformed'],
	'root not the policy’s': [{policy: {amdRootKey: undefined}}, 'chain-incomplete'],
	'another identity key': [
		{policy: {snp: {launchMeasurements: ['4d'.repeat(48)], idKeyDigests: ['00'.repeat(48)]}}},
		'snp-id-key',
	],
	'no report': [{instanceInfo: machines['aws-sev-snp']}, 'instance-malformed'],
	'machine without a name': [{machine: Buffer.from('{}')}, 'instance-malformed'],
	'attestation key not listed': [{policy: {attestationKeys: ['00'.repeat(32)]}}, 'key-not-enrolled'],
	'another register': [{policy: {measurements: {4: '00'.repeat(32), 15: '00'.repeat(32)}}}, 'register-mismatch'],
};

for (const variant of variants) {
	for (const [what, [input, code]] of Object.entries(cases)) {
		test(`${variant} refused: ${what}`, t => {
			const findings = judge(variant, input);
			t.true(
				findings.some(({severity}) => severity === 'refuse'),
				JSON.stringify(findings),
			);
			t.is(explain(findings, {node: 'worker-1'}).code, code, JSON.stringify(findings));
		});
	}
}

test('each cloud has the key that it documents, and its own word on the machine', t => {
	const main = (variant: Variant, input: Case): string => explain(judge(variant, input), {node: 'worker-1'}).code;
	t.is(
		main('aws-sev-snp', {
			report: {fields: {keyInfo: le.u32(0)}},
			certificate: {chipId: Buffer.alloc(64, 0xc1), provider: undefined},
		}),
		'snp-signer',
	);
	t.is(main('gcp-sev-snp', {report: {fields: {keyInfo: le.u32(1 << 2)}}, certificate: loaded}), 'snp-signer');
	t.is(
		main('gcp-sev-snp', {
			document: {events: gceEvents({technology: 2})},
			policy: {measurements: {15: Buffer.from(registers[15] ?? []).toString('hex')}},
		}),
		'confidential-technology',
	);
	t.is(main('aws-sev-snp', {policy: {accounts: ['210987654321']}}), 'instance-not-allowed');
	t.is(main('gcp-sev-snp', {policy: {projects: ['other-project']}}), 'instance-not-allowed');
	t.is(main('gcp-sev-snp', {policy: {attestationKeys: undefined}}), 'shielded-key-missing');
	t.is(main('aws-sev-snp', {policy: {attestationKeys: undefined}}), 'key-certificate-missing');
});

test('a v2.9 policy of aws-sev-snp checks the NitroTPM, and that SEV-SNP was not checked is said', t => {
	const measurements = measurementsOf('aws-sev-snp');
	const {attestationKeys} = policyOf('aws-sev-snp');
	const policy = parsePolicy('aws-sev-snp', {measurements, attestationKeys});
	t.deepEqual(parsePolicy('aws-sev-snp', formatPolicy(policy)), policy);
	const document = forgeDocument({instanceInfo: machines['aws-sev-snp']});
	const {findings} = validatorOf(policy, {now: () => at, collateral: have}).validate(document, nonce, userData);
	t.deepEqual(
		findings.map(({code, severity, message}) => [code, severity, message]),
		[['snp-unchecked', 'warn', 'NitroTPM checked; SEV-SNP not checked.']],
	);
	t.is(explain(findings, {node: 'worker-1'}).code, 'snp-unchecked');
	t.throws(
		() =>
			validatorOf(parsePolicy('aws-sev-snp', {measurements}), {now: () => at, collateral: have}).validate(
				document,
				nonce,
				userData,
			),
		{instanceOf: AttestationRefused},
		'v2.9 takes any key',
	);
	t.deepEqual(collateralNeeds(policy, document), [
		{kind: 'machine-image', region: awsDocument.region, image: awsDocument.imageId},
	]);
});

test('policies are strict, and say all of SEV-SNP or nothing', t => {
	for (const variant of variants) {
		const policy = parsePolicy(variant, policyOf(variant));
		t.deepEqual(parsePolicy(variant, formatPolicy(policy)), policy);
		const error = t.throws(() => parsePolicy(variant, {measurements: measurementsOf(variant), snp: {}, more: 1}), {
			instanceOf: AppError,
		});
		t.deepEqual(error.problems.map(({path}) => path).sort(), [
			'bootloaderVersion',
			'microcodeVersion',
			'more',
			'snpVersion',
			'teeVersion',
		]);
	}
});

test('the certificate table of a host is taken apart within its bounds', t => {
	const table = (entries: [offset: number, length: number][], data: Uint8Array, end = true): Uint8Array => {
		const rows = entries.map(([offset, length]) => Buffer.concat([Buffer.alloc(16, 0xaa), le.u32(offset), le.u32(length)]));
		return Buffer.concat([...rows, ...(end ? [Buffer.alloc(24)] : []), data]);
	};
	t.deepEqual(
		parseCertificateTable(
			table(
				[
					[72, 2],
					[74, 1],
				],
				Buffer.from('abc'),
			),
		).map(String),
		['ab', 'c'].map(text => String(Buffer.from(text))),
	);
	t.deepEqual(parseCertificateTable(Buffer.alloc(24)), []);
	const refused = [
		table([[72, 4]], Buffer.from('abc')),
		table([[0xffff_ffff, 2]], Buffer.from('abc')),
		table([[48, 0]], Buffer.from('abc')),
		table([[0, 1]], new Uint8Array(), false),
		new Uint8Array(),
		Buffer.alloc(65_537, 1),
		table(
			Array.from({length: 17}, () => [0, 1] as [number, number]),
			new Uint8Array(),
		),
	];
	for (const bytes of refused) t.throws(() => parseCertificateTable(bytes), {name: 'MalformedError'});
});

test('what a guest makes is what a verifier takes', async t => {
	for (const variant of variants) {
		const leaf = forgeChipCertificate(keys[variant].certificate);
		const table = Buffer.concat([
			Buffer.alloc(16, 1),
			le.u32(72),
			le.u32(leaf.length),
			Buffer.alloc(16, 2),
			le.u32(72 + leaf.length),
			le.u32(ask().der.length),
			Buffer.alloc(24),
			leaf,
			ask().der,
		]);
		const quote = forgeQuote();
		const issuer = snpIssuer(variant, {
			tpm: {
				attestationKey: () => Promise.resolve({public: akPublic}),
				banks: () => Promise.resolve([0x000b]),
				quoteBank: () => Promise.resolve({attest: quote.attest, signature: quote.signature, pcrs: [...quote.pcrs]}),
				firmwareLog: () => Promise.resolve(new Uint8Array()),
			},
			report: reportData =>
				Promise.resolve({report: forgeReport({fields: {...keys[variant].fields, reportData}}), certificateTable: table}),
			instance: () => Promise.resolve(machines[variant]),
		});
		const policy = parsePolicy(variant, {...policyOf(variant), measurements: measurementsOf('aws-sev-snp')});
		const document = await issuer.issue(userData, nonce);
		const codes = (() => {
			try {
				return validatorOf(policy, {now: () => at, collateral: have})
					.validate(document, nonce, userData)
					.findings.map(({code}) => code);
			} catch (error) {
				if (error instanceof AttestationRefused) return error.findings.map(({code}) => code);
				throw error;
			}
		})();
		// Google's firmware log comes from its firmware; there is none here.
		t.deepEqual(
			codes.filter(code => code !== 'confidential-technology' && !code.startsWith('firmware')),
			['snp-host-tpm'],
			variant,
		);
		t.deepEqual(
			collateralNeeds(policy, document, have).filter(({kind}) => kind.startsWith('amd')),
			[],
		);
	}
});

for (const [what, knobs, code] of shared) {
	test(`every variant with SEV-SNP refuses ${what}`, t => {
		const found = {
			'aws-sev-snp': judge('aws-sev-snp', {document: knobs({knobs: {}})}),
			'gcp-sev-snp': judge('gcp-sev-snp', {document: {events, ...knobs({knobs: {events}})}}),
			'azure-sev-snp': judgeAzure(knobs({knobs: {}})),
		};
		for (const [variant, findings] of Object.entries(found))
			t.true(
				findings.some(finding => finding.code === code && finding.severity === 'refuse'),
				`${variant}: ${JSON.stringify(findings)}`,
			);
	});
}

function judgeAzure(document: DocumentKnobs): readonly Finding[] {
	const policy = parsePolicy('azure-sev-snp', policyOf('azure-sev-snp'));
	try {
		return validatorOf(policy, {now: () => at, collateral: have}).validate(forgeAzure({document}), nonce, userData).findings;
	} catch (error) {
		if (error instanceof AttestationRefused) return error.findings;
		throw error;
	}
}
