import {MalformedError} from './bytes.ts';
import {formatMeasurements, type Measurements} from './measurements.ts';
import {entryFor, parseMeasurementsFile} from './measurements-file.ts';

export {isImageVersion} from './measurements-file.ts';

/** What a release says of one local image. `arguments` are the runtime options that its nodes start with. */
export type ImageStatement = {version: string; arguments: readonly string[]; measurements: Measurements};

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
	const file = parseMeasurementsFile(bytes);
	const {version, ref, stream, arguments: args} = file;
	if (ref !== '-' || stream !== 'stable') throw new MalformedError('measurements: ref or stream');
	if (args === undefined) throw new MalformedError('measurements: arguments');
	const entry = entryFor(file, 'Local', 'local-vtpm');
	if (entry === undefined) throw new MalformedError('measurements: nothing for local machines');
	return {version, arguments: args, measurements: entry.measurements};
}
