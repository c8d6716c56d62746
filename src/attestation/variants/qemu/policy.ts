import {formatMeasurements, type Measurements} from '../../measurements.ts';
import type {PolicyFields} from '../../policy-fields.ts';

/** `acceptUnknownKeys`: nothing in the evidence says whose TPM it is, and the administrator agreed to that. */
export type QemuPolicy = {variant: 'qemu-vtpm'; measurements: Measurements; acceptUnknownKeys: boolean};

export function parseQemuPolicy({json}: PolicyFields, measurements: Measurements): QemuPolicy {
	return {variant: 'qemu-vtpm', measurements, acceptUnknownKeys: json['acceptUnknownKeys'] === true};
}

export function formatQemuPolicy({measurements, acceptUnknownKeys}: QemuPolicy): Record<string, unknown> {
	return {measurements: formatMeasurements(measurements), ...(acceptUnknownKeys ? {acceptUnknownKeys: true} : {})};
}
