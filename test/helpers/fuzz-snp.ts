import {createHash} from 'node:crypto';
import {collateralNeeds} from '../../src/attestation/collateral-needs.ts';
import {assertAccepted} from '../../src/attestation/findings.ts';
import {parseCertificateTable} from '../../src/attestation/snp/certificate-table.ts';
import {checkChipKey} from '../../src/attestation/snp/chip-key.ts';
import {judgeReport} from '../../src/attestation/snp/judge-report.ts';
import {parseSnpPolicy} from '../../src/attestation/snp/policy.ts';
import {parseReport} from '../../src/attestation/snp/report.ts';
import {parsePolicy, validatorOf} from '../../src/attestation/variant.ts';
import {parseHclReport} from '../../src/attestation/variants/azure/hcl-report.ts';
import {judgeToken} from '../../src/attestation/variants/azure/judge-token.ts';
import {judgeRuntimeData} from '../../src/attestation/variants/azure/runtime-data.ts';
import {formatSnpPart} from '../../src/attestation/variants/tpm-document/snp-part.ts';
import {nonce, userData} from './forge.ts';
import {attestationKey, forgeAzure, forgeToken, maaUrl, providerKeys} from './forge-azure.ts';
import {at} from './forge-chain.ts';
import {forgeDocument} from './forge-document.ts';
import {ark, ask, forgeChipCertificate, forgeReport, le} from './forge-snp.ts';
import type {FuzzTarget} from './fuzz.ts';
import {
	akPublic,
	type CloudVariant,
	collateral,
	events,
	extraData,
	honestFields,
	keys,
	machines,
	policyOf,
	type SnpVariant,
} from './snp-worlds.ts';

/** Keys take seconds to make, so nothing is made before a target is wanted. */
function once<T>(make: () => T): () => T {
	let made: {value: T} | undefined;
	return () => (made ??= {value: make()}).value;
}

const snpPolicy = once(() => parseSnpPolicy({json: policyOf('azure-sev-snp'), problems: []}, {signer: 'vcek'}));
const checkLeaf = (leaf: Uint8Array): ReturnType<typeof checkChipKey> =>
	checkChipKey({leaf, others: [ask().der], revocationLists: []}, {revocation: 'warn'}, {at, root: ark().der});
const chipKey = once(() => checkLeaf(forgeChipCertificate()));
const report = once(() => parseReport(forgeReport()));

const cloudDocument = (variant: CloudVariant): Uint8Array => {
	const snp = {
		report: forgeReport({fields: honestFields(variant)}),
		certificates: [forgeChipCertificate(keys[variant].certificate), ask().der],
	};
	const instanceInfo = formatSnpPart(snp, machines[variant]);
	return forgeDocument({instanceInfo, ...(variant === 'gcp-sev-snp' ? {events} : {})});
};
const documents: Readonly<Record<SnpVariant, () => Uint8Array>> = {
	'azure-sev-snp': forgeAzure,
	'aws-sev-snp': () => cloudDocument('aws-sev-snp'),
	'gcp-sev-snp': () => cloudDocument('gcp-sev-snp'),
};

/** Whole evidence; what it may cost above 64 KiB is refused before. */
const evidence = (Object.keys(documents) as SnpVariant[]).map((variant): FuzzTarget => {
	const policy = once(() => parsePolicy(variant, policyOf(variant)));
	const have = once(collateral);
	return {
		name: `${variant} evidence`,
		seeds: () => [documents[variant]()],
		run(bytes) {
			collateralNeeds(policy(), bytes);
			return validatorOf(policy(), {now: () => at, collateral: have()}).validate(bytes, nonce, userData);
		},
	};
});

const {n, e} = attestationKey();
const runtimeData = Buffer.from(JSON.stringify({keys: [{kid: 'HCLAkPub', kty: 'RSA', n, e}]}));
const hclReport = Buffer.concat([
	Buffer.from('HCLA'),
	Buffer.alloc(28 + 0x4a0),
	...[20 + runtimeData.length, 1, 2, 1, runtimeData.length].map(le.u32),
	runtimeData,
]);
const forgedToken = once(() => forgeToken(forgeReport()));
const tokenContext = once(() => ({issuer: maaUrl, keys: providerKeys(), at, extraData, report: report()}));

export const snpFuzzTargets: readonly FuzzTarget[] = [
	{
		name: 'SNP report',
		seeds: () => [forgeReport(), forgeReport({fields: {version: le.u32(5)}})],
		run: bytes => assertAccepted(judgeReport(parseReport(bytes), chipKey(), snpPolicy())),
	},
	{
		name: 'VCEK',
		seeds: () => [forgeChipCertificate()],
		run: bytes => assertAccepted(checkLeaf(bytes).findings),
	},
	{
		name: 'certificate table',
		seeds: () => [Buffer.concat([Buffer.alloc(16, 1), le.u32(48), le.u32(2), Buffer.alloc(24), Buffer.from('ab')])],
		run: parseCertificateTable,
	},
	{name: 'HCL report', seeds: () => [hclReport], run: parseHclReport},
	{
		name: 'runtime data',
		seeds: () => [runtimeData],
		run: bytes => {
			const reportData = Buffer.concat([createHash('sha256').update(bytes).digest(), Buffer.alloc(32)]);
			assertAccepted(judgeRuntimeData(bytes, reportData, akPublic));
		},
	},
	{
		name: 'MAA token',
		seeds: () => [Buffer.from(forgeToken(forgeReport()))],
		run: bytes => assertAccepted(judgeToken(Buffer.from(bytes).toString('latin1'), tokenContext())),
	},
	{
		name: 'MAA keys',
		seeds: () => [providerKeys()],
		run: bytes => assertAccepted(judgeToken(forgedToken(), {...tokenContext(), keys: bytes})),
	},
	...evidence,
];
