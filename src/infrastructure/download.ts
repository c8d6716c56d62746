import {createHash} from 'node:crypto';
import {chmod, mkdir, mkdtemp, rename, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {gunzip} from 'node:zlib';
import {AppError, exitCodes} from '../errors.ts';
import type {Event} from '../events.ts';
import type {Fetch} from '../proxy.ts';
import pinned from './opentofu.json' with {type: 'json'};
import {fileInTar} from './tar.ts';

/** One pinned archive: nothing else is ever accepted in its place. */
export type Download = {version: string; url: string; sha256: string};

const largestArchive = 200 * 1024 * 1024;
const unpack = promisify(gunzip);

/** The OpenTofu for a platform as Node names it (`linux`, `x64`); undefined where there is none. */
export const pinnedDownload = (platform: string, arch: string): Download | undefined => {
	const entry = (pinned.platforms as Readonly<Record<string, {url: string; sha256: string}>>)[`${platform}-${arch}`];
	return entry && {version: pinned.version, ...entry};
};

/** Where a downloaded OpenTofu lies. */
export const downloadedPath = (dataHome: string, offer: Download): string =>
	join(dataHome, 'tools', `opentofu-${offer.version}`, 'tofu');

export type DownloadDeps = {dataHome: string; fetch: Fetch; signal?: AbortSignal};

/**
 * Downloads the pinned OpenTofu after the user agreed, checks its SHA-256 and puts the program in place; returns its path. Throws
 * AppError `download-failed` or `download-checksum` (exit 3); nothing is left in place then.
 */
export const downloadOpenTofu = async function* (offer: Download, deps: DownloadDeps): AsyncGenerator<Event, string, void> {
	const title = `Download OpenTofu ${offer.version}`;
	yield {type: 'check', id: 'opentofu-download', title, state: 'running', detail: offer.url, at: Date.now()};
	const archive = await fetchArchive(offer, deps);
	const digest = createHash('sha256').update(archive).digest('hex');
	if (digest !== offer.sha256) {
		throw new AppError(`The download of OpenTofu ${offer.version} is not the file it should be.`, {
			code: 'download-checksum',
			exitCode: exitCodes.preflight,
			next: ['Try again from another network, or install Terraform or OpenTofu yourself.'],
			details: {url: offer.url, expected: offer.sha256, actual: digest},
		});
	}
	const program = fileInTar(await unpack(archive, {maxOutputLength: 4 * largestArchive}), 'tofu');
	if (program === undefined) throw failed(offer, 'the archive holds no tofu');
	const path = downloadedPath(deps.dataHome, offer);
	await install(path, program);
	yield {type: 'check', id: 'opentofu-download', title, state: 'ok', detail: `checksum verified, ${path}`, at: Date.now()};
	return path;
};

const fetchArchive = async (offer: Download, deps: DownloadDeps): Promise<Uint8Array> => {
	try {
		const response = await deps.fetch(offer.url, {redirect: 'follow', ...(deps.signal && {signal: deps.signal})});
		if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`);
		const chunks: Uint8Array[] = [];
		let size = 0;
		for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
			size += chunk.length;
			if (size > largestArchive) throw new Error('it is too large');
			chunks.push(chunk);
		}
		return Buffer.concat(chunks);
	} catch (error) {
		throw failed(offer, error instanceof Error ? error.message : String(error), error);
	}
};

/** Complete or not there: written aside, then renamed. */
const install = async (path: string, program: Uint8Array): Promise<void> => {
	const parent = dirname(dirname(path));
	await mkdir(parent, {recursive: true, mode: 0o700});
	const aside = await mkdtemp(join(parent, '.opentofu-'));
	try {
		await writeFile(join(aside, 'tofu'), program, {mode: 0o700});
		await chmod(join(aside, 'tofu'), 0o700);
		await rm(dirname(path), {recursive: true, force: true});
		await rename(aside, dirname(path));
	} catch (error) {
		await rm(aside, {recursive: true, force: true});
		throw error;
	}
};

const failed = (offer: Download, why: string, cause?: unknown): AppError =>
	new AppError(`OpenTofu ${offer.version} could not be downloaded: ${why}.`, {
		code: 'download-failed',
		exitCode: exitCodes.preflight,
		next: ['Check the network, or install Terraform or OpenTofu yourself and put it on the PATH.'],
		details: {url: offer.url},
		cause,
	});
