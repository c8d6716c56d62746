import {randomBytes} from 'node:crypto';
import {closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';

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
export const writeJson = (path: string, value: unknown): void => {
	const next = writeNext(path, value);
	try {
		renameSync(next, path);
	} catch (error) {
		rmSync(next, {force: true});
		throw error;
	}
};

/** Makes the file with its whole content at once; false when it exists already. */
export const createJson = (path: string, value: unknown): boolean => {
	const next = writeNext(path, value);
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

const writeNext = (path: string, value: unknown): string => {
	const next = `${path}.${randomBytes(6).toString('hex')}`;
	const file = openSync(next, 'wx', 0o600);
	try {
		writeFileSync(file, `${JSON.stringify(value, undefined, '\t')}\n`);
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
	return next;
};
