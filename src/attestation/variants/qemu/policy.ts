import {formatMeasurements, type Measurements} from '../../measurements.ts';
import type {PolicyFields} from '../../policy-fields.ts';
import {refuseUnknownKeys} from '../../policy-values.ts';
import {type Enrolment, enrolmentKeys, formatEnrolment, parseEnrolment} from '../tpm-document/enrolment.ts';

/** The evidence does not say whose TPM it is, so the policy has to. */
export type QemuPolicy = {variant: 'qemu-vtpm'; measurements: Measurements} & Enrolment;

export function parseQemuPolicy(fields: PolicyFields, measurements: Measurements): QemuPolicy {
	refuseUnknownKeys(fields, ['measurements', ...enrolmentKeys]);
	return {variant: 'qemu-vtpm', measurements, ...parseEnrolment(fields)};
}

export function formatQemuPolicy({measurements, ...enrolment}: QemuPolicy): Record<string, unknown> {
	return {measurements: formatMeasurements(measurements), ...formatEnrolment(enrolment)};
}
