import {type Endorsement, type Issuer, type Validator, type ValidatorDeps, variantOids} from './attested.ts';
import {AttestationRefused} from './findings.ts';
import type {Policy} from './policy.ts';
import type {Tpm} from './tpm/tpm.ts';
import {validateNitro} from './variants/aws/nitro/validate.ts';
import {validateAwsSnp} from './variants/aws/sev-snp/validate.ts';
import {validateAzureSnp} from './variants/azure/sev-snp/validate.ts';
import {validateAzureTdx} from './variants/azure/tdx/validate.ts';
import {validateTrustedLaunch} from './variants/azure/trusted-launch/validate.ts';
import {validateSevEs} from './variants/gcp/sev-es/validate.ts';
import {validateGcpSnp} from './variants/gcp/sev-snp/validate.ts';
import {issueLocal} from './variants/local/issue.ts';
import {validateLocal} from './variants/local/validate.ts';
import {validateQemu} from './variants/qemu/validate.ts';
import {validateQemuTdx} from './variants/tdx/validate.ts';
import {type DocumentSource, issueTpmDocument} from './variants/tpm-document/issue.ts';

export type {Attested, Endorsement, Issuer, Validator} from './attested.ts';
export {formatPolicy, type LocalPolicy, type Policy, parsePolicy} from './policy.ts';

/** The one validator that a policy allows: no negotiation, no second variant. */
export function validatorOf(policy: Policy, deps: ValidatorDeps = {now: Date.now}): Validator {
	const oid = variantOids[policy.variant];
	switch (policy.variant) {
		case 'local-vtpm':
			return {oid, validate: validateLocal(policy, deps)};
		case 'qemu-vtpm':
			return {oid, validate: validateQemu(policy)};
		case 'aws-nitro-tpm':
			return {oid, validate: validateNitro(policy, deps)};
		case 'gcp-sev-es':
			return {oid, validate: validateSevEs(policy, deps)};
		case 'azure-trustedlaunch':
			return {oid, validate: validateTrustedLaunch(policy, deps)};
		case 'aws-sev-snp':
			return {oid, validate: validateAwsSnp(policy, deps)};
		case 'gcp-sev-snp':
			return {oid, validate: validateGcpSnp(policy, deps)};
		case 'azure-sev-snp':
			return {oid, validate: validateAzureSnp(policy, deps)};
		case 'qemu-tdx':
			return {oid, validate: validateQemuTdx(policy, deps)};
		case 'azure-tdx':
			return {oid, validate: validateAzureTdx(policy, deps)};
	}
}

/** Makes evidence with a TPM. `endorsement` goes along so that a node can judge a service before it knows any policy. */
export function issuerOf(variant: 'local-vtpm', tpm: Tpm, endorsement?: Endorsement): Issuer {
	return {oid: variantOids[variant], issue: issueLocal(tpm, endorsement)};
}

/** Makes v2.9 documents, for variants whose evidence is a TPM document and nothing else that only hardware can make. */
export function documentIssuerOf(
	variant: 'qemu-vtpm' | 'aws-nitro-tpm' | 'gcp-sev-es' | 'azure-trustedlaunch',
	source: DocumentSource,
): Issuer {
	return {oid: variantOids[variant], issue: issueTpmDocument(source)};
}

/** The refusal of evidence inside an error, wherever it was wrapped. */
export function refusalIn(error: unknown): AttestationRefused | undefined {
	for (let current = error; current instanceof Error; current = current.cause) {
		if (current instanceof AttestationRefused) return current;
	}
	return undefined;
}
