import path from 'node:path';
import {checkReleases, publishReleases} from '../flows/releases.ts';
import {trustWorld} from '../flows/trust-world.ts';
import {type CommandModule, textFlag} from './types.ts';

export const publish: CommandModule = async ({env}, {argument = ''}) => {
	const {files, versions, key, keyFile} = await publishReleases(argument, trustWorld(env));
	const folder = path.relative(process.cwd(), path.resolve(argument)) || '.';
	return {
		command: 'releases publish',
		data: {folder: path.resolve(argument), files, versions, key, keyFile},
		lines: [
			`${folder} has the measurements of ${versions.join(', ')}.`,
			`Signed by the release key of this machine (${key}).`,
			'Serve the folder over https. Hand the public key to its users another way, not in the folder:',
			`  ${keyFile}`,
		],
	};
};

export const check: CommandModule = async ({env}, input) => {
	const place = input.argument ?? '';
	const {versions, keys} = await checkReleases(place, trustWorld(env), textFlag(input, 'key'));
	return {
		command: 'releases check',
		data: {place, versions, keys},
		lines: [`${place} is in order: ${versions.join(', ')}; lists, image infos and signatures hold.`],
	};
};
