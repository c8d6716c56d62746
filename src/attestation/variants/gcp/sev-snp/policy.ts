import {formatMeasurements, type Measurements} from '../../../measurements.ts';
import type {PolicyFields} from '../../../policy-fields.ts';
import {refuseUnknownKeys} from '../../../policy-values.ts';
import type {SnpPolicy} from '../../../snp/judge-report.ts';
import {formatSnpPolicy, parseSnpPolicy, snpPolicyKeys} from '../../../snp/policy.ts';
import {formatGcpMachinePolicy, type GcpMachinePolicy, gcpMachineKeys, parseGcpMachinePolicy} from '../machine.ts';

export type GcpSnpPolicy = {variant: 'gcp-sev-snp'; measurements: Measurements; snp: SnpPolicy} & GcpMachinePolicy;

/** Google's processors sign with the chip's own key. */
const defaults = {signer: 'vcek'} as const;

export function parseGcpSnpPolicy(fields: PolicyFields, measurements: Measurements): GcpSnpPolicy {
	refuseUnknownKeys(fields, ['measurements', ...snpPolicyKeys, ...gcpMachineKeys]);
	return {variant: 'gcp-sev-snp', measurements, snp: parseSnpPolicy(fields, defaults), ...parseGcpMachinePolicy(fields)};
}

export function formatGcpSnpPolicy(policy: GcpSnpPolicy): Record<string, unknown> {
	return {
		measurements: formatMeasurements(policy.measurements),
		...formatSnpPolicy(policy.snp, defaults),
		...formatGcpMachinePolicy(policy),
	};
}
