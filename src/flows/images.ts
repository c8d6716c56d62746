import {AppError, exitCodes} from '../errors.ts';
import {dataHome} from '../releases/data-home.ts';
import {checkImage, type Image, type ImageCheck, listImages} from '../releases/image.ts';
import {makeImage} from '../releases/make-image.ts';
import {imageSources} from './system.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type ListedImage = Awaited<ReturnType<typeof listImages>>[number];

/** The images on this machine, newest first. */
export function imagesOn(env: Environment): Promise<ListedImage[]> {
	return listImages(dataHome(env));
}

/** Makes an image of this version from the node program of the tool. */
export function imageFromTool(env: Environment, version: string): Promise<Image> {
	return makeImage({version, from: imageSources(), dataHome: dataHome(env)});
}

/** Compares one image, or all, with what was signed. Throws AppError `image-missing`, `image-changed` (exit 5). */
export async function checkImages(env: Environment, only?: string): Promise<{version: string; checks: ImageCheck[]}[]> {
	const home = dataHome(env);
	const versions = only === undefined ? (await listImages(home)).map(({version}) => version) : [only];
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
	if (broken.length === 0) return results;
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
