import {execFile, execFileSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import type {ClientIdentity, TestServer} from './api-server.ts';

/** Whether this computer has a kubectl; without one, tests with it say that they were skipped. */
export const hasKubectl = (() => {
	try {
		execFileSync('kubectl', ['version', '--client'], {stdio: 'ignore'});
		return true;
	} catch {
		return false;
	}
})();

type Options = {input?: unknown; editor?: string};

/** kubectl as one user of a test server. Arguments are split at blanks; `input` is sent as JSON on standard input. */
export async function kubectlOf(server: TestServer, identity: ClientIdentity = server.admin) {
	const kubeconfig = await server.kubeconfig(identity);
	// kubectl keeps what it discovered in the home folder, and users discover different things.
	const home = join(server.folder, `home-of-${kubeconfig.slice(-8)}`);
	mkdirSync(home);
	const run = (args: string, {input, editor}: Options = {}) =>
		new Promise<{code: number; stdout: string; stderr: string}>(resolve => {
			const env = {KUBECONFIG: kubeconfig, HOME: home, PATH: process.env['PATH'] ?? '', ...(editor && {KUBE_EDITOR: editor})};
			const child = execFile('kubectl', args.split(' '), {env, timeout: 60_000}, (error, stdout, stderr) => {
				resolve({code: error ? Number(error.code ?? -1) : 0, stdout, stderr});
			});
			child.stdin?.end(input === undefined ? '' : JSON.stringify(input));
		});
	return {
		/** Expects success; gives standard output. */
		ok: async (t: ExecutionContext, args: string, options?: Options): Promise<string> => {
			const {code, stdout, stderr} = await run(args, options);
			t.is(code, 0, `kubectl ${args}: ${stderr}`);
			return stdout;
		},
		/** Expects failure; gives standard error. */
		fails: async (t: ExecutionContext, args: string, options?: Options): Promise<string> => {
			const {code, stdout, stderr} = await run(args, options);
			t.not(code, 0, `kubectl ${args}: ${stdout}`);
			return stderr;
		},
	};
}
