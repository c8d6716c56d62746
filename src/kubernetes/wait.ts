import {setTimeout as delay} from 'node:timers/promises';
import {AppError, exitCodes} from '../errors.ts';
import {KubeError} from './kube.ts';

/** Something to wait for. `check` gives the value once it is there, undefined when not yet; what it throws may be transient. */
export type Condition<T> = {
	/** What is waited for, as a person reads it: `node alpha-1 is Ready`. */
	name: string;
	check: (signal: AbortSignal) => Promise<T | undefined>;
	/** Whether a failure may pass by itself; by default what `isTransient` says. */
	transient?: (error: unknown) => boolean;
};

/** Where a wait stands, for whoever shows it. Times are milliseconds since the epoch. */
export type WaitState =
	| {phase: 'waiting'; condition: string; attempts: number; givesUpAt: number; lastError?: string}
	| {phase: 'met'; condition: string; attempts: number}
	| {phase: 'gave-up'; condition: string; attempts: number; lastError?: string};

export type WaitOptions = {
	timeoutMs: number;
	/** Pause between two checks; default 250 ms. */
	intervalMs?: number;
	signal?: AbortSignal;
	onState?: (state: WaitState) => void;
	/** Time, handed in by tests. */
	now?: () => number;
	pause?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
};

const pauseFor = async (ms: number, signal: AbortSignal | undefined) => {
	// An abort ends the pause; the loop then throws the caller's own reason.
	await delay(ms, undefined, signal && {signal}).catch(() => undefined);
};

/**
 * Checks until the condition holds and gives its value. Throws AppError `wait-gave-up` (exit code 6) with the last transient error when
 * the time is over, the failure itself when it is not transient, and the abort reason when `signal` aborts.
 */
export async function waitFor<T>(condition: Condition<T>, options: WaitOptions): Promise<T> {
	const {signal, onState, now = Date.now, pause = pauseFor, intervalMs = 250} = options;
	const transient = condition.transient ?? isTransient;
	const givesUpAt = now() + options.timeoutMs;
	const deadline = AbortSignal.timeout(options.timeoutMs);
	const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
	let lastError: string | undefined;
	for (let attempts = 1; ; attempts++) {
		signal?.throwIfAborted();
		try {
			const value = await condition.check(either);
			if (value !== undefined) {
				onState?.({phase: 'met', condition: condition.name, attempts});
				return value;
			}
			lastError = undefined;
		} catch (error) {
			signal?.throwIfAborted();
			if (!deadline.aborted && !transient(error)) throw error;
			lastError = error instanceof Error ? error.message : String(error);
		}
		const seen = lastError === undefined ? {} : {lastError};
		if (now() + intervalMs >= givesUpAt) {
			onState?.({phase: 'gave-up', condition: condition.name, attempts, ...seen});
			throw gaveUp(condition.name, options.timeoutMs, lastError);
		}
		onState?.({phase: 'waiting', condition: condition.name, attempts, givesUpAt, ...seen});
		await pause(intervalMs, signal);
	}
}

/** Whether asking the API server again may help: not reached, overloaded, failing inside, or a lost race. */
export function isTransient(error: unknown): boolean {
	if (!(error instanceof KubeError)) return false;
	return error.code === 0 || error.code === 408 || error.code === 409 || error.code === 429 || error.code >= 500;
}

function gaveUp(condition: string, timeoutMs: number, lastError: string | undefined): AppError {
	const seconds = Math.round(timeoutMs / 1000);
	return new AppError(`Gave up after ${seconds} s waiting until ${condition}${lastError === undefined ? '' : `: ${lastError}`}`, {
		code: 'wait-gave-up',
		exitCode: exitCodes.cluster,
		next: ['Run "constellation status" to see what is there', 'Run the same command again: it goes on where it stopped'],
		details: {condition, seconds, ...(lastError !== undefined && {lastError})},
	});
}
