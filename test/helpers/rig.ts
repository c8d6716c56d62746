import {readFileSync} from 'node:fs';
import {availableParallelism, loadavg} from 'node:os';
import {join} from 'node:path';
import {Worker} from 'node:worker_threads';
import type {Load} from './rig-load.ts';
import type {WatchReport} from './rig-watch.ts';
import type {World} from './world.ts';

/** Credentials of an administrator, and where verification is served. */
export type RigSettings = {kubeconfig: string; verify: string; share: number};

export type RigReport = {
	reads: Load;
	writes: Load;
	verifications: Load;
	watch: WatchReport;
	/** All that went wrong, each with its time; and how much of it was only late. */
	failed: number;
	late: number;
	failures: string[];
};

/** `close` ends it without counts. */
export type Rig = {stop(): Promise<RigReport>; close(): Promise<void>};

/**
 * Loads a cluster through its load balancer, as clients do: 20 reads of the Kubernetes API a second and 2 writes that are read back, half
 * of them on new connections; a watch that goes on behind the last event when its answer ends; 50 challenges of the VerificationService a
 * second. Nothing is retried, and each request has 5 s. `stop` gives the counts. `share`: how much of that load.
 */
export async function startRig(world: Pick<World, 'file'>, share = 1): Promise<Rig> {
	const state = JSON.parse(readFileSync(join(world.file('constellation-terraform'), 'terraform.tfstate'), 'utf8')) as {
		outputs: {endpoints: {value: {verify: string}}};
	};
	const settings: RigSettings = {
		kubeconfig: readFileSync(world.file('constellation-admin.conf'), 'utf8'),
		verify: state.outputs.endpoints.value.verify,
		share,
	};
	const worker = new Worker(new URL('rig-worker.ts', import.meta.url), {workerData: settings});
	const failed = new Promise<never>((_, reject) => worker.once('error', reject));
	const message = <T>() => new Promise<T>(resolve => worker.once('message', resolve));
	await Promise.race([message(), failed]);
	return {
		async stop() {
			const report = Promise.race([message<RigReport>(), failed]);
			worker.postMessage('stop');
			const found = await report;
			await worker.terminate();
			return found;
		},
		async close() {
			await worker.terminate();
		},
	};
}

/**
 * Whether this computer had so much else to do that what was not answered within 5 s says nothing about the cluster: half of all answers
 * took long. What goes wrong in the cluster leaves the others as quick as they are.
 */
export const isOverloaded = ({reads, verifications, late}: RigReport): boolean =>
	late > 0 && Math.max(reads.p50, verifications.p50) > 400 && (loadavg()[0] ?? 0) > 2 * availableParallelism();

/** The counts in one line. */
export function rigLine({reads, writes, verifications, watch, failed, late}: RigReport): string {
	const of = (what: string, load: Load) =>
		`${load.count} ${what} (${load.failed} failed, p50 ${load.p50} ms, p99 ${load.p99} ms)`;
	const watched = `${watch.events} events watched (${watch.resumed} times resumed, ${watch.lost} lost, ${watch.doubled} doubled)`;
	return `${of('reads', reads)}; ${of('writes', writes)}; ${of('verifications', verifications)}; ${watched}; ${failed} failed, ${late} of them late`;
}
