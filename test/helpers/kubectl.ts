import {execFile, spawn} from 'node:child_process';
import {accessSync, constants, mkdirSync} from 'node:fs';
import {delimiter, join} from 'node:path';

export type Kubectl = (
	args: string,
	options?: {input?: string; editor?: string},
) => Promise<{code: number; stdout: string; stderr: string}>;

/** The kubectl of this computer, if there is one: tests with real clients are skipped where it is missing. */
export const kubectlPath = (process.env['PATH'] ?? '')
	.split(delimiter)
	.map(folder => join(folder, 'kubectl'))
	.find(path => {
		try {
			accessSync(path, constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});

const environment = (kubeconfig: string, folder: string, editor?: string) => {
	// kubectl keeps what it discovered in the home folder.
	mkdirSync(folder, {recursive: true});
	const path = process.env['PATH'] ?? '';
	return {KUBECONFIG: kubeconfig, HOME: folder, PATH: path, ...(editor !== undefined && {KUBE_EDITOR: editor})};
};

/** Runs kubectl with arguments split at blanks (`_` stands for a blank inside an argument) and gives what it printed. */
export function kubectl(kubeconfig: string, folder: string): Kubectl {
	return (args, {input = '', editor} = {}) =>
		new Promise(resolve => {
			const child = execFile(
				kubectlPath ?? 'kubectl',
				args.split(' ').map(part => part.replaceAll('_', ' ')),
				{env: environment(kubeconfig, folder, editor), timeout: 60_000},
				(error, stdout, stderr) => resolve({code: error ? Number(error.code ?? 1) : 0, stdout, stderr}),
			);
			child.stdin?.end(input);
		});
}

/** Runs kubectl until `until` occurs in what it printed, then ends it; gives everything printed. */
export async function kubectlUntil(kubeconfig: string, folder: string, args: string[], until: RegExp): Promise<string> {
	const child = spawn(kubectlPath ?? 'kubectl', args, {env: environment(kubeconfig, folder), stdio: ['ignore', 'pipe', 'pipe']});
	let printed = '';
	const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text: string) => {
			printed += text;
			if (until.test(printed)) child.kill();
		});
	}
	await ended;
	return printed;
}
