import {checkImages, imageFromTool, imagesOn} from '../flows/images.ts';
import {type CommandModule, textFlag} from './types.ts';

export const list: CommandModule = async ({env}) => {
	const images = await imagesOn(env);
	return {
		command: 'image list',
		data: {images},
		lines:
			images.length === 0
				? ['There is no image yet; apply makes the one of this tool.']
				: images.map(
						({version, created, problem}) => `${version.padEnd(12)} ${problem ?? `made ${created ?? 'at an unknown time'}`}`,
					),
	};
};

export const make: CommandModule = async ({env}, input) => {
	const image = await imageFromTool(env, textFlag(input, 'version') ?? '');
	const registers = [...image.registers].map(([register, {expected}]) => ({
		register,
		expected: Buffer.from(expected).toString('hex'),
	}));
	return {
		command: 'image make',
		data: {version: image.version, folder: image.folder, registers},
		lines: [
			`Image ${image.version} is made and signed, in ${image.folder}.`,
			...registers.map(({register, expected}) => `  ${String(register).padStart(2)}  ${expected}`),
		],
	};
};

export const check: CommandModule = async ({env}, {argument}) => {
	const images = await checkImages(env, argument);
	return {
		command: 'image check',
		data: {images},
		lines: images.map(({version, checks}) => `${version.padEnd(12)} ${checks.length} checks passed`),
	};
};
