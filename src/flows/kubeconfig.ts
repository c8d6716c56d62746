import {lstat, realpath} from 'node:fs/promises';
import path from 'node:path';
import {AppError, exitCodes} from '../errors.ts';
import {mergeKubeconfig, parseKubeconfig} from '../kubernetes/kubeconfig.ts';
import {readText, type Workspace, writeFileSafely} from '../workspace/files.ts';
import {kubeconfigMissing} from './cluster.ts';

/** A merge that was worked out; nothing is written yet. */
export type KubeconfigMerge = {
	/** The file that gets it, links followed. */
	file: string;
	text: string;
	context: string;
	/** Whether anything would change. */
	changes: boolean;
};

/**
 * Adds the cluster of a workspace, of this tool or of the original, to a kubeconfig and makes its context the current one. Throws
 * AppError `kubeconfig-missing`, `kubeconfig-invalid`, `kubeconfig-place`.
 */
export async function planKubeconfigMerge(workspace: Workspace, target: string): Promise<KubeconfigMerge> {
	const admin = await readText(workspace.path('kubeconfig'));
	if (admin === undefined) throw await kubeconfigMissing(workspace);
	const {context} = parseKubeconfig(admin);
	// A linked file stays a link.
	const file = (await lstat(target).catch(() => undefined))?.isSymbolicLink() ? await realpath(target) : path.resolve(target);
	if (await isInside(workspace.folder, file)) throw inside(file);
	const home = await readText(file);
	const text = mergeKubeconfig(home, admin, path.dirname(file));
	return {file, text, context, changes: text !== home};
}

export const writeKubeconfigMerge = ({file, text}: KubeconfigMerge): Promise<void> => writeFileSafely(file, text);

async function isInside(folder: string, file: string): Promise<boolean> {
	const real = async (place: string) => realpath(place).catch(() => place);
	const relative = path.relative(await real(folder), path.join(await real(path.dirname(file)), path.basename(file)));
	const [top = '', ...deeper] = relative.split(path.sep);
	// A home folder may well be a workspace: what else lies in it is no part of the cluster.
	return top !== '..' && (deeper.length === 0 || /^\.?constellation\b/.test(top));
}

function inside(file: string): AppError {
	return new AppError(`${file} lies in the workspace itself.`, {
		code: 'kubeconfig-place',
		exitCode: exitCodes.usage,
		next: ['Name your own kubeconfig with --to FILE; without it ~/.kube/config is meant.'],
		details: {file},
	});
}
