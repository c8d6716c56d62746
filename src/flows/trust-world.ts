import {readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {fromBase64} from '../attestation/bytes.ts';
import type {TrustSettings} from '../config/trust.ts';
import {AppError, exitCodes} from '../errors.ts';
import {dataHome as dataHomeOf, releaseKeyFolder} from '../releases/data-home.ts';
import {loadImage} from '../releases/image.ts';
import {type TrustStore, trustFolder, trustStore} from '../trust/bundle/store.ts';
import type {Anchors} from '../trust/bundle/verdict.ts';
import {type ReleasePath, releaseText} from '../trust/measurements/release-path.ts';
import {pinnedSignerOf, type Signer, signerFromPem} from '../trust/measurements/signer.ts';
import type {MeasurementDeps} from '../trust/measurements/source.ts';
import {type Get, httpsGet} from '../trust/net/get.ts';
import {type Log, publicLog} from '../trust/transparency/log-key.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What trust needs of the world: the network, the user's folder of checked parts, the images on this machine, a clock. */
export type TrustWorld = MeasurementDeps & {get: Get; store: TrustStore; dataHome: string; now: () => number};

/** The real one. Nothing is asked before a flow asks. */
export function trustWorld(env: Environment, signal?: AbortSignal): TrustWorld {
	const dataHome = dataHomeOf(env);
	const store = trustStore(trustFolder(dataHome));
	return {
		get: httpsGet({env, ...(signal && {signal})}),
		store,
		dataHome,
		now: Date.now,
		async kept(image) {
			const part = await store.read('measurements', releaseText(image));
			const [content, signature, entry] = part?.blobs ?? [];
			if (content === undefined || signature === undefined) return undefined;
			return {content, signature, source: 'what was imported or fetched before', ...(entry && {entry})};
		},
		async localImage(version) {
			const {measurements, signature, folder, releaseKey} = await loadImage({version, dataHome});
			const signer = {name: ownKeyName, key: releaseKey, pinned: false};
			return {content: measurements, signature, source: folder, signer};
		},
	};
}

export const ownKeyName = 'release key of this machine';

/** Keys of the user's own: those of the config, and one in a PEM file. Empty where there are none. */
export async function ownSigners({keys = []}: TrustSettings, file?: string): Promise<Signer[]> {
	const named = keys.map((key, index) => ({name: `key ${index + 1} of the config`, key: fromBase64(key, 'key'), pinned: false}));
	return file === undefined ? named : [signerFromPem(await readKey(file), `key in ${file}`)];
}

const maxKeyFile = 64 * 1024;

async function readKey(file: string): Promise<string> {
	// What cannot be looked at cannot be read: one error says so.
	const found = await stat(file).catch(() => undefined);
	if (found?.isFile() && found.size <= maxKeyFile) return readFile(file, 'utf8');
	throw new AppError(
		`There is no key in ${file}: ${found === undefined ? 'there is no such file' : 'it is no file, or a large one'}.`,
		{
			code: 'signer-key-unusable',
			exitCode: exitCodes.usage,
			next: ['Give the file that cosign calls cosign.pub, or release-key/public.pem of the machine that published.'],
		},
	);
}

/** The key that signs images on this machine; undefined where none was made. */
export async function machineSigner(dataHome: string): Promise<Signer | undefined> {
	// A key that cannot be read is none: what it signed is refused, with the keys that are trusted named.
	const pem = await readFile(join(releaseKeyFolder(dataHome), 'public.pem'), 'utf8').catch(() => undefined);
	return pem === undefined ? undefined : signerFromPem(pem, ownKeyName);
}

export function logOf({log}: TrustSettings): Log {
	return log === undefined ? publicLog : {name: log.name, url: log.url, key: fromBase64(log.key, 'key')};
}

/** What parts of a bundle are checked against: pinned keys, keys of the config, and the one of this machine. */
export async function anchorsOf(
	world: Pick<TrustWorld, 'dataHome' | 'now'>,
	trust: TrustSettings,
	keyFile?: string,
): Promise<Anchors> {
	const [own, machine] = [await ownSigners(trust, keyFile), await machineSigner(world.dataHome)];
	const signersOf = (image: ReleasePath): Signer[] => [pinnedSignerOf(image), ...own, ...(machine ? [machine] : [])];
	return {now: world.now(), signersOf, log: logOf(trust)};
}
