import type {Event, PhaseId} from '../../events.ts';
import type {RollEntry} from './roll.ts';

/** How a roll that was followed ended: every node is what it should be, or it stands still on request. */
export type RollEnd = 'done' | 'paused' | 'mixed';

/** Which step of the flight plan the operator is at, told as phases that begin and end. */
export const rollPhases = (now: () => number) => {
	let [open, retired]: [PhaseId | undefined, boolean] = [undefined, false];
	function* enter(next: PhaseId | undefined): Generator<Event, void> {
		if (next === open) return;
		if (next === 'retire') retired = true;
		if (open !== undefined) yield {type: 'phase', id: open, state: 'done', at: now()};
		if (next !== undefined) yield {type: 'phase', id: next, state: 'started', at: now()};
		open = next;
	}
	return {
		/** After a look: `narrowed` where the old policy is not accepted any more. */
		*after(roll: ReadonlyMap<string, Pick<RollEntry, 'role' | 'state'>>, narrowed: boolean): Generator<Event, void> {
			const left = [...roll.values()].filter(({state}) => state !== 'current').map(({role}) => role);
			if (left.includes('control-plane')) yield* enter('control-planes');
			else if (left.length > 0) yield* enter('workers');
			else if (!narrowed) yield* enter('retire');
		},
		*end(end: RollEnd): Generator<Event, void> {
			// A roll that stands still has not finished its step.
			if (end !== 'done') return;
			// It may be over between two looks, and is the step that people wait for.
			if (!retired) yield* enter('retire');
			yield* enter(undefined);
		},
	};
};
