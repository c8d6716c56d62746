import type {Validator, ValidatorDeps} from '../../../attested.ts';
import {toHex} from '../../../bytes.ts';
import {type Finding, refusal, warning} from '../../../findings.ts';
import {chipCertificates} from '../../../snp/chip-certificates.ts';
import {checkChipKey} from '../../../snp/chip-key.ts';
import {isListed} from '../../../snp/judge-guest.ts';
import {judgeReport, readReport} from '../../../snp/judge-report.ts';
import type {SnpReport} from '../../../snp/report.ts';
import {type TpmEvidence, validateTpmDocument} from '../../tpm-document/validate.ts';
import {judgeToken, type TokenContext} from '../judge-token.ts';
import {judgeRuntimeData} from '../runtime-data.ts';
import {readAzureSnpInstance} from './document.ts';
import {maaKeysUrl} from './needs.ts';
import type {AzureSnpPolicy, FirmwareSigner} from './policy.ts';

/**
 * Validation of v2.9 azure-sev-snp documents: a quote by the attestation key, the key in the runtime data of the firmware, the
 * runtime data in the report of the processor, and the processor's key certified by AMD.
 */
export function validateAzureSnp(policy: AzureSnpPolicy, deps: ValidatorDeps): Validator['validate'] {
	return validateTpmDocument({
		variant: 'azure-sev-snp',
		measurements: policy.measurements,
		judge: evidence => ({findings: judge(evidence, policy, deps)}),
	});
}

function judge({document, extraData}: TpmEvidence, policy: AzureSnpPolicy, {now, collateral = {}}: ValidatorDeps): Finding[] {
	const {vcek, chain, report: bytes, runtimeData, maaToken} = readAzureSnpInstance(document);
	const at = now();
	const chipKey = checkChipKey(chipCertificates([...(vcek ? [vcek] : []), ...chain], collateral), policy.snp.rules, {
		at,
		...(policy.snp.root ? {root: policy.snp.root} : {}),
	});
	const findings = [...chipKey.findings];
	const report = readReport(bytes, findings);
	if (!report) return findings;
	const {maaUrl = ''} = policy.firmwareSigner;
	const token = {issuer: maaUrl, keys: collateral.maaKeys?.get(maaKeysUrl(maaUrl)), at, extraData, report};
	return [
		...findings,
		...judgeReport(report, chipKey, policy.snp),
		...judgeFirmwareSigner(report, policy.firmwareSigner, maaToken, token),
		...judgeRuntimeData(runtimeData, report.reportData, document.akPublic),
	];
}

function judgeFirmwareSigner(
	{idKeyDigest}: SnpReport,
	{acceptedKeyDigests, enforcementPolicy}: FirmwareSigner,
	maaToken: string,
	context: TokenContext,
): Finding[] {
	if (isListed(idKeyDigest, acceptedKeyDigests)) return [];
	if (enforcementPolicy === 'MAAFallback') return judgeToken(maaToken, context);
	const values = {expected: acceptedKeyDigests.map(digest => toHex(digest)).join(' or '), actual: toHex(idKeyDigest)};
	const sentence = 'The identity of the guest was signed by a key that the policy does not name.';
	return [(enforcementPolicy === 'WarnOnly' ? warning : refusal)('snp-id-key', sentence, values)];
}
