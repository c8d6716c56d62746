import {readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import {AppError, exitCodes} from '../errors.ts';
import {releaseKeyFolder} from '../releases/data-home.ts';
import {checkImage, listImages} from '../releases/image.ts';
import {count} from '../text.ts';
import {onMirror} from '../trust/measurements/release-path.ts';
import {fingerprintOf, releaseSigner, type Signer} from '../trust/measurements/signer.ts';
import {checkMirror, type ReadMirror} from '../trust/mirror/check.ts';
import {publishMirror} from '../trust/mirror/publish.ts';
import {bodyOf} from '../trust/net/get.ts';
import {machineSigner, ownSigners, type TrustWorld} from './trust-world.ts';

/** Publishes the images of this machine, each compared with its files first. Throws AppError `image-missing`, `image-changed`. */
export async function publishReleases(
	folder: string,
	{dataHome}: TrustWorld,
): Promise<{files: string[]; versions: string[]; key: string; keyFile: string}> {
	const names = (await listImages(dataHome)).filter(({problem}) => problem === undefined);
	if (names.length === 0) {
		throw new AppError('There is no image on this machine to publish.', {
			code: 'image-missing',
			exitCode: exitCodes.preflight,
			next: ['constellation image make --version v1.2.3   makes one'],
		});
	}
	const found = await Promise.all(names.map(({version}) => checkImage({version, dataHome})));
	const broken = found.filter(({checks}) => checks.some(({ok}) => !ok)).map(({image}) => image.version);
	if (broken.length > 0) {
		throw new AppError(`Images are not what was signed: ${broken.join(', ')}; nothing was published.`, {
			code: 'image-changed',
			exitCode: exitCodes.refused,
			next: ['constellation image check   tells what changed'],
		});
	}
	const published = await publishMirror(
		path.resolve(folder),
		found.map(({image}) => image),
	);
	const [first] = found;
	const key = fingerprintOf(first?.image.releaseKey ?? new Uint8Array());
	return {...published, key, keyFile: path.join(releaseKeyFolder(dataHome), 'public.pem')};
}

/** Looks at everything that a mirror offers, in a folder or at an address. Throws AppError `mirror-refused` (exit 5). */
export async function checkReleases(
	place: string,
	world: TrustWorld,
	keyFile?: string,
): Promise<{versions: string[]; keys: string[]}> {
	const own = await ownSigners({}, keyFile);
	const machine = await machineSigner(world.dataHome);
	const signers: Signer[] = own.length > 0 ? own : [releaseSigner, ...(machine ? [machine] : [])];
	const {versions, problems} = await checkMirror(await readerOf(place, world), signers);
	const keys = signers.map(({key}) => fingerprintOf(key));
	if (problems.length === 0) return {versions, keys};
	throw new AppError(`The mirror ${place} is not in order: ${count(problems.length, 'problem')}.`, {
		code: 'mirror-refused',
		exitCode: exitCodes.refused,
		problems,
		next: ['Publish again from the machine that has the images; name its public key with --key FILE.'],
		details: {versions, keys},
	});
}

async function readerOf(place: string, {get}: TrustWorld): Promise<ReadMirror> {
	if (/^[a-z][a-z0-9+.-]*:\/\//i.test(place)) {
		return async (file, limit) => {
			const answer = await get(onMirror(place, file), {limit, redirects: 'https'});
			return answer.status === 404 ? undefined : bodyOf(answer);
		};
	}
	// A folder that cannot be looked at is as good as none.
	if (!(await stat(place).catch(() => undefined))?.isDirectory()) {
		throw new AppError(`There is no folder ${place} to look into.`, {
			code: 'mirror-missing',
			exitCode: exitCodes.preflight,
			next: ['constellation releases publish DIR   writes one', 'For a mirror on the network, give its address: https://…'],
		});
	}
	return async (file, limit) => {
		// As with a server: what is not given out is not there.
		const full = path.join(path.resolve(place), file);
		const found = await stat(full).catch(() => undefined);
		if (!found?.isFile()) return undefined;
		if (found.size <= limit) return readFile(full);
		throw new AppError(`${full} is not taken: it is larger than ${limit} bytes.`, {
			code: 'download-refused',
			exitCode: exitCodes.refused,
		});
	};
}
