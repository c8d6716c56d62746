import type {Kube} from '../../../kubernetes/kube.ts';
import {isAborted} from '../../abort.ts';
import type {Stop} from '../../supervisor/protocol.ts';
import {leaderElection} from '../leader.ts';
import {watchChanges} from '../watch-changes.ts';
import {carryOut, decide, readWorld, watched} from './round.ts';

export type WorkloadsOptions = {
	kube: Kube;
	/** In the election. */
	identity: string;
	log: (line: string) => void;
	/** How often the lead is renewed or asked for, and how soon after a change or a failure a round begins. */
	renewMs?: number;
	settleMs?: number;
	retryMs?: number;
	/** The clock of the election, handed in by tests. */
	monotonic?: () => number;
};

export const workloadsLease = 'constellation-workloads';
/** Without any change, everything is looked at again after this time. */
const resyncMs = 60_000;

/**
 * The controllers of workloads and the scheduler, on every control plane, at work on the one that holds the Lease. They keep nothing
 * between two rounds: whoever leads next goes on from the objects.
 */
export const runWorkloads = (options: WorkloadsOptions): Stop => {
	const {kube, identity, log, renewMs = 5000, settleMs = 50, retryMs = 1000} = options;
	const leads = leaderElection(identity, options.monotonic, workloadsLease);
	const stopping = new AbortController();
	let watches: {done: Promise<unknown>; stop: () => void} | undefined;
	let changed = true;
	let wake: () => void = () => undefined;
	const notice = () => {
		changed = true;
		wake();
	};

	const startWatches = () => {
		const ending = new AbortController();
		const signal = AbortSignal.any([ending.signal, stopping.signal]);
		const done = Promise.all(watched.map(resource => watchChanges(kube, resource, notice, signal)));
		return {done, stop: () => ending.abort()};
	};
	/** At most `ms`, and less when something changes; `stopping` ends it too. */
	const rest = (ms: number, wakeable: boolean) =>
		new Promise<void>(resolve => {
			const timer = setTimeout(resolve, ms);
			wake = () => {
				if (!wakeable && !stopping.signal.aborted) return;
				clearTimeout(timer);
				resolve();
			};
			if ((wakeable && changed) || stopping.signal.aborted) wake();
		});

	let asked = Number.NEGATIVE_INFINITY;
	let resync = 0;
	let wakeAt = Number.POSITIVE_INFINITY;
	const turn = async (): Promise<void> => {
		if (performance.now() - asked >= renewMs) {
			const isLeading = await leads(kube);
			asked = performance.now();
			if (!isLeading) {
				watches?.stop();
				watches = undefined;
				return;
			}
			watches ??= startWatches();
		}
		if (!watches) return;
		if (!changed && Date.now() < Math.min(wakeAt, resync)) return;
		changed = false;
		const decision = decide(await readWorld(kube, Date.now()));
		wakeAt = decision.wakeAt ?? Number.POSITIVE_INFINITY;
		resync = Date.now() + resyncMs;
		for (const action of decision.actions) {
			if (isAborted(stopping.signal)) return;
			// What was refused is tried again in a while, not at every change.
			if (!(await carryOut(kube, action, log))) wakeAt = Math.min(wakeAt, Date.now() + renewMs);
		}
	};
	const loop = async () => {
		while (!stopping.signal.aborted) {
			try {
				await turn();
				const soon = Math.min(asked + renewMs - performance.now(), wakeAt - Date.now(), resync - Date.now());
				await rest(watches ? Math.max(0, soon) : renewMs, watches !== undefined);
				await rest(settleMs, false);
			} catch (error) {
				if (!isAborted(stopping.signal)) log(`workloads: ${error instanceof Error ? error.message : String(error)}`);
				changed = true;
				await rest(retryMs, false);
			}
		}
	};
	const working = loop();
	return async () => {
		stopping.abort();
		wake();
		await Promise.all([working, watches?.done]);
	};
};
