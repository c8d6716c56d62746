import {MalformedError} from './bytes.ts';
import {formatMeasurements, isObject, type Measurements, parseMeasurements} from './measurements.ts';
import {parseStrictJson} from './strict-json.ts';

/** What a release says of one local image. `arguments` are the runtime options that its nodes start with. */
export type ImageStatement = {version: string; arguments: readonly string[]; measurements: Measurements};

const imageVersionPattern = /^v(?:0|[1-9]\d{0,5})\.(?:0|[1-9]\d{0,5})\.(?:0|[1-9]\d{0,5})(?:-[0-9A-Za-z.-]{1,64})?$/;
const maxSize = 64 * 1024;

export function isImageVersion(text: string): boolean {
	return imageVersionPattern.test(text);
}

/**
 * The signed file of an image: the v2.9 measurements file (version, ref, stream, list), with the runtime options beside it because
 * register 12 follows from them. Ends without a newline, as v2.9 writes it.
 */
export function formatImageStatement(statement: ImageStatement): Uint8Array {
	const list = [{csp: 'Local', attestationVariant: 'local-vtpm', measurements: formatMeasurements(statement.measurements)}];
	return Buffer.from(
		JSON.stringify({version: statement.version, ref: '-', stream: 'stable', list, arguments: statement.arguments}),
	);
}

/** Reads formatImageStatement; the signature has to be checked before. Throws MalformedError or AppError `measurements-invalid`. */
export function parseImageStatement(bytes: Uint8Array): ImageStatement {
	const json = parseStrictJson(bytes, {bytes: maxSize, depth: 8});
	if (!isObject(json)) throw new MalformedError('measurements: not an object');
	const {version, ref, stream, list, arguments: args} = json;
	if (typeof version !== 'string' || !isImageVersion(version)) throw new MalformedError('measurements: version');
	if (ref !== '-' || stream !== 'stable' || !Array.isArray(list)) throw new MalformedError('measurements: ref, stream or list');
	if (!Array.isArray(args) || !args.every(argument => typeof argument === 'string'))
		throw new MalformedError('measurements: arguments');
	const entries: unknown[] = list;
	const entry = entries.find(
		candidate => isObject(candidate) && candidate['csp'] === 'Local' && candidate['attestationVariant'] === 'local-vtpm',
	);
	if (!isObject(entry)) throw new MalformedError('measurements: nothing for local machines');
	return {version, arguments: args, measurements: parseMeasurements(entry['measurements'])};
}
