import path from 'node:path';
import {formatMeasurements} from '../attestation/measurements.ts';
import {isVariantName, parseMeasurementsFile} from '../attestation/measurements-file.ts';
import type {TrustSettings} from '../config/trust.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {ReleasePath} from '../trust/measurements/release-path.ts';
import {measurementSource} from '../trust/measurements/source.ts';
import {logWords} from '../trust/transparency/verdict.ts';
import {exists, readText} from '../workspace/files.ts';
import {type Expectations, needsFlag, policyOf, type Wishes} from './expectations.ts';
import {imageOf, providerOf, sourceOf} from './measurement-request.ts';
import {logOf, ownSigners, type TrustWorld} from './trust-world.ts';

/** Which signed measurements are meant. `image`: a version, where neither the source nor the config says it. */
export type SignedWishes = Wishes & {
	image?: string;
	trust?: TrustSettings;
	/** PEM file of a key of the user's own that may sign measurements. */
	keyFile?: string;
};

const releasePath = /\/constellation\/v2\/ref\/([^/]+)\/stream\/([^/]+)\/(v[^/]+)\/image\/measurements\.json$/;

/** Whether a place holds measurements that come with a signature: an address, imported bundles, or a file with .sig beside it. */
export async function isSigned(place: string): Promise<boolean> {
	return place === 'bundle' || /^[a-z][a-z\d+.-]*:\/\//i.test(place) || exists(`${place}.sig`);
}

/**
 * Expected values from signed measurements: signature, image, provider, variant and log entry are checked as `config
 * fetch-measurements` checks them. Throws AppError.
 */
export async function signedExpectations(place: string, wishes: SignedWishes, world: TrustWorld): Promise<Expectations> {
	const {variant, trust = {}} = wishes;
	if (variant === undefined) throw needsFlag('--variant', `${place} does not say which attestation variant is meant.`);
	if (!isVariantName(variant)) throw needsFlag('--variant', `The attestation variant ${variant} is not known.`);
	const signers = await ownSigners(trust, wishes.keyFile);
	const log = logOf(trust);
	const image = await imageIn(place, wishes.image);
	const {
		statement,
		signer,
		source,
		kept,
		log: verdict,
	} = await measurementSource(
		{
			source: sourceOf(place, variant),
			image,
			csp: providerOf(variant, wishes.provider),
			variant,
			...(signers.length > 0 && {signers}),
			...(trust.transparency && {transparency: trust.transparency}),
			log,
		},
		world,
	);
	const {content: file, signature, entry} = kept;
	const settings = {measurements: formatMeasurements(statement.measurements)};
	return {
		policy: policyOf(variant, settings, wishes),
		source: `${source}, signed by the ${signer.name}, ${logWords(verdict)}`,
		imageVersion: image.version,
		signed: {file, signature, key: signer.key, ...(entry && {log: {name: log.name, key: log.key, entry}})},
	};
}

/** From the flag, the address as v2.9 forms it, or the file itself: it is signed, and who named it means it. */
async function imageIn(place: string, flag: string | undefined): Promise<ReleasePath> {
	if (flag !== undefined) return imageOf(flag);
	const [, ref, stream, version] = releasePath.exec(place) ?? [];
	if (ref !== undefined && stream !== undefined && version !== undefined) return {ref, stream, version};
	const text = place === 'bundle' || place.includes('://') ? undefined : await readText(path.resolve(place));
	if (text === undefined) throw needsFlag('--image', `${place} does not say which image is meant.`);
	try {
		return parseMeasurementsFile(Buffer.from(text));
	} catch (error) {
		throw new AppError(`The measurements in ${place} cannot be read.`, {
			code: 'measurements-unusable',
			exitCode: exitCodes.preflight,
			next: ['Name another source with --measurements.'],
			details: {source: place},
			cause: error,
		});
	}
}
