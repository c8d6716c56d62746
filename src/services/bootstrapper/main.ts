import {randomUUID} from 'node:crypto';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {issuerOf} from '../../attestation/variant.ts';
import {parseParameters} from '../../attestation/variants/local/measured-boot.ts';
import {openDisk} from '../disk.ts';
import type {Instance} from '../host.ts';
import {type LocalMetadata, metadataClient} from '../metadata.ts';
import type {Stop} from '../supervisor/protocol.ts';
import {type Program, supervise} from '../supervisor/supervisor.ts';
import {connectTpm} from '../tpm.ts';
import {startExisting} from './existing.ts';
import {startFresh} from './fresh.ts';
import type {NodeHost} from './host-context.ts';
import {isFresh} from './identity.ts';
import {serveFailure} from './init/kept.ts';
import {unfinishedInit} from './init/unfinished.ts';
import type {Member} from './member.ts';

/** How a node is started; paths are relative to the machine's folder, which is the working directory. */
export type NodeStart = {
	parameters: readonly string[];
	imageVersion: string;
	program: Program;
	tpmSocket: string;
	metadataSocket: string;
	diskFolder: string;
};

const retryMs = 1000;

/**
 * Runs a node from the start of its machine on. Gives the way to stop it as soon as it works; `failed` hears of an end that only
 * replacing or restarting the machine can cure.
 */
export const startNode = async (start: NodeStart, failed: (error: unknown) => void): Promise<Stop> => {
	const metadata = metadataClient(start.metadataSocket);
	const log = logger(metadata);
	const ending = new AbortController();
	log(`bootstrapper ${start.imageVersion} started`);
	const disk = openDisk(start.diskFolder, async () => (await metadata.disk()).uuid);
	const host: NodeHost = {
		instance: await ownInstance(metadata, log),
		parameters: parseParameters(start.parameters),
		imageVersion: start.imageVersion,
		bootId: randomUUID(),
		metadata,
		disk,
		tpm: connectTpm(start.tpmSocket),
		signal: ending.signal,
		supervisor: supervise({program: start.program, logFolder: join(start.diskFolder, 'logs'), log}),
		log,
	};
	log(`disk ${await disk.uuid()}`);
	if (!(await isFresh(host.tpm))) throw new Error('this machine belongs to a cluster already; restart the machine');
	let stop: Stop = () => host.supervisor.stop();
	run(host).then(
		member => {
			stop = member.stop;
			log('the node runs in its cluster');
		},
		(error: unknown) => {
			log(`the node stops: ${error instanceof Error ? error.message : String(error)}`);
			failed(error);
		},
	);
	return async () => {
		ending.abort();
		await stop();
	};
};

/** The node of a machine from its disk on: new, known, or stopped in the middle of Init. */
export const run = async (host: NodeHost): Promise<Member> => {
	const {disk, instance, tpm, log} = host;
	if (await unfinishedInit(disk.folder).isMarked()) {
		const failure = `${instance.name} stopped in the middle of Init; replace ${instance.name}`;
		log(failure);
		await serveFailure(host, issuerOf('local-vtpm', tpm), failure);
		// It serves the reason for as long as the machine runs.
		return new Promise<never>(() => undefined);
	}
	return (await disk.isFormatted()) ? startExisting(host) : startFresh(host);
};

/** The metadata service may come up after the machine. */
const ownInstance = async (metadata: LocalMetadata, log: (line: string) => void): Promise<Instance> => {
	for (;;) {
		try {
			return await metadata.self();
		} catch (error) {
			log(`waiting for the metadata service: ${error instanceof Error ? error.message : String(error)}`);
			await delay(retryMs);
		}
	}
};

const logger = (metadata: LocalMetadata) => (line: string) => {
	// The provider keeps the lines in the serial log; without it they go there directly.
	metadata.log(line).catch(() => {
		console.log(line);
	});
};
