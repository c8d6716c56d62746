import path from 'node:path';
import {AppError, exitCodes} from '../errors.ts';
import {exists, fileNames, readText, type Workspace, writeFileSafely} from './files.ts';

const markers = ['terraform', 'src/cli.ts', 'proto'];

/** The root of the tool's own source checkout around `folder`, if it stands in one. */
async function toolCheckout(folder: string): Promise<string | undefined> {
	for (let current = folder; ; current = path.dirname(current)) {
		const text = await readText(path.join(current, 'package.json'), 1024 * 1024).catch(
			() => undefined /* Unreadable: not ours. */,
		);
		const found = text?.includes('"name": "constellation"') === true;
		if (found && (await Promise.all(markers.map(name => exists(path.join(current, name))))).every(Boolean)) return current;
		if (path.dirname(current) === current) return undefined;
	}
}

/** Refuses the tool's own checkout and the folders that belong to it: a cluster's secrets must not lie among sources. */
export async function refuseCheckout(workspace: Workspace): Promise<void> {
	const root = await toolCheckout(workspace.folder);
	if (root === undefined) return;
	const top = path.relative(root, workspace.folder).split(path.sep)[0] ?? '';
	const own = ['', 'src', 'components', 'proto', 'terraform', 'test', 'docs', 'scripts', 'dist', 'node_modules', '.git', '.ci'];
	if (!own.includes(top)) return;
	throw new AppError(`${workspace.folder} is the tool's own checkout, not a place for a cluster.`, {
		code: 'tool-checkout',
		exitCode: exitCodes.preflight,
		next: ['Choose another folder: -C DIR, for example -C ~/clusters/demo'],
		details: {folder: workspace.folder},
	});
}

/** What git must never see; patterns for a .gitignore in the workspace folder. */
const ignoreRules = [
	`/${fileNames.id}`,
	`/${fileNames.masterSecret.replace('.json', '*.json')}`,
	`/${fileNames.kubeconfig}`,
	`/${fileNames.terraform}/`,
	`/${fileNames.clusterLog}`,
	`/${fileNames.own}/`,
];

export type GitReport = {
	/** Root of the git tree around the workspace. */
	root: string;
	/** Whether a .gitignore in the workspace keeps the secret files out. */
	ignored: boolean;
};

/** The git tree that a workspace lies in, if it lies in one. */
export async function gitReport(workspace: Workspace): Promise<GitReport | undefined> {
	for (let current = workspace.folder; ; current = path.dirname(current)) {
		if (await exists(path.join(current, '.git'))) {
			const rules = ((await readText(path.join(workspace.folder, '.gitignore'))) ?? '').split('\n');
			return {root: current, ignored: rules.includes('*') || ignoreRules.every(rule => rules.includes(rule))};
		}
		if (path.dirname(current) === current) return undefined;
	}
}

/** Adds what is missing to the .gitignore of the workspace. */
export async function addIgnoreRules(workspace: Workspace): Promise<void> {
	const file = path.join(workspace.folder, '.gitignore');
	const text = (await readText(file)) ?? '';
	const missing = ignoreRules.filter(rule => !text.split('\n').includes(rule));
	if (missing.length === 0) return;
	const gap = text === '' || text.endsWith('\n') ? '' : '\n';
	await writeFileSafely(
		file,
		`${text}${gap}# Secrets and state of the Constellation cluster in this folder\n${missing.join('\n')}\n`,
	);
}
