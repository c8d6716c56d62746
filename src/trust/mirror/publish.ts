import {mkdir, readdir, readFile, rename, rm} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {compare} from 'semver';
import {sameBytes} from '../../attestation/bytes.ts';
import {parseMeasurementsFile} from '../../attestation/measurements-file.ts';
import {AppError, exitCodes} from '../../errors.ts';
import {temporaryName, writeSynced} from '../../releases/files.ts';
import {imageInfoPath, measurementsPath, signaturePath, versionsPath} from '../measurements/release-path.ts';
import {formatInfo} from './image-info.ts';
import {listFiles, type MirrorFile, releaseStream} from './lists.ts';

/** An image to publish: its version and the exact bytes of its signed file and signature. */
export type Release = {version: string; measurements: Uint8Array; signature: Uint8Array};

/**
 * Writes the files of a mirror for these images into a folder: measurements, signatures, image infos first, then the lists that lead
 * to them. What other versions the folder has stays in the lists. Any web server can serve it. Throws AppError `mirror-conflict`.
 */
export async function publishMirror(
	folder: string,
	releases: readonly Release[],
): Promise<{files: string[]; versions: string[]}> {
	const files: MirrorFile[] = releases.flatMap(({version, measurements, signature}) => {
		const image = {...releaseStream, version};
		const path = measurementsPath(image);
		return [
			{path, content: measurements},
			{path: signaturePath(path), content: signature},
			{path: imageInfoPath(image), content: formatInfo(parseMeasurementsFile(measurements))},
		];
	});
	for (const {version, measurements} of releases) await refuseOther(folder, version, measurements);
	const versions = [...new Set([...(await versionsIn(folder)), ...releases.map(({version}) => version)])];
	versions.sort(compare);
	const lists = listFiles(versions);
	files.push(...lists);
	for (const file of files) await write(folder, file);
	await removeOtherLists(
		folder,
		lists.map(({path}) => path),
	);
	return {files: files.map(({path}) => path), versions};
}

/** Lists of versions that were taken out of the folder would lead nowhere. */
async function removeOtherLists(folder: string, current: readonly string[]): Promise<void> {
	for (const granularity of ['major', 'minor'] as const) {
		const parent = dirname(dirname(versionsPath(releaseStream, granularity, 'v0')));
		for (const base of await readdir(join(folder, parent)).catch(() => [])) {
			const path = versionsPath(releaseStream, granularity, base);
			if (!current.includes(path)) await rm(join(folder, path), {force: true});
		}
	}
}

/** The versions that a folder has measurements of. */
export async function versionsIn(folder: string): Promise<string[]> {
	const parent = dirname(dirname(dirname(join(folder, measurementsPath({...releaseStream, version: 'v0.0.0'})))));
	const names = await readdir(parent).catch(() => []);
	const found = await Promise.all(
		names.map(async version => {
			// A folder without measurements is no version of the mirror.
			const file = await readFile(join(folder, measurementsPath({...releaseStream, version}))).catch(() => undefined);
			return file === undefined ? [] : [version];
		}),
	);
	return found.flat();
}

/** A published version never gets another content: whoever fetched it before would see a contradiction. */
async function refuseOther(folder: string, version: string, measurements: Uint8Array): Promise<void> {
	const there = await readFile(join(folder, measurementsPath({...releaseStream, version}))).catch((error: unknown) => {
		// Only what is not there may be written: a file that cannot be read may say something else.
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
		throw error;
	});
	if (there === undefined || sameBytes(there, measurements)) return;
	throw new AppError(`The folder has other measurements of ${version}; nothing was written.`, {
		code: 'mirror-conflict',
		exitCode: exitCodes.preflight,
		next: ['Publish into another folder, or give the image another version: a published one does not change.'],
		details: {folder, version},
	});
}

async function write(folder: string, {path, content}: MirrorFile): Promise<void> {
	const file = join(folder, path);
	await mkdir(dirname(file), {recursive: true, mode: 0o755});
	const temporary = temporaryName(file);
	try {
		await writeSynced(temporary, content, 0o644);
		await rename(temporary, file);
	} finally {
		await rm(temporary, {force: true});
	}
}
