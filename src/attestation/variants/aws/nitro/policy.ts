import {formatMeasurements, type Measurements} from '../../../measurements.ts';
import type {PolicyFields} from '../../../policy-fields.ts';
import {refuseUnknownKeys} from '../../../policy-values.ts';
import {type Enrolment, enrolmentKeys, formatEnrolment, parseEnrolment} from '../../tpm-document/enrolment.ts';
import {type AwsMachinePolicy, awsMachineKeys, formatAwsMachinePolicy, parseAwsMachinePolicy} from '../machine.ts';

/** AWS certifies no attestation keys, so the policy lists them or says that any will do. */
export type NitroPolicy = {variant: 'aws-nitro-tpm'; measurements: Measurements} & Enrolment & AwsMachinePolicy;

export function parseNitroPolicy(fields: PolicyFields, measurements: Measurements): NitroPolicy {
	refuseUnknownKeys(fields, ['measurements', ...enrolmentKeys, ...awsMachineKeys]);
	return {variant: 'aws-nitro-tpm', measurements, ...parseEnrolment(fields), ...parseAwsMachinePolicy(fields)};
}

export function formatNitroPolicy(policy: NitroPolicy): Record<string, unknown> {
	return {measurements: formatMeasurements(policy.measurements), ...formatEnrolment(policy), ...formatAwsMachinePolicy(policy)};
}
