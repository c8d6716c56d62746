import {formatMeasurements, type Measurements} from '../../../measurements.ts';
import type {PolicyFields} from '../../../policy-fields.ts';
import {choiceField, refuseUnknownKeys} from '../../../policy-values.ts';
import {formatGcpMachinePolicy, type GcpMachinePolicy, gcpMachineKeys, parseGcpMachinePolicy} from '../machine.ts';

/** `technology`: what the firmware has to report; v2.9 asks for sev, which is what Google's firmware says for this variant. */
export type SevEsPolicy = {
	variant: 'gcp-sev-es';
	measurements: Measurements;
	technology: 'sev' | 'sev-es';
} & GcpMachinePolicy;

export function parseSevEsPolicy(fields: PolicyFields, measurements: Measurements): SevEsPolicy {
	refuseUnknownKeys(fields, ['measurements', 'technology', ...gcpMachineKeys]);
	const technology = choiceField(fields, 'technology', ['sev', 'sev-es']) ?? 'sev';
	return {variant: 'gcp-sev-es', measurements, technology, ...parseGcpMachinePolicy(fields)};
}

export function formatSevEsPolicy(policy: SevEsPolicy): Record<string, unknown> {
	const {measurements, technology} = policy;
	return {
		measurements: formatMeasurements(measurements),
		...(technology === 'sev' ? {} : {technology}),
		...formatGcpMachinePolicy(policy),
	};
}
