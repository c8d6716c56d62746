import {chmodSync, copyFileSync, linkSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';

/** A user of this computer who is not us. */
export const nobody = {uid: 65_534, gid: 65_534} as const;

/** The runtime of the tests where every user may start it: the checkout may lie in a folder that only we can enter. */
export function openRuntime(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'runtime-'));
	t.teardown(() => {
		rmSync(folder, {recursive: true, force: true});
	});
	chmodSync(folder, 0o755);
	const runtime = join(folder, 'node');
	try {
		linkSync(process.execPath, runtime);
	} catch {
		copyFileSync(process.execPath, runtime); // Another file system, or one without links.
	}
	chmodSync(runtime, 0o755);
	return runtime;
}
