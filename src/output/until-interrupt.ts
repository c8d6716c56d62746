import {AppError} from '../errors.ts';
import type {OutputOptions} from './types.ts';

/** What `work` gives; undefined when Ctrl-C came meanwhile, which leaves as it does while the person is asked. */
export async function untilInterrupt<R>(
	signals: OutputOptions['signals'],
	work: (signal: AbortSignal) => Promise<R>,
): Promise<R | undefined> {
	const abort = new AbortController();
	const stop = () => {
		abort.abort();
	};
	signals.on('SIGINT', stop);
	try {
		const result = await work(abort.signal);
		return abort.signal.aborted ? undefined : result;
	} catch (error) {
		if (abort.signal.aborted && !(error instanceof AppError)) return undefined;
		throw error;
	} finally {
		signals.off('SIGINT', stop);
	}
}
