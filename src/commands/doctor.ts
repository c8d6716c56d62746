import path from 'node:path';
import {collectBundle, saveBundle} from '../flows/doctor.ts';
import {openWorkspace} from '../flows/session.ts';
import {preflightWith} from '../flows/system.ts';
import {canAsk} from './consent.ts';
import {type CommandContext, type CommandModule, textFlag} from './types.ts';

export const doctor: CommandModule = async (context, input) => {
	const file = textFlag(input, 'bundle');
	if (file !== undefined) return writeBundle(context, path.resolve(file));
	const install = input.flags['install-opentofu'] === true;
	const mayDownload = async ({version, url, sha256}: {version: string; url: string; sha256: string}) => {
		if (install) return true;
		if (!canAsk(context) || context.output.kind === 'ink') return false;
		const {agreeInLines} = await import('../output/prompts.ts');
		const question = `Download OpenTofu ${version} from ${url} (SHA-256 ${sha256})?`;
		return (await agreeInLines(question, context.surroundings, false)) === true;
	};
	await context.output.run('Checking', signal => preflightWith({folder: context.folder, env: context.env, mayDownload, signal}), {
		expected: ['preflight'],
	});
	return {command: 'doctor', data: {}, lines: ['Everything that a local cluster needs is there.']};
};

async function writeBundle(context: CommandContext, file: string) {
	const deps = await openWorkspace(context);
	const bundle = await context.output.run('Collecting', () => collectBundle(deps), {expected: []});
	await saveBundle(bundle, file);
	return {
		command: 'doctor',
		data: {file},
		lines: [`${file} is written. It holds no secrets that we know of; read it before you hand it on.`],
	};
}
