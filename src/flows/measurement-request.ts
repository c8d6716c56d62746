import path from 'node:path';
import type {VariantName} from '../attestation/attested.ts';
import {type ProviderName, providerNamed} from '../attestation/measurements-file.ts';
import {parseImagePath} from '../config/versions.ts';
import {AppError, exitCodes} from '../errors.ts';
import {publicMirror, type ReleasePath} from '../trust/measurements/release-path.ts';
import type {MeasurementFrom} from '../trust/measurements/source.ts';
import type {Workspace} from '../workspace/files.ts';

const isAddress = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(text);

/** Words that are no paths: the image on this machine, and what was imported. */
export const ownImage = 'image';
const words: ReadonlySet<string> = new Set([ownImage, 'bundle']);

/** A path in a config counts from the folder of the config. */
export function atWorkspace({folder}: Pick<Workspace, 'folder'>, from: string | undefined): string | undefined {
	return from === undefined || words.has(from) || isAddress(from) ? from : path.resolve(folder, from);
}

/** A place as people name it: an address, else a path; the word `bundle` for what was imported, `image` for the image on this machine. */
export function sourceOf(from: string | undefined, variant: VariantName): MeasurementFrom {
	if (from === 'bundle') return {from: 'bundle'};
	if (from === ownImage) return {from: 'workspace'};
	if (from === undefined) return variant === 'local-vtpm' ? {from: 'workspace'} : {from: 'url', url: publicMirror};
	return isAddress(from) ? {from: 'url', url: from} : {from: 'file', path: from};
}

/** Throws AppError `image-version-invalid`. */
export function imageOf(text: string): ReleasePath {
	const image = parseImagePath(text);
	if (image !== undefined) return image;
	throw new AppError(`${JSON.stringify(text)} names no image.`, {
		code: 'image-version-invalid',
		exitCode: exitCodes.usage,
		next: ['Give a version such as v1.2.3.'],
	});
}

const variantProviders: readonly (readonly [string, ProviderName])[] = [
	['local', 'Local'],
	['aws', 'AWS'],
	['azure', 'Azure'],
	['gcp', 'GCP'],
];

/** From the variant's name; QEMU's variants run on OpenStack too, so there the provider of the config decides. */
export function providerOf(variant: VariantName, provider: string | undefined): ProviderName {
	const [, own] = variantProviders.find(([prefix]) => variant.startsWith(prefix)) ?? [];
	return own ?? (provider === undefined ? undefined : providerNamed(provider)) ?? 'QEMU';
}
