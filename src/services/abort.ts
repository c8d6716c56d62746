import {setTimeout as delay} from 'node:timers/promises';

/** Calls `act` when the signal aborts, also when it did so before anybody listened. */
export const whenAborted = (signal: AbortSignal, act: () => void): void => {
	if (signal.aborted) act();
	else signal.addEventListener('abort', act, {once: true});
};

/** Whether the signal has aborted by now; a function, because it may do so while a loop waits. */
export const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** Resolves after `ms`, or as soon as the signal aborts. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
	// An abort ends the pause; whoever pauses looks at the signal next.
	await delay(ms, undefined, {signal}).catch(() => undefined);
};

/** Resolves with the change, after `ms`, or as soon as the signal aborts: whatever comes first. */
export const changeOrPause = (change: Promise<unknown>, ms: number, signal: AbortSignal): Promise<void> =>
	new Promise(resolve => {
		const done = () => {
			clearTimeout(timer);
			signal.removeEventListener('abort', done);
			resolve();
		};
		const timer = setTimeout(done, ms);
		signal.addEventListener('abort', done, {once: true});
		void change.then(done);
		if (signal.aborted) done();
	});
