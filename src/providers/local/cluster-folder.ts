import {createPrivateKey, createPublicKey} from 'node:crypto';
import {mkdir, readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {AppError, exitCodes} from '../../errors.ts';
import {generateKeys} from '../../keys/pki.ts';

/** Folder of the machine service of a cluster; `uid` is 8 lower-case hex digits. */
export const clusterFolder = (dataHome: string, uid: string): string => join(dataHome, 'clusters', uid);

/** The socket on which the machine service of a cluster answers. */
export const controlSocket = (dataHome: string, uid: string): string => join(clusterFolder(dataHome, uid), 'control.sock');

/** Uids of all clusters that have a folder. */
export const clusterUids = async (dataHome: string): Promise<string[]> => {
	const names = await readdir(join(dataHome, 'clusters')).catch(ifMissing([]));
	return names.filter(name => /^[0-9a-f]{8}$/.test(name)).toSorted();
};

/**
 * Makes the folder of a new cluster (0700) with its maker key (P-256, 0600), or reads what is there: the key that certifies the TPMs of
 * this cluster's machines. Gives its public half, SPKI DER. `workspace` is remembered so that leftovers can be told whose they are.
 */
export const prepareClusterFolder = async (dataHome: string, uid: string, workspace: string): Promise<Uint8Array> => {
	const folder = clusterFolder(dataHome, uid);
	const path = join(folder, 'maker.pem');
	await mkdir(folder, {recursive: true, mode: 0o700});
	const known = await readFile(path).catch(ifMissing(undefined));
	if (known === undefined) {
		const {privateKey} = generateKeys();
		await writeFileAtomic(path, Buffer.from(privateKey.reveal()), {mode: 0o600});
		await writeFileAtomic(join(folder, 'owner.json'), JSON.stringify({workspace, since: new Date().toISOString()}), {
			mode: 0o600,
		});
	}
	return readMakerKey(dataHome, uid);
};

/** The public half of a cluster's maker key, SPKI DER. Throws AppError `maker-key-missing`. */
export const readMakerKey = async (dataHome: string, uid: string): Promise<Uint8Array> => {
	const path = join(clusterFolder(dataHome, uid), 'maker.pem');
	try {
		return createPublicKey(createPrivateKey(await readFile(path))).export({type: 'spki', format: 'der'});
	} catch (cause) {
		throw new AppError(`The maker key of cluster ${uid} cannot be read (${path}).`, {
			code: 'maker-key-missing',
			exitCode: exitCodes.preflight,
			next: ['Run `constellation terminate` to remove what is left of this cluster, then create it again.'],
			cause,
		});
	}
};

/** JSON of a file in the cluster's folder; undefined when it is not there or not JSON. */
export const readClusterFile = async (dataHome: string, uid: string, name: string): Promise<unknown> => {
	const text = await readFile(join(clusterFolder(dataHome, uid), name), 'utf8').catch(ifMissing(undefined));
	try {
		return text === undefined ? undefined : JSON.parse(text);
	} catch {
		// All files of the machine service are replaced as a whole: this is not one of them.
		return undefined;
	}
};

const ifMissing =
	<T>(value: T) =>
	(error: unknown): T => {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return value;
		throw error;
	};
