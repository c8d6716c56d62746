import {renameSync, rmSync} from 'node:fs';
import {isAlive, isProcessRecord, type ProcessRecord, recordOf} from '../../process.ts';
import {createJson, isCode, readJson} from './files.ts';

/**
 * Makes `path` name this process as the one that holds it. Returns the living holder instead when there is one; the claim of a dead
 * process is replaced. Two that find the same dead claim cannot both win: who moves it away checks that it moved what it judged.
 */
export const claim = (path: string, more: Readonly<Record<string, unknown>> = {}): ProcessRecord | undefined => {
	const own = recordOf(process.pid);
	if (own === undefined) throw new Error('this process cannot find its own record');
	for (;;) {
		if (createJson(path, {...own, ...more})) return undefined;
		const found = readJson(path);
		if (isProcessRecord(found) && isAlive(found)) return found;
		const aside = `${path}.stale-${own.pid}`;
		try {
			renameSync(path, aside);
		} catch (error) {
			if (isCode(error, 'ENOENT')) continue;
			throw error;
		}
		const moved = readJson(aside);
		// Somebody replaced the dead claim between our look and our move: give it back and look again.
		if (isProcessRecord(moved) && isAlive(moved)) createJson(path, moved);
		rmSync(aside, {force: true});
	}
};

/** The living process that holds `path`. */
export const holderOf = (path: string): ProcessRecord | undefined => {
	const found = readJson(path);
	return isProcessRecord(found) && isAlive(found) ? found : undefined;
};

/** Gives the claim back, if it is this process's own. */
export const release = (path: string): void => {
	const found = readJson(path);
	if (isProcessRecord(found) && found.pid === process.pid) rmSync(path, {force: true});
};
