import {AppError, exitCodes} from '../errors.ts';
import {imageSources} from '../flows/system.ts';
import {dataHome} from '../releases/data-home.ts';
import {checkImage, listImages} from '../releases/image.ts';
import {makeImage} from '../releases/make-image.ts';
import {type CommandModule, textFlag} from './types.ts';

export const list: CommandModule = async ({env}) => {
	const images = await listImages(dataHome(env));
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
	const image = await makeImage({version: textFlag(input, 'version') ?? '', from: imageSources(), dataHome: dataHome(env)});
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
	const home = dataHome(env);
	const versions = argument === undefined ? (await listImages(home)).map(({version}) => version) : [argument];
	if (versions.length === 0) {
		throw new AppError('There is no image on this machine to check.', {
			code: 'image-missing',
			exitCode: exitCodes.preflight,
			next: ['constellation image make --version v1.2.3   makes one'],
		});
	}
	const results = await Promise.all(
		versions.map(async version => ({version, checks: (await checkImage({version, dataHome: home})).checks})),
	);
	const broken = results.flatMap(({version, checks}) => checks.filter(({ok}) => !ok).map(each => ({version, ...each})));
	if (broken.length > 0) {
		throw new AppError('Images differ from what was signed; nodes started from them would be refused.', {
			code: 'image-changed',
			exitCode: exitCodes.refused,
			problems: broken.map(({version, what, expected, actual}) => ({
				path: `${version} ${what}`,
				message: `expected ${expected}, got ${actual}`,
				fix: `Remove the image folder of ${version}; it is made anew from the tool.`,
			})),
			next: ['constellation image list   shows the images on this machine'],
		});
	}
	return {
		command: 'image check',
		data: {images: results},
		lines: results.map(({version, checks}) => `${version.padEnd(12)} ${checks.length} checks passed`),
	};
};
