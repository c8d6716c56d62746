import {randomBytes} from 'node:crypto';
import {closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {relative} from 'node:path';

const largestFile = 1024 * 1024;

/** The JSON in a file; undefined when there is none or it is not JSON. */
export const readJson = (path: string): unknown => {
	let text: string;
	try {
		text = readFileSync(path, 'utf8');
	} catch (error) {
		if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return undefined;
		throw error;
	}
	if (text.length > largestFile) return undefined;
	try {
		return JSON.parse(text);
	} catch {
		// Every file of ours is replaced as a whole, so this one is somebody else's; who reads it decides what that means.
		return undefined;
	}
};

/** Replaces the file as a whole, mode 0600: a reader sees the old or the new one. */
export const writeJson = (path: string, value: unknown): void => writeBytes(path, jsonText(value));

/** As writeJson, for what is no JSON. */
export const writeBytes = (path: string, content: string | Uint8Array): void => {
	const next = writeNext(path, content);
	try {
		renameSync(next, path);
	} catch (error) {
		rmSync(next, {force: true});
		throw error;
	}
};

/** Makes the file with its whole content at once; false when it exists already. */
export const createJson = (path: string, value: unknown): boolean => {
	const next = writeNext(path, jsonText(value));
	try {
		linkSync(next, path);
		return true;
	} catch (error) {
		if (isCode(error, 'EEXIST')) return false;
		throw error;
	} finally {
		rmSync(next, {force: true});
	}
};

export const isCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code;

/** Socket names are limited to about 100 bytes: of two names for the same place, the shorter one. */
export const shortPath = (path: string): string => {
	const near = relative(process.cwd(), path);
	return Buffer.byteLength(near) < Buffer.byteLength(path) ? near : path;
};

const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, '\t')}\n`;

const writeNext = (path: string, content: string | Uint8Array): string => {
	const next = `${path}.${randomBytes(6).toString('hex')}`;
	const file = openSync(next, 'wx', 0o600);
	try {
		writeFileSync(file, content);
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
	return next;
};
