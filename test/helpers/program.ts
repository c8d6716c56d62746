import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';
import {type Pty, type PtyOptions, startPty} from './pty.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The real screens of a program in test/fixtures/programs on a pseudo-terminal; killed when the test ends. */
export const opensProgram =
	(name: string) =>
	(t: ExecutionContext, args: readonly string[], {env = {}, ...options}: Partial<PtyOptions> = {}): Pty => {
		const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
		const node = [process.execPath, '--import=./scripts/tsx.mjs', '--disable-warning=ExperimentalWarning'];
		// The terminal says itself what it is; `/usr/bin/env` says otherwise.
		const command = ['/usr/bin/env', ...variables, ...node, `test/fixtures/programs/${name}.ts`, ...args];
		const pty = startPty({command, cwd: root, ...options});
		t.teardown(() => {
			pty.kill('SIGKILL');
		});
		return pty;
	};
