import path from 'node:path';
import {AppError, exitCodes} from '../errors.ts';
import {planKubeconfigMerge, writeKubeconfigMerge} from '../flows/kubeconfig.ts';
import {workspaceOf} from '../flows/session.ts';
import {agree} from './consent.ts';
import {type CommandContext, type CommandModule, textFlag} from './types.ts';

/** `kubeconfig merge`: reads the workspace, changes the person's own file only. */
export const merge: CommandModule = async (context, input) => {
	const target = textFlag(input, 'to') ?? homeFile(context);
	const planned = await planKubeconfigMerge(workspaceOf(context.folder), target);
	const {file, context: name, changes} = planned;
	if (changes) {
		await agree(context, `Add ${name} to ${file} and make it the current context?`);
		await writeKubeconfigMerge(planned);
	}
	return {
		command: 'kubeconfig merge',
		data: {file, context: name, changed: changes},
		lines: [
			changes ? `${file} has the context ${name}; it is the current one.` : `${file} has the context ${name} already.`,
			'It holds the administrator’s key now: keep the file to yourself.',
		],
	};
};

function homeFile({env}: CommandContext): string {
	const home = env['HOME'] ?? '';
	if (path.isAbsolute(home)) return path.join(home, '.kube', 'config');
	throw new AppError('HOME does not say where your kubeconfig is.', {
		code: 'usage',
		exitCode: exitCodes.usage,
		next: ['Name the file: --to FILE'],
	});
}
