import {prepareFolder, removeUnfinished, type Workspace, workspaceAt} from '../workspace/files.ts';
import {refuseCheckout} from '../workspace/folder.ts';
import {lockWorkspace} from '../workspace/lock.ts';
import {findOriginal} from '../workspace/original.ts';
import {readStamp} from '../workspace/stamp.ts';
import type {WorkspaceState} from '../workspace/state.ts';
import {requireSomething, workspaceState} from './cluster.ts';
import type {Dependencies} from './dependencies.ts';
import {refuseOriginal} from './original/open.ts';
import {namedSilence} from './silence.ts';
import {type SystemOptions, systemDependencies} from './system.ts';

export {fileNames} from '../workspace/files.ts';

/** Where the workspace in a folder stands. */
export const stateOfFolder = (folder: string): Promise<WorkspaceState> => workspaceState(workspaceAt(folder));

/** The workspace in a folder, which need not hold anything yet. */
export const workspaceOf = (folder: string): Workspace => workspaceAt(folder);

/** For commands that only look: the workspace may not be of a newer tool, nor of the original. */
export async function openWorkspace(place: SystemOptions): Promise<Dependencies> {
	await refuseOriginal(workspaceAt(place.folder));
	await readStamp(workspaceAt(place.folder));
	return systemDependencies(place);
}

/** As openWorkspace, for what works in a folder of the original too. */
export async function openAnyWorkspace(place: SystemOptions): Promise<Dependencies> {
	const workspace = workspaceAt(place.folder);
	if ((await findOriginal(workspace)) === undefined) await readStamp(workspace);
	return systemDependencies(place);
}

/**
 * For commands that change something: one at a time in a workspace, and never in the tool's own checkout. A silent Kubernetes API is
 * AppError `cluster-unreachable`, whichever request it was.
 */
export async function withLock<R>(place: SystemOptions, command: string, body: (deps: Dependencies) => Promise<R>): Promise<R> {
	const workspace = workspaceAt(place.folder);
	await refuseCheckout(workspace);
	await refuseOriginal(workspace);
	await readStamp(workspace);
	const removeEmpty = await prepareFolder(workspace);
	const release = await lockWorkspace(workspace, `constellation ${command}`, new Date());
	try {
		await removeUnfinished(workspace);
		return await body(await systemDependencies(place));
	} catch (error) {
		throw namedSilence(error);
	} finally {
		await release();
		await removeEmpty();
	}
}

/** As withLock, in a workspace that must hold something already: nothing is made in a folder that only was mistyped. */
export async function withExisting<R>(
	place: SystemOptions,
	command: string,
	body: (deps: Dependencies) => Promise<R>,
): Promise<R> {
	await refuseOriginal(workspaceAt(place.folder));
	await requireSomething(workspaceAt(place.folder));
	return withLock(place, command, body);
}
