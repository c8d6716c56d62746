import path from 'node:path';
import type {Dependencies} from '../flows/dependencies.ts';
import {systemDependencies} from '../flows/system.ts';
import {prepareFolder, workspaceAt} from '../workspace/files.ts';
import {refuseCheckout} from '../workspace/folder.ts';
import {lockWorkspace} from '../workspace/lock.ts';
import {readStamp} from '../workspace/stamp.ts';
import type {CommandContext} from './types.ts';

/** How a command has to name the workspace, for lines that tell what to type next. */
export function atFolder(folder: string): {workspace?: string} {
	const relative = path.relative(process.cwd(), folder);
	return relative === '' ? {} : {workspace: relative.startsWith('..') ? folder : relative};
}

type Place = Pick<CommandContext, 'folder' | 'env'>;

/** For commands that only look: the workspace may not be of a newer tool, that is all. */
export async function openWorkspace({folder, env}: Place): Promise<Dependencies> {
	await readStamp(workspaceAt(folder));
	return systemDependencies({folder, env});
}

/** For commands that change something: one at a time in a workspace, and never in the tool's own checkout. */
export async function withLock<R>(place: Place, command: string, body: (deps: Dependencies) => Promise<R>): Promise<R> {
	const workspace = workspaceAt(place.folder);
	await refuseCheckout(workspace);
	await readStamp(workspace);
	await prepareFolder(workspace);
	const release = await lockWorkspace(workspace, `constellation ${command}`, new Date());
	try {
		return await body(await systemDependencies({folder: place.folder, env: place.env}));
	} finally {
		await release();
	}
}
