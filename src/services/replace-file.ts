import {open, rename, rm} from 'node:fs/promises';
import {dirname} from 'node:path';

/** Puts `content` in the place of the file at `path` (mode 0600): whole or not at all, and on the disk when it resolves. */
export const replaceFile = async (path: string, content: Uint8Array | string): Promise<void> => {
	const next = `${path}.next`;
	await rm(next, {force: true});
	const file = await open(next, 'wx', 0o600);
	try {
		await file.writeFile(content);
		await file.sync();
	} finally {
		await file.close();
	}
	await rename(next, path);
	// The name is only safe once its folder is on the disk too.
	const folder = await open(dirname(path), 'r');
	try {
		await folder.sync();
	} finally {
		await folder.close();
	}
};
