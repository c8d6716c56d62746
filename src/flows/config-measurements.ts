import {type AttestationSection, readAttestationSection} from '../config/attestation-section.ts';
import {readTrustSection} from '../config/trust.ts';
import {parseImagePath} from '../config/versions.ts';
import {AppError, exitCodes} from '../errors.ts';
import {type ReleasePath, releaseText} from '../trust/measurements/release-path.ts';
import {measurementSource, type VerifiedMeasurements} from '../trust/measurements/source.ts';
import type {LogPolicy} from '../trust/transparency/verdict.ts';
import type {Workspace} from '../workspace/files.ts';
import {atWorkspace, imageOf, providerOf, sourceOf} from './measurement-request.ts';
import {logOf, ownSigners, type TrustWorld} from './trust-world.ts';

/** What the command line says; what it does not say comes from the config. */
export type FetchWishes = {from?: string; version?: string; transparency?: LogPolicy; keyFile?: string};

export type ConfigMeasurements = {section: AttestationSection; image: ReleasePath; verified: VerifiedMeasurements};

/**
 * Gets the measurements of the image that the text of a config names, from a mirror, a file, an imported bundle or the image on this
 * machine, and checks them. Works for configs of v2.9 too. Throws AppError.
 */
export async function configMeasurements(
	text: string,
	workspace: Pick<Workspace, 'folder'>,
	world: TrustWorld,
	wishes: FetchWishes = {},
): Promise<ConfigMeasurements> {
	const section = readAttestationSection(text);
	const {trust, provider} = readTrustSection(text);
	const image = wishes.version === undefined ? imageIn(section) : imageOf(wishes.version);
	const signers = await ownSigners(trust, wishes.keyFile);
	const transparency = wishes.transparency ?? trust.transparency;
	const verified = await measurementSource(
		{
			source: sourceOf(wishes.from ?? atWorkspace(workspace, trust.measurements), section.variant),
			image,
			csp: providerOf(section.variant, provider),
			variant: section.variant,
			...(signers.length > 0 && {signers}),
			...(transparency && {transparency}),
			log: logOf(trust),
		},
		world,
	);
	return {section, image, verified};
}

function imageIn({image}: AttestationSection): ReleasePath {
	const named = parseImagePath(image);
	if (named !== undefined) return named;
	const why = image === '' ? 'no image yet' : `${image}, which does not say what version of the node image it is`;
	throw new AppError(`The config names ${why}.`, {
		code: 'image-version-invalid',
		exitCode: exitCodes.usage,
		next: ['constellation config fetch-measurements --version v1.2.3   takes those of a version; an image of a cloud stays'],
	});
}

/** Keeps the signed file for bundles and for machines that reach nobody. */
export async function keepMeasurements(
	{image, verified}: Pick<ConfigMeasurements, 'image' | 'verified'>,
	{store, now}: Pick<TrustWorld, 'store' | 'now'>,
): Promise<void> {
	const {content, signature, entry} = verified.kept;
	const blobs = entry ? [content, signature, entry] : [content, signature];
	await store.write({kind: 'measurements', name: releaseText(image), at: Math.floor(now() / 1000), blobs});
}
