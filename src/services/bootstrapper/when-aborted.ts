/** Calls `act` when the signal aborts, also when it did so before anybody listened. */
export const whenAborted = (signal: AbortSignal, act: () => void): void => {
	if (signal.aborted) act();
	else signal.addEventListener('abort', act, {once: true});
};
