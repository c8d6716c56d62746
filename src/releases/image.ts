import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {compare} from 'semver';
import {verifyBlob} from '../attestation/blob-signature.ts';
import {MalformedError, sameBytes, toHex} from '../attestation/bytes.ts';
import {type Measurements, withMeasurement} from '../attestation/measurements.ts';
import type {LocalPolicy} from '../attestation/policy.ts';
import {localRegisters} from '../attestation/registers.ts';
import {type ImageStatement, isImageVersion, parseImageStatement} from '../attestation/signed-measurements.ts';
import {localParameters, measuredCommandLine, registerOf, sha256} from '../attestation/variants/local/measured-boot.ts';
import {AppError, exitCodes} from '../errors.ts';
import {imagesFolder, releaseKeyFolder} from './data-home.ts';
import {sha256OfPath} from './files.ts';
import {damaged, type Manifest, parseManifest, unsigned} from './manifest.ts';
import {readReleasePublicKey} from './release-key.ts';

/** An image whose signature holds. Whether the files still are what was signed is the business of checkImage and of the launcher. */
export type Image = {
	version: string;
	folder: string;
	manifest: Manifest;
	/** measurements.json, the exact signed bytes. */
	measurements: Uint8Array;
	/** measurements.json.sig. */
	signature: Uint8Array;
	/** DER SubjectPublicKeyInfo of the key that signed. */
	releaseKey: Uint8Array;
	/** Registers that the image alone decides; 12 depends on the cluster's keys. */
	registers: Measurements;
};

export const imageFiles = {
	manifest: 'manifest.json',
	measurements: 'measurements.json',
	signature: 'measurements.json.sig',
} as const;

/** Where an image lies. Throws AppError `image-version-invalid`. */
export function imageFolder(home: string, version: string): string {
	if (isImageVersion(version)) return join(imagesFolder(home), version);
	throw new AppError(`${JSON.stringify(version)} is not an image version.`, {
		code: 'image-version-invalid',
		exitCode: exitCodes.usage,
		next: ['Give a version such as v1.2.3.'],
	});
}

/** Reads an image and checks its signature. Throws AppError `image-missing`, `image-damaged`, `image-unsigned`. */
export async function loadImage({version, dataHome}: {version: string; dataHome: string}): Promise<Image> {
	const folder = imageFolder(dataHome, version);
	const manifest = parseManifest((await readImageFile(folder, imageFiles.manifest, version)).toString('utf8'), version);
	const measurements = await readImageFile(folder, imageFiles.measurements, version);
	const signature = await readImageFile(folder, imageFiles.signature, version);
	const releaseKey = await readReleasePublicKey(releaseKeyFolder(dataHome));
	if (!verifyBlob(measurements, signature, releaseKey))
		throw unsigned(version, 'its measurements are not signed by this user’s release key');
	const statement = readStatement(version, measurements);
	if (statement.version !== version) throw unsigned(version, `its signed measurements are those of ${statement.version}`);
	if (statement.arguments.join('\0') !== manifest.arguments.join('\0'))
		throw damaged(version, 'manifest.json has other arguments than were signed');
	return {version, folder, manifest, measurements, signature, releaseKey, registers: statement.measurements};
}

function readStatement(version: string, measurements: Uint8Array): ImageStatement {
	try {
		return parseImageStatement(measurements);
	} catch (error) {
		if (error instanceof MalformedError || error instanceof AppError)
			throw damaged(version, 'its signed measurements cannot be read', error);
		throw error;
	}
}

async function readImageFile(folder: string, name: string, version: string): Promise<Buffer> {
	try {
		return await readFile(join(folder, name));
	} catch (error) {
		if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
		if (name !== imageFiles.manifest) throw damaged(version, `${name} is missing`, error);
		throw new AppError(`There is no image ${version}.`, {
			code: 'image-missing',
			exitCode: exitCodes.preflight,
			next: [
				'Run constellation image list to see what there is.',
				`Run constellation image make --version ${version} to make it.`,
			],
			cause: error,
		});
	}
}

export type ImageCheck = {what: string; ok: boolean; expected: string; actual: string};

/** Computes every register anew from the files and compares it with what was signed. Throws where loadImage throws. */
export async function checkImage({
	version,
	dataHome,
}: {
	version: string;
	dataHome: string;
}): Promise<{image: Image; checks: ImageCheck[]}> {
	const image = await loadImage({version, dataHome});
	const parts = ['launcher', 'bundle', 'runtime'] as const;
	const checks = await Promise.all(
		parts.map(async (part): Promise<ImageCheck> => {
			const digest = await readDigest(join(image.folder, image.manifest[part]));
			const expected = image.registers.get(localRegisters[part])?.expected ?? new Uint8Array();
			const actual = typeof digest === 'string' ? undefined : registerOf(digest);
			return {
				what: image.manifest[part],
				ok: actual !== undefined && sameBytes(actual, expected),
				expected: toHex(expected),
				actual: actual ? toHex(actual) : String(digest),
			};
		}),
	);
	return {image, checks};
}

/** Digest of a file, or why it has none. */
async function readDigest(path: string): Promise<Uint8Array | string> {
	try {
		return await sha256OfPath(path);
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing';
		return 'unreadable';
	}
}

/** The images there are, newest version first. A folder that is none is skipped, a damaged one is listed with its problem. */
export async function listImages(home: string): Promise<{version: string; created?: string; problem?: string}[]> {
	const names = await readdir(imagesFolder(home)).catch((error: unknown) => {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
		throw error;
	});
	const versions = names.filter(name => isImageVersion(name)).sort((left, right) => compare(right, left));
	return Promise.all(
		versions.map(async version => {
			try {
				const {manifest} = await loadImage({version, dataHome: home});
				return {version, created: manifest.created};
			} catch (error) {
				if (error instanceof AppError) return {version, problem: error.message};
				throw error;
			}
		}),
	);
}

/** What nodes of this image must show in a cluster with this maker key. Keys are DER SubjectPublicKeyInfo. */
export function localPolicy(image: Image, makerKey: Uint8Array, releaseKey: Uint8Array): LocalPolicy {
	const commandLine = measuredCommandLine(image.manifest.arguments, localParameters(makerKey, releaseKey));
	const measurements = withMeasurement(image.registers, localRegisters.commandLine, registerOf(sha256(commandLine)));
	return {
		variant: 'local-vtpm',
		measurements: new Map([...measurements].sort(([left], [right]) => left - right)),
		makerKey,
		releaseKey,
	};
}
