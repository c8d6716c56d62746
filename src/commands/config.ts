import path from 'node:path';
import type {ConfigAnswers} from '../config/generate.ts';
import {checkConfigFile, createConfig} from '../flows/config-file.ts';
import {type CommandInput, type CommandModule, numberFlag, textFlag} from './types.ts';

/** What the flags of a new cluster say; what they do not say is left out. */
export function answersFrom(input: CommandInput): Partial<ConfigAnswers> {
	const kubernetes = textFlag(input, 'kubernetes');
	const given = {
		name: textFlag(input, 'name'),
		controlPlanes: numberFlag(input, 'control-planes'),
		workers: numberFlag(input, 'workers'),
		kubernetesVersion: kubernetes === undefined || kubernetes.startsWith('v') ? kubernetes : `v${kubernetes}`,
		image: textFlag(input, 'image'),
	};
	return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

export const generate: CommandModule = async ({folder}, input) => {
	const {file, config} = await createConfig(folder, answersFrom(input));
	return {
		command: 'config generate',
		data: {file, name: config.name, provider: 'local'},
		lines: [`${path.relative(process.cwd(), file)} is written.`, 'next   constellation apply   creates the cluster'],
	};
};

export const validate: CommandModule = async ({folder}) => {
	const {file, config, warnings} = await checkConfigFile(folder);
	return {
		command: 'config validate',
		data: {file, name: config.name, warnings},
		lines: [`${path.relative(process.cwd(), file)} is valid.`, ...warnings.map(warning => `warning: ${warning}`)],
	};
};
