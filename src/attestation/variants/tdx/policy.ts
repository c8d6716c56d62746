import {formatMeasurements, type Measurements} from '../../measurements.ts';
import type {PolicyFields} from '../../policy-fields.ts';
import {refuseUnknownKeys} from '../../policy-values.ts';
import {formatTdxRules, parseTdxRules, type TdxRules, tdxRuleKeys} from '../../tdx/rules.ts';

/** `measurements`: MRTD at 0, RTMR0 to RTMR3 at 1 to 4. */
export type QemuTdxPolicy = {variant: 'qemu-tdx'; measurements: Measurements; tdx: TdxRules};

export function parseQemuTdxPolicy(fields: PolicyFields, measurements: Measurements): QemuTdxPolicy {
	refuseUnknownKeys(fields, ['measurements', ...tdxRuleKeys]);
	return {variant: 'qemu-tdx', measurements, tdx: parseTdxRules(fields)};
}

export function formatQemuTdxPolicy({measurements, tdx}: QemuTdxPolicy): Record<string, unknown> {
	return {measurements: formatMeasurements(measurements), ...formatTdxRules(tdx)};
}
