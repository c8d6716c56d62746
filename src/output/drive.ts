import {AppError} from '../errors.ts';
import type {Event, Flow} from '../events.ts';
import {cancelled} from './describe-error.ts';

/** Runs a flow to its end, handing on every event. A flow that ends by an abort we asked for counts as cancelled. */
export async function drive<R>(flow: Flow<R>, onEvent: (event: Event) => void, signal: AbortSignal): Promise<R> {
	try {
		for (;;) {
			const {done, value} = await flow.next();
			if (done) return value;
			onEvent(value);
		}
	} catch (error) {
		if (signal.aborted && !(error instanceof AppError)) throw cancelled(error);
		throw error;
	}
}
