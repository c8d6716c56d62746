import {createPublicKey} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {processesIn, signalProcess} from '../../process.ts';
import {version} from '../../version.ts';
import {claim, holderOf, release} from './claim.ts';
import {type Cloud, openCloud} from './cloud.ts';
import {serveControl} from './control.ts';
import {readJson, shortPath} from './files.ts';
import {parseSpec} from './parse.ts';
import {Refused} from './refused.ts';
import type {Boot} from './types.ts';

/** Names of the files in clusters/UID. */
export const fileNames = {
	service: 'service.json',
	spec: 'spec.json',
	maker: 'maker.pem',
	program: 'program.json',
	control: 'control.sock',
	log: 'service.log',
} as const;

const lookMs = 2000;

export type Service = {cloud: Cloud; stop: () => Promise<void>; ended: Promise<unknown>};

/**
 * The machine service of the cluster in `folder` (clusters/UID). Records itself before anything else, so that whoever starts or stops
 * it can find it; a second one for the same folder is refused with code `running`.
 */
export const startService = async (folder: string, boot: Boot): Promise<Service> => {
	const root = resolve(folder);
	const spec = parseSpec(readJson(join(root, fileNames.spec)));
	const record = join(root, fileNames.service);
	const holder = claim(record, {uid: spec.uid, version});
	if (holder !== undefined)
		throw new Refused(409, 'running', `the machine service of ${spec.uid} runs already (process ${holder.pid})`);
	try {
		// An earlier service that was killed may have left machines behind.
		for (const stray of processesIn(root)) signalProcess(stray, 'SIGKILL');
		const keys = {
			maker: publicKey(join(root, fileNames.maker)),
			release: publicKey(join(spec.dataHome, 'release-key', 'public.pem')),
		};
		const cloud = await openCloud({folder: root, spec, boot, keys});
		const end = Promise.withResolvers<undefined>();
		let stopping: Promise<void> | undefined;
		const stop = () => {
			stopping ??= cloud.close().then(() => {
				control.close();
				control.closeAllConnections();
				release(record);
				end.resolve(undefined);
			});
			return stopping;
		};
		const control = await serveControl(shortPath(join(root, fileNames.control)), cloud, {
			folder: root,
			about: {pid: process.pid, version, startedAt: new Date().toISOString()},
			images: () => Promise.resolve(imagesIn(join(spec.dataHome, 'images'))),
			shutdown: () => void stop(),
		});
		// Whose record is gone can be found by nobody any more: a folder removed by hand must not leave machines behind.
		const watch = setInterval(() => {
			if (holderOf(record)?.pid !== process.pid) void stop();
		}, lookMs);
		void end.promise.then(() => clearInterval(watch));
		return {cloud, stop, ended: end.promise};
	} catch (error) {
		release(record);
		throw error;
	}
};

/** SPKI DER in base64 of the public half of a PEM key. */
const publicKey = (path: string): string =>
	createPublicKey(readFileSync(path)).export({type: 'spki', format: 'der'}).toString('base64');

/** Versions that have a folder. */
const imagesIn = (folder: string): string[] => readdirSync(folder).filter(name => /^v\d/.test(name));
