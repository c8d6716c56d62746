import {AppError} from '../errors.ts';
import type {Event, Flow, PhaseId} from '../events.ts';

/** Frames a part of a flow with the events of its phase. `done` gives the words for its end. */
export async function* phase<R>(
	id: PhaseId,
	now: () => number,
	body: Flow<R> | Generator<Event, R>,
	done?: (result: R) => string | undefined,
): Flow<R> {
	yield {type: 'phase', id, state: 'started', at: now()};
	try {
		const result = yield* body;
		const detail = done?.(result);
		yield {type: 'phase', id, state: 'done', at: now(), ...(detail === undefined ? {} : {detail})};
		return result;
	} catch (error) {
		yield {type: 'phase', id, state: 'failed', at: now(), ...(error instanceof AppError ? {detail: error.message} : {})};
		throw error;
	}
}
