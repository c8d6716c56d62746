import {readFileSync} from 'node:fs';

declare const __VERSION__: string | undefined;

/** The version of the tool, without a leading v. Bundles carry it as a constant. */
export const version: string =
	typeof __VERSION__ === 'string'
		? __VERSION__
		: (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {version: string}).version;
