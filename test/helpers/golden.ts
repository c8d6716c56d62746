import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';

/** Compares with test/fixtures/golden/<name>; `UPDATE_GOLDEN=1` accepts what there is now. Read the diff before committing it. */
export function golden(t: ExecutionContext, name: string, text: string): void {
	const file = fileURLToPath(new URL(`../fixtures/golden/${name}`, import.meta.url));
	if (process.env['UPDATE_GOLDEN'] === '1') {
		mkdirSync(dirname(file), {recursive: true});
		writeFileSync(file, text);
	}
	t.is(text, existsSync(file) ? readFileSync(file, 'utf8') : `no golden file ${name}; UPDATE_GOLDEN=1 makes it`);
}
