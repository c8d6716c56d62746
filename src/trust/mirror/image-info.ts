import {MalformedError} from '../../attestation/bytes.ts';
import {isObject} from '../../attestation/measurements.ts';
import {entryFor, isVariantName, type MeasurementsFile, providerNamed} from '../../attestation/measurements-file.ts';
import {parseStrictJson} from '../../attestation/strict-json.ts';

export const maxInfoFile = 256 * 1024;

/** Where the image of a variant is to be had (v2.9 image info). Nothing signs it: what protects is that the image is measured. */
export function formatInfo({version, ref, stream, entries}: MeasurementsFile): Uint8Array {
	const list = entries.map(({csp, variant}) => ({csp: csp.toLowerCase(), attestationVariant: variant, reference: version}));
	return Buffer.from(JSON.stringify({ref, stream, version, list}));
}

/** Why an image info does not belong to a measurements file; empty where it does. */
export function problemsOfInfo(bytes: Uint8Array, file: MeasurementsFile): string[] {
	try {
		const json = parseStrictJson(bytes, {bytes: maxInfoFile, depth: 4});
		if (!isObject(json)) return ['is not an object'];
		const {list} = json;
		const wrong = (['ref', 'stream', 'version'] as const).filter(name => json[name] !== file[name]);
		if (wrong.length > 0) return wrong.map(name => `has another ${name}`);
		if (!Array.isArray(list) || list.length === 0) return ['lists no image'];
		return list.flatMap((item: unknown) => problemsOfItem(item, file));
	} catch (error) {
		if (error instanceof MalformedError) return [error.message];
		throw error;
	}
}

function problemsOfItem(item: unknown, file: MeasurementsFile): string[] {
	const {csp, attestationVariant: variant, reference} = isObject(item) ? item : {};
	if (typeof csp !== 'string' || typeof variant !== 'string' || typeof reference !== 'string')
		return ['has an entry without its fields'];
	const provider = providerNamed(csp);
	if (provider === undefined || !isVariantName(variant)) return [];
	return entryFor(file, provider, variant) ? [] : [`offers ${variant} on ${provider}, which has no measurements`];
}
