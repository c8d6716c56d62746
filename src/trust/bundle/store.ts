import {createHash} from 'node:crypto';
import {mkdir, open, readdir, readFile, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {MalformedError} from '../../attestation/bytes.ts';
import {temporaryName, writeSynced} from '../../releases/files.ts';
import {decodePart, encodePart, type Part, type PartKind} from './part.ts';

/**
 * Parts that were imported or fetched, one file each. A file's place says nothing about its content: who uses a part checks it. The
 * folder is the user's, not a cluster's.
 */
export type TrustStore = {
	read: (kind: PartKind, name: string) => Promise<Part | undefined>;
	write: (part: Part) => Promise<void>;
	/** All that can be read, in no order, and how many files could not. */
	list: () => Promise<{parts: Part[]; damaged: number}>;
};

export const trustFolder = (dataHome: string): string => join(dataHome, 'trust');

const suffix = '.part';
const maxFiles = 1000;

export function trustStore(folder: string): TrustStore {
	const fileOf = (kind: PartKind, name: string): string =>
		join(folder, `${createHash('sha256').update(`${kind}\0${name}`).digest('hex')}${suffix}`);
	return {
		async read(kind, name) {
			const part = await readPart(fileOf(kind, name));
			return part?.kind === kind && part.name === name ? part : undefined;
		},
		async write(part) {
			await mkdir(folder, {recursive: true, mode: 0o700});
			const file = fileOf(part.kind, part.name);
			const temporary = temporaryName(file);
			try {
				await writeSynced(temporary, encodePart(part), 0o600);
				await rename(temporary, file);
				await syncFolder(folder);
			} finally {
				await rm(temporary, {force: true});
			}
		},
		async list() {
			const names = (await namesIn(folder)).filter(name => name.endsWith(suffix)).slice(0, maxFiles);
			const parts = await Promise.all(names.map(name => readPart(join(folder, name))));
			const found = parts.filter(part => part !== undefined);
			return {parts: found, damaged: names.length - found.length};
		},
	};
}

/** A damaged file is as good as none: it is fetched or imported again. */
async function readPart(file: string): Promise<Part | undefined> {
	try {
		return decodePart(await readFile(file));
	} catch (error) {
		if (error instanceof MalformedError || isMissing(error)) return undefined;
		throw error;
	}
}

async function namesIn(folder: string): Promise<string[]> {
	try {
		return await readdir(folder);
	} catch (error) {
		if (isMissing(error)) return [];
		throw error;
	}
}

async function syncFolder(folder: string): Promise<void> {
	const handle = await open(folder, 'r');
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
