import {mkdir, open, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {missing} from '../../missing.ts';

/**
 * A mark on the disk while a cluster is being made. A node that finds it at its start stopped half way: what it had begun cannot be
 * trusted to be complete, so it asks to be replaced.
 */
export const unfinishedInit = (folder: string) => {
	const path = join(folder, 'init-unfinished');
	return {
		async isMarked(): Promise<boolean> {
			return (await stat(path).catch(missing)) !== undefined;
		},
		async mark(): Promise<void> {
			await mkdir(folder, {recursive: true, mode: 0o700});
			const file = await open(path, 'w', 0o600);
			await file.sync();
			await file.close();
		},
		clear: () => rm(path, {force: true}),
	};
};
