import type {Event, PhaseId} from '../../events.ts';
import type {RollEntry} from './roll.ts';

/** How a roll that was followed ended: every node is what it should be, or it stands still on request. */
export type RollEnd = 'done' | 'paused' | 'mixed';

const order: readonly PhaseId[] = ['control-planes', 'workers', 'retire'];

/** Which step of the flight plan the operator is at, told as phases that begin and end; none is left out, also where nobody saw it. */
export const rollPhases = (now: () => number) => {
	let open: PhaseId | undefined;
	const told = new Set<PhaseId>();
	function* enter(next: PhaseId | undefined): Generator<Event, void> {
		if (next !== undefined && next === open) return;
		if (open !== undefined) yield {type: 'phase', id: open, state: 'done', at: now()};
		const passed = next === undefined ? order : order.slice(0, order.indexOf(next));
		for (const id of passed.filter(each => !told.has(each))) {
			told.add(id);
			yield {type: 'phase', id, state: 'done', detail: 'nothing left to do', at: now()};
		}
		if (next !== undefined) yield {type: 'phase', id: next, state: 'started', at: now()};
		if (next !== undefined) told.add(next);
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
			if (end === 'done') yield* enter(undefined);
		},
	};
};
