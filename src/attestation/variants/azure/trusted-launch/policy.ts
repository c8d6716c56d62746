import {formatMeasurements, type Measurements} from '../../../measurements.ts';
import type {PolicyFields} from '../../../policy-fields.ts';
import {certificatePem, certificatesField, refuseUnknownKeys, switchField} from '../../../policy-values.ts';
import {type Enrolment, enrolmentKeys, formatEnrolment, parseEnrolment} from '../../tpm-document/enrolment.ts';

/** `roots` (DER) count instead of the pinned ones: the way on when a root expires or a cloud has its own. */
export type TrustedLaunchPolicy = {
	variant: 'azure-trustedlaunch';
	measurements: Measurements;
	roots?: readonly Uint8Array[];
	requireRevocationLists: boolean;
} & Enrolment;

export function parseTrustedLaunchPolicy(fields: PolicyFields, measurements: Measurements): TrustedLaunchPolicy {
	refuseUnknownKeys(fields, ['measurements', 'roots', 'requireRevocationLists', ...enrolmentKeys]);
	const roots = certificatesField(fields, 'roots');
	return {
		variant: 'azure-trustedlaunch',
		measurements,
		...(roots ? {roots} : {}),
		requireRevocationLists: switchField(fields, 'requireRevocationLists'),
		...parseEnrolment(fields),
	};
}

export function formatTrustedLaunchPolicy(policy: TrustedLaunchPolicy): Record<string, unknown> {
	return {
		measurements: formatMeasurements(policy.measurements),
		...(policy.roots ? {roots: policy.roots.map(der => certificatePem(der))} : {}),
		...(policy.requireRevocationLists ? {requireRevocationLists: true} : {}),
		...formatEnrolment(policy),
	};
}
