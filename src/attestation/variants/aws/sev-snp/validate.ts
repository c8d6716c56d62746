import type {Collateral, CollateralNeed, Validator, ValidatorDeps} from '../../../attested.ts';
import {type Finding, warning} from '../../../findings.ts';
import {chipNeeds} from '../../../snp/needs.ts';
import {parseReport} from '../../../snp/report.ts';
import {parseTpmDocument, type TpmDocument} from '../../tpm-document/document.ts';
import {judgeEnrolment} from '../../tpm-document/enrolment.ts';
import {judgeSnpPart, splitSnpPart} from '../../tpm-document/snp-part.ts';
import {type TpmEvidence, validateTpmDocument} from '../../tpm-document/validate.ts';
import {readAwsInstance} from '../instance.ts';
import {awsMachineNeeds, judgeAwsMachine} from '../machine.ts';
import type {AwsSnpPolicy} from './policy.ts';

/**
 * Validation of aws-sev-snp documents. Under a policy of v2.9 form the document is that of a NitroTPM and nothing is known of
 * SEV-SNP. Under a policy about SEV-SNP the document has to bring a report on the attestation key; not tested on hardware.
 */
export function validateAwsSnp(policy: AwsSnpPolicy, deps: ValidatorDeps): Validator['validate'] {
	return validateTpmDocument({
		variant: 'aws-sev-snp',
		measurements: policy.measurements,
		judge: evidence => ({findings: [...judgeSnp(evidence, policy, deps), ...judgeEnrolment(policy, evidence.attestationKey)]}),
	});
}

function judgeSnp(evidence: TpmEvidence, policy: AwsSnpPolicy, deps: ValidatorDeps): Finding[] {
	const judgeMachine = (document: TpmDocument): Finding[] =>
		judgeAwsMachine(readAwsInstance(document), policy, deps.collateral ?? {});
	if (!policy.snp) {
		return [warning('snp-unchecked', 'NitroTPM checked; SEV-SNP not checked.'), ...judgeMachine(evidence.document)];
	}
	const {snp, document} = splitSnpPart(evidence.document);
	return [...judgeSnpPart(snp, evidence, policy.snp, deps), ...judgeMachine(document)];
}

/** Throws MalformedError. */
export function awsSnpNeeds(policy: AwsSnpPolicy, bytes: Uint8Array, have: Collateral): CollateralNeed[] {
	const parsed = parseTpmDocument(bytes);
	if (!policy.snp) return awsMachineNeeds(readAwsInstance(parsed), policy, have);
	const {snp, document} = splitSnpPart(parsed);
	return [
		...chipNeeds(parseReport(snp.report), snp.certificates, policy.snp, have),
		...awsMachineNeeds(readAwsInstance(document), policy, have),
	];
}
