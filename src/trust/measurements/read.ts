import {readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {maxMeasurementsFile} from '../../attestation/measurements-file.ts';
import {AppError, exitCodes} from '../../errors.ts';
import {bodyOf, type Get} from '../net/get.ts';
import type {SignedBytes} from './judge.ts';
import {measurementsPath, onMirror, type ReleasePath, signaturePath} from './release-path.ts';

const maxSignatureFile = 1024;

/** Fetches a file and its signature. `url`: the root of a mirror, or the address of the file itself (ends with .json). */
export async function fetchMeasurements(url: string, image: ReleasePath, get: Get): Promise<SignedBytes & {source: string}> {
	const address = url.endsWith('.json') ? url : onMirror(url, measurementsPath(image));
	const fetchOne = async (from: string, limit: number) => bodyOf(await get(from, {limit, redirects: 'https'}));
	const content = await fetchOne(address, maxMeasurementsFile);
	const signature = await besides(address, 'not-published', fetchOne(signaturePath(address), maxSignatureFile));
	return {content, signature, source: address};
}

/** Reads a file and its signature. `path`: the file itself, or a folder with the files of a mirror. */
export async function readMeasurements(path: string, image: ReleasePath): Promise<SignedBytes & {source: string}> {
	// What cannot be looked at is tried as a file, and its error says why not.
	const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
	const file = isFolder ? join(path, measurementsPath(image)) : path;
	const content = await readLimited(file, maxMeasurementsFile);
	const signature = await besides(file, 'measurements-missing', readLimited(signaturePath(file), maxSignatureFile));
	return {content, signature, source: file};
}

/** A file that is there without its signature is not one that is missing: it is unsigned. */
async function besides(file: string, missing: string, signature: Promise<Uint8Array>): Promise<Uint8Array> {
	try {
		return await signature;
	} catch (error) {
		if (!(error instanceof AppError && error.code === missing)) throw error;
		throw new AppError(`The measurements from ${file} are not signed: there is no ${signaturePath(file)}.`, {
			code: 'measurements-unsigned',
			exitCode: exitCodes.refused,
			next: ['Bring the signature too; it lies beside the file, with .sig at the end.', 'Do not use this source without it.'],
			details: {file},
			cause: error,
		});
	}
}

/** A file of at most `limit` bytes. Throws AppError `measurements-missing` (exit 3) or `download-refused` (exit 5). */
async function readLimited(file: string, limit: number): Promise<Uint8Array> {
	// What cannot be looked at cannot be read: one error says so.
	const found = await stat(file).catch(() => undefined);
	if (!found?.isFile()) {
		throw new AppError(`There is no ${file}.`, {
			code: 'measurements-missing',
			exitCode: exitCodes.preflight,
			next: ['Name the measurements file; its signature lies beside it with .sig at the end.'],
			details: {file},
		});
	}
	if (found.size <= limit) return readFile(file);
	throw new AppError(`${file} is not taken: it is larger than ${limit} bytes.`, {
		code: 'download-refused',
		exitCode: exitCodes.refused,
		details: {file},
	});
}
