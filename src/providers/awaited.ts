import {AppError, exitCodes} from '../errors.ts';

/** How long a cloud may take, and what passes between two questions. */
export type Patience = {timeoutMs: number; now: () => number; pause: () => Promise<void>};

/** Asks until there is an answer. Throws AppError `cloud-timeout` (exit 4) when patience ends. */
export const awaited = async <T>(
	{timeoutMs, now, pause}: Patience,
	what: string,
	look: () => Promise<T | undefined>,
): Promise<T> => {
	const end = now() + timeoutMs;
	for (;;) {
		const found = await look();
		if (found !== undefined) return found;
		if (now() >= end) {
			throw new AppError(`The cloud did not give ${what} within ${Math.round(timeoutMs / 1000)} s.`, {
				code: 'cloud-timeout',
				exitCode: exitCodes.infrastructure,
				next: ['Look at the events of the node group in the console of the cloud: quota and capacity are the usual reasons.'],
			});
		}
		await pause();
	}
};
