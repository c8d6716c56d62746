import {formatMeasurements, type Measurements} from '../../measurements.ts';
import {type PolicyFields, publicKeyField, toBase64} from '../../policy-fields.ts';
import {refuseUnknownKeys} from '../../policy-values.ts';

/** What a local node must show. Keys are DER SubjectPublicKeyInfo. */
export type LocalPolicy = {variant: 'local-vtpm'; measurements: Measurements; makerKey: Uint8Array; releaseKey: Uint8Array};

export function parseLocalPolicy(fields: PolicyFields, measurements: Measurements): LocalPolicy | undefined {
	refuseUnknownKeys(fields, ['measurements', 'makerKey', 'releaseKey']);
	const makerKey = publicKeyField(fields, 'makerKey');
	const releaseKey = publicKeyField(fields, 'releaseKey');
	return makerKey && releaseKey && {variant: 'local-vtpm', measurements, makerKey, releaseKey};
}

export function formatLocalPolicy({measurements, makerKey, releaseKey}: LocalPolicy): Record<string, unknown> {
	return {measurements: formatMeasurements(measurements), makerKey: toBase64(makerKey), releaseKey: toBase64(releaseKey)};
}
