import type {EventEmitter} from 'node:events';
import {constants} from 'node:os';
import type {OutputOptions} from './types.ts';

export type InterruptOptions = {
	/** Where signals come from: the process. */
	signals: Pick<EventEmitter, 'on' | 'off'>;
	/** The first request to stop; work ends cleanly on its own. */
	stop: () => void;
	/** The second request: leave now with this exit code. Must restore the terminal first. */
	now: (exitCode: number) => void;
};

/**
 * Turns SIGINT, SIGTERM and SIGHUP into "stop cleanly", then "stop now". The returned `request` does the same for a Ctrl-C
 * that arrives as a key; `reset` begins to count anew; `release` gives the signals back.
 */
export function interruptible({signals, stop, now}: InterruptOptions): {
	request: () => void;
	reset: () => void;
	release: () => void;
} {
	let requests = 0;
	const request = (exitCode: number) => {
		requests += 1;
		if (requests === 1) stop();
		else now(exitCode);
	};
	const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(signal => {
		const handler = () => {
			request(128 + constants.signals[signal]);
		};
		signals.on(signal, handler);
		return [signal, handler] as const;
	});
	return {
		request: () => {
			request(130);
		},
		reset: () => {
			requests = 0;
		},
		release: () => {
			for (const [signal, handler] of handlers) signals.off(signal, handler);
		},
	};
}

/** What a second request to stop means. */
export const leftAtOnce = 'Left at once. What exists is kept; the same command goes on from there.';

/** Leaves without waiting for anything; the terminal must be restored already. */
export function leaveAtOnce({stderr, exitNow}: Pick<OutputOptions, 'stderr' | 'exitNow'>, exitCode: number): void {
	stderr.write(`${leftAtOnce}\n`);
	exitNow(exitCode);
}
