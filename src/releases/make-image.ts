import {randomBytes} from 'node:crypto';
import {constants} from 'node:fs';
import {chmod, copyFile, mkdir, open, readdir, readFile, rename, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {signBlob} from '../attestation/blob-signature.ts';
import {toHex} from '../attestation/bytes.ts';
import {localRegisters} from '../attestation/registers.ts';
import {formatImageStatement} from '../attestation/signed-measurements.ts';
import {expectedMeasurements, sha256} from '../attestation/variants/local/measured-boot.ts';
import {AppError, exitCodes} from '../errors.ts';
import {imagesFolder, releaseKeyFolder} from './data-home.ts';
import {sha256OfPath, writeSynced} from './files.ts';
import {type Image, imageFiles, imageFolder, loadImage} from './image.ts';
import {defaultArguments, formatManifest, type Manifest} from './manifest.ts';
import {ensureReleaseKey} from './release-key.ts';

export type ImageSources = {
	/** node.mjs of the tool. */
	bundle: string;
	/** machine.mjs of the tool. */
	launcher: string;
	/** The runtime in use. */
	runtime: string;
};

export type MakeImageOptions = {
	/** vX.Y.Z, stamped into the bundle. */
	version: string;
	from: ImageSources;
	dataHome: string;
	arguments?: readonly string[];
	now?: () => Date;
};

/**
 * Makes and signs an image: copies of launcher and runtime, the bundle with the version stamped into it, measurements computed from
 * the copies. It appears whole or not at all. Throws AppError `image-exists` when another image has the version.
 */
export async function makeImage(options: MakeImageOptions): Promise<Image> {
	const {version, dataHome} = options;
	const target = imageFolder(dataHome, version);
	const temporary = join(imagesFolder(dataHome), `${leftoverPrefix}${version}-${randomBytes(4).toString('hex')}`);
	try {
		await removeLeftovers(imagesFolder(dataHome));
		await mkdir(temporary, {recursive: true, mode: 0o700});
		await fill(temporary, options);
		await publish(temporary, target, version);
	} catch (error) {
		throw explained(error, target);
	} finally {
		await rm(temporary, {recursive: true, force: true});
	}
	return loadImage({version, dataHome});
}

/** The image of this version, made if it is not there. `current` is false when it was made from another bundle than `from` has. */
export async function ensureImage(options: MakeImageOptions): Promise<{image: Image; made: boolean; current: boolean}> {
	const {version, dataHome} = options;
	try {
		const image = await loadImage({version, dataHome});
		return {image, made: false, current: image.manifest.source === toHex(sha256(await readFile(options.from.bundle)))};
	} catch (error) {
		if (!(error instanceof AppError) || error.code !== 'image-missing') throw error;
	}
	try {
		return {image: await makeImage(options), made: true, current: true};
	} catch (error) {
		// Somebody else made it in the meantime.
		if (error instanceof AppError && error.code === 'image-exists') return ensureImage(options);
		throw error;
	}
}

const leftoverPrefix = '.making-';
const leftoverAge = 15 * 60 * 1000;

/** What a killed run left: nobody works on it for that long. */
async function removeLeftovers(folder: string): Promise<void> {
	const names = await readdir(folder).catch(() => []);
	for (const name of names.filter(each => each.startsWith(leftoverPrefix))) {
		const path = join(folder, name);
		// Another run may just be renaming or removing its own.
		const found = await stat(path).catch(() => undefined);
		if (found && Date.now() - found.mtimeMs > leftoverAge) await rm(path, {recursive: true, force: true});
	}
}

async function fill(
	folder: string,
	{version, from, dataHome, arguments: args = defaultArguments, now = () => new Date()}: MakeImageOptions,
): Promise<void> {
	const manifest: Manifest = {
		version,
		created: now().toISOString(),
		launcher: 'machine.mjs',
		bundle: 'node.mjs',
		runtime: 'node',
		arguments: args,
		source: '',
	};
	const bundle = await readFile(from.bundle);
	await Promise.all([
		copyFile(from.launcher, join(folder, manifest.launcher), constants.COPYFILE_EXCL),
		copyFile(from.runtime, join(folder, manifest.runtime), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
		writeSynced(join(folder, manifest.bundle), stamped(bundle, version), 0o400),
	]);
	await chmod(join(folder, manifest.launcher), 0o400);
	await chmod(join(folder, manifest.runtime), 0o500);
	const digests = {
		launcher: await sha256OfPath(join(folder, manifest.launcher)),
		bundle: await sha256OfPath(join(folder, manifest.bundle)),
		runtime: await sha256OfPath(join(folder, manifest.runtime)),
	};
	// Register 12 follows from the keys of a cluster, so it is no part of what the image says.
	const measurements = new Map(
		[...expectedMeasurements(digests, '')].filter(([register]) => register !== localRegisters.commandLine),
	);
	const statement = formatImageStatement({version, arguments: args, measurements});
	const {privateKey} = await ensureReleaseKey(releaseKeyFolder(dataHome));
	await writeSynced(join(folder, imageFiles.measurements), statement, 0o444);
	await writeSynced(join(folder, imageFiles.signature), signBlob(statement, privateKey), 0o444);
	await writeSynced(join(folder, imageFiles.manifest), formatManifest({...manifest, source: toHex(sha256(bundle))}), 0o444);
}

/** The version as the first line of the program: two versions never measure the same. */
function stamped(bundle: Uint8Array, version: string): Uint8Array {
	return Buffer.concat([Buffer.from(`globalThis.constellationImage=${JSON.stringify(version)};\n`), bundle]);
}

async function publish(temporary: string, target: string, version: string): Promise<void> {
	for (const name of ['machine.mjs', 'node', '.']) {
		const file = await open(join(temporary, name), 'r');
		try {
			await file.sync();
		} finally {
			await file.close();
		}
	}
	try {
		await rename(temporary, target);
	} catch (error) {
		if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
		throw new AppError(`There is already an image ${version}.`, {
			code: 'image-exists',
			exitCode: exitCodes.preflight,
			next: ['Give another version.', `Run constellation image check ${version} to see whether the one there is intact.`],
			cause: error,
		});
	}
}

/** What a person can do something about; everything else stays what it is. */
function explained(error: unknown, target: string): unknown {
	if (hasCode(error, 'ENOSPC', 'EDQUOT'))
		return notWritten(target, 'the disk is full', 'Free about 150 MB and run the command again.', error);
	if (hasCode(error, 'EACCES', 'EPERM', 'EROFS'))
		return notWritten(target, 'the folder cannot be written', 'Give yourself write access to it.', error);
	return error;
}

function notWritten(target: string, why: string, step: string, cause: unknown): AppError {
	return new AppError(`The image ${target} was not made: ${why}.`, {
		code: 'image-not-written',
		exitCode: exitCodes.preflight,
		next: [step],
		cause,
	});
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
	return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
