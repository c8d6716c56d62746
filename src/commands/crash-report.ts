import {randomBytes} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {version} from '../version.ts';

/** How errors are told in a report: message, stack and causes; never the properties of an error, which may hold anything. */
function describe(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`;
	return `${error.stack ?? error.message}${cause}`;
}

/** Writes a report of a bug, mode 0600, and returns its path; a sentence instead of a path where that fails. */
export function crashReporter(): (error: unknown) => string {
	return error => {
		const file = path.join(tmpdir(), `constellation-crash-${randomBytes(6).toString('hex')}.txt`);
		const text = `constellation ${version}, node ${process.version}, ${process.platform} ${process.arch}\n${describe(error)}\n`;
		try {
			writeFileSync(file, text, {mode: 0o600, flag: 'wx'});
			return file;
		} catch {
			return 'no file: it could not be written'; // The bug itself is what has to be told.
		}
	};
}
