import {resolve} from 'node:path';
import process from 'node:process';

const root = resolve(import.meta.dirname, '..', '..');

/**
 * Program and arguments of the tool. `npm test` has just built it and says so; a single file of tests takes the sources, which start slower
 * and are never older than what is tested.
 */
export const tool: readonly string[] =
	process.env['TEST_THE_BUILD'] === '1'
		? [process.execPath, resolve(root, 'dist', 'cli.mjs')]
		: [
				process.execPath,
				'--disable-warning=ExperimentalWarning',
				`--import=${resolve(root, 'scripts', 'tsx.mjs')}`,
				resolve(root, 'test', 'helpers', 'from-sources.ts'),
			];

/** What a program started by a test finds compiled already; empty where nothing keeps it. */
export const compiled: Readonly<Record<string, string>> =
	process.env['NODE_COMPILE_CACHE'] === undefined ? {} : {NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE']};
