import {bookkeeping} from './bookkeeping.ts';
import {finishSteps} from './finish.ts';
import {pairSteps} from './pairs.ts';
import {pendingActions} from './pending.ts';
import {startSteps, underWay} from './start.ts';
import type {Observation, Plan} from './types.ts';

/**
 * What to do next, from what is there now and nothing else: no step is remembered, so that any operator goes on where another one
 * stopped. Nothing new begins and nothing ends while something that was begun can be brought forward first.
 */
export const plan = (seen: Observation): Plan => {
	const kept = [...bookkeeping(seen), ...pendingActions(seen)];
	const busy = underWay(seen).size > 0;
	const overdue = seen.pending
		.filter(({goal, deadline}) => goal === 'Leave' && deadline !== undefined && deadline < seen.now)
		.map(({name}) => `the machine ${name} to be gone, longer than it should take`);
	const coming = seen.pending.filter(({goal}) => goal === 'Join').map(({name}) => `${name} to join`);
	const told = [...coming, ...overdue];
	// Each step is decided on a state that has the one before in it.
	if (kept.length > 0) return {actions: kept, waiting: told, busy};
	const pairs = pairSteps(seen);
	const next = [startSteps(seen), finishSteps(seen)];
	return {
		actions: [...pairs.actions, ...next.flatMap(({actions}) => actions)],
		waiting: [...told, ...pairs.waiting, ...next.flatMap(({waiting}) => waiting)],
		busy,
	};
};
