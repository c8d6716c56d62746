import {arch, cpus, platform, release, totalmem} from 'node:os';
import {AppError, exitCodes} from '../errors.ts';
import type {Flow} from '../events.ts';
import {redacted} from '../redact.ts';
import {version as toolVersion} from '../version.ts';
import {exists, fileNames, readText, type WorkspaceFile, writeFileOnce} from '../workspace/files.ts';
import {readIds} from '../workspace/id-file.ts';
import {workspaceState} from './cluster.ts';
import type {Dependencies} from './dependencies.ts';

/** Facts for a bug report. No secret is in it: of files only names, and of texts only what the product wrote itself. */
export type Bundle = {
	v: 1;
	made: string;
	tool: {version: string; node: string};
	system: {platform: string; release: string; arch: string; cpus: number; memoryMb: number};
	workspace: {state: string; files: string[]; config: string[]; journal: unknown[]};
	machines: {name: string; state: string; role: string; log: string[]}[];
};

const files: readonly WorkspaceFile[] = ['config', 'id', 'masterSecret', 'kubeconfig', 'terraform', 'journal', 'stamp'];

/** Collects what helps to find a fault. */
export async function* collectBundle(deps: Dependencies): Flow<Bundle> {
	const {workspace, provider, journal, now} = deps;
	yield {type: 'waiting', message: 'facts about this machine and the workspace', at: now()};
	const present = await Promise.all(files.map(async file => ((await exists(workspace.path(file))) ? [fileNames[file]] : [])));
	const uid = (await readIds(workspace))?.uid;
	const machines = uid === undefined ? [] : ((await provider.machines(uid)) ?? []);
	return {
		v: 1,
		made: new Date(now()).toISOString(),
		tool: {version: toolVersion, node: process.version},
		system: {
			platform: platform(),
			release: release(),
			arch: arch(),
			cpus: cpus().length,
			memoryMb: Math.round(totalmem() / 1024 / 1024),
		},
		workspace: {
			state: await workspaceState(workspace),
			files: present.flat(),
			config: ((await readText(workspace.path('config'))) ?? '').split('\n').map(redacted),
			journal: [...journal.entries()],
		},
		machines: await Promise.all(
			machines.map(async ({name, state, role}) => ({
				name,
				state,
				role,
				log: uid === undefined ? [] : (await provider.bootLog(uid, name)).map(redacted),
			})),
		),
	};
}

/** Writes a bundle to a new file, mode 0600. Throws AppError `file-exists`. */
export async function saveBundle(bundle: Bundle, file: string): Promise<void> {
	if (await writeFileOnce(file, `${JSON.stringify(bundle, undefined, '\t')}\n`)) return;
	throw new AppError(`${file} exists already; it was not touched.`, {
		code: 'file-exists',
		exitCode: exitCodes.preflight,
		next: ['Name a file that does not exist yet.'],
	});
}
