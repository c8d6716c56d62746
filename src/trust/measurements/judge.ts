import type {VariantName} from '../../attestation/attested.ts';
import {MalformedError} from '../../attestation/bytes.ts';
import {
	entryFor,
	type MeasurementsEntry,
	type MeasurementsFile,
	type ProviderName,
	parseMeasurementsFile,
} from '../../attestation/measurements-file.ts';
import {AppError, exitCodes, type Problem} from '../../errors.ts';
import {type ReleasePath, releaseText} from './release-path.ts';
import {fingerprintOf, type Signer, signerOf} from './signer.ts';

/** What a measurements file has to be: of exactly this image, for exactly this provider and variant. */
export type Wanted = {image: ReleasePath; csp: ProviderName; variant: VariantName};

/** The bytes of a measurements file and of its signature file, from wherever. */
export type SignedBytes = {content: Uint8Array; signature: Uint8Array};

export type Statement = MeasurementsEntry & Pick<MeasurementsFile, 'version' | 'ref' | 'stream' | 'arguments'>;

/**
 * Checks the signature over the exact bytes first, then reads them, then compares what they are for with what is wanted: a signed
 * file of an older image, another image or without this variant is refused as a swapped one is. Throws AppError
 * `measurements-unsigned`, `measurements-malformed` or `measurements-mismatch` (exit 5 each).
 */
export function judgeMeasurements(
	{content, signature}: SignedBytes,
	wanted: Wanted,
	signers: readonly Signer[],
	source: string,
): {statement: Statement; signer: Signer} {
	const signer = signerOf(content, signature, signers);
	if (signer === undefined) throw unsigned(source, signers);
	const file = readFile(content, source);
	const problems = mismatches(file, wanted);
	const entry = entryFor(file, wanted.csp, wanted.variant);
	if (entry === undefined) problems.push({path: 'list', message: `has nothing for ${wanted.variant} on ${wanted.csp}`});
	if (entry === undefined || problems.length > 0) throw mismatch(source, wanted, problems);
	const {version, ref, stream, arguments: args} = file;
	return {signer, statement: {...entry, version, ref, stream, ...(args && {arguments: args})}};
}

function readFile(content: Uint8Array, source: string): MeasurementsFile {
	try {
		return parseMeasurementsFile(content);
	} catch (error) {
		if (!(error instanceof MalformedError || error instanceof AppError)) throw error;
		throw new AppError(`The measurements from ${source} cannot be used: ${error.message.replace(/\.$/, '')}.`, {
			code: 'measurements-malformed',
			exitCode: exitCodes.refused,
			problems: error instanceof AppError ? error.problems : [],
			next: ['Tell whoever signed the file: it is not in the v2.9 form.'],
			cause: error,
		});
	}
}

function mismatches(file: MeasurementsFile, {image}: Wanted): Problem[] {
	return (['version', 'ref', 'stream'] as const)
		.filter(name => file[name] !== image[name])
		.map(name => ({path: name, message: `is ${file[name]}, ${image[name]} is wanted`}));
}

function mismatch(source: string, {image, csp, variant}: Wanted, problems: readonly Problem[]): AppError {
	return new AppError(
		`The measurements from ${source} are signed, but they are not those of ${releaseText(image)} for ${variant} on ${csp}.`,
		{
			code: 'measurements-mismatch',
			exitCode: exitCodes.refused,
			problems,
			next: [
				'Do not use this source: it shows the measurements of one image for another, or the image has none for this variant.',
			],
		},
	);
}

function unsigned(source: string, signers: readonly Signer[]): AppError {
	const keys = signers.map(({name}) => name).join(' or ');
	return new AppError(`The measurements from ${source} are not signed by the ${keys}.`, {
		code: 'measurements-unsigned',
		exitCode: exitCodes.refused,
		next: ['Do not use this source.', 'For images of your own, name the public key that signed them with --key FILE.'],
		details: {keys: signers.map(({key}) => fingerprintOf(key))},
	});
}
