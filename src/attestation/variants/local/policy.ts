import {formatMeasurements, isObject, type Measurements, parseMeasurements} from '../../measurements.ts';
import {attempt, type PolicyFields, publicKeyField, toBase64} from '../../policy-fields.ts';
import {refuseUnknownKeys} from '../../policy-values.ts';

/**
 * What a local node must show. Keys are DER SubjectPublicKeyInfo. `previous`: while an upgrade replaces nodes, those of the image before
 * are accepted too.
 */
export type LocalPolicy = {
	variant: 'local-vtpm';
	measurements: Measurements;
	makerKey: Uint8Array;
	releaseKey: Uint8Array;
	previous?: {image: string; measurements: Measurements};
};

export function parseLocalPolicy(fields: PolicyFields, measurements: Measurements): LocalPolicy | undefined {
	refuseUnknownKeys(fields, ['measurements', 'makerKey', 'releaseKey', 'previous']);
	const makerKey = publicKeyField(fields, 'makerKey');
	const releaseKey = publicKeyField(fields, 'releaseKey');
	const previous = attempt(fields.problems, 'previous', () => parsePrevious(fields.json['previous']));
	return makerKey && releaseKey && {variant: 'local-vtpm', measurements, makerKey, releaseKey, ...(previous ? {previous} : {})};
}

function parsePrevious(value: unknown): LocalPolicy['previous'] {
	if (value === undefined) return undefined;
	if (!isObject(value) || typeof value['image'] !== 'string') throw new Error('must be an image and its measurements');
	return {image: value['image'], measurements: parseMeasurements(value['measurements'])};
}

export function formatLocalPolicy({measurements, makerKey, releaseKey, previous}: LocalPolicy): Record<string, unknown> {
	return {
		measurements: formatMeasurements(measurements),
		makerKey: toBase64(makerKey),
		releaseKey: toBase64(releaseKey),
		...(previous ? {previous: {image: previous.image, measurements: formatMeasurements(previous.measurements)}} : {}),
	};
}

/** One policy for each image that this one accepts, the newest first. */
export function singlePolicies({previous, ...newest}: LocalPolicy): readonly [LocalPolicy, ...LocalPolicy[]] {
	return previous === undefined ? [newest] : [newest, {...newest, measurements: previous.measurements}];
}
