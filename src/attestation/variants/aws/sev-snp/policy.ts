import {formatMeasurements, type Measurements} from '../../../measurements.ts';
import type {PolicyFields} from '../../../policy-fields.ts';
import {refuseUnknownKeys} from '../../../policy-values.ts';
import type {SnpPolicy} from '../../../snp/judge-report.ts';
import {formatSnpPolicy, parseSnpPolicy, snpPolicyKeys} from '../../../snp/policy.ts';
import {type Enrolment, enrolmentKeys, formatEnrolment, parseEnrolment} from '../../tpm-document/enrolment.ts';
import {type AwsMachinePolicy, awsMachineKeys, formatAwsMachinePolicy, parseAwsMachinePolicy} from '../machine.ts';

/**
 * Without `snp` the form of v2.9, which has nothing about SEV-SNP: then the NitroTPM is checked and that the rest is not, is said.
 */
export type AwsSnpPolicy = {variant: 'aws-sev-snp'; measurements: Measurements; snp?: SnpPolicy} & Enrolment & AwsMachinePolicy;

/** AWS loads a key of its own into its processors. */
const defaults = {signer: 'vlek'} as const;

export function parseAwsSnpPolicy(fields: PolicyFields, measurements: Measurements): AwsSnpPolicy {
	refuseUnknownKeys(fields, ['measurements', ...snpPolicyKeys, ...enrolmentKeys, ...awsMachineKeys]);
	const hasSnp = snpPolicyKeys.some(key => fields.json[key] !== undefined);
	return {
		variant: 'aws-sev-snp',
		measurements,
		...(hasSnp ? {snp: parseSnpPolicy(fields, defaults)} : {}),
		...parseEnrolment(fields),
		...parseAwsMachinePolicy(fields),
	};
}

export function formatAwsSnpPolicy(policy: AwsSnpPolicy): Record<string, unknown> {
	return {
		measurements: formatMeasurements(policy.measurements),
		...(policy.snp ? formatSnpPolicy(policy.snp, defaults) : {}),
		...formatEnrolment(policy),
		...formatAwsMachinePolicy(policy),
	};
}
