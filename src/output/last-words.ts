import {refusalReason} from '../lanes.ts';
import type {LiveState} from '../wizard/live.ts';
import {refusalLines} from './plain-lines.ts';

/** What must stay on the normal screen after work that failed: refusals, the last log lines, where the rest is. */
export function lastWords({view, logFile}: Pick<LiveState, 'view' | 'logFile'>): string[] {
	const refused = [...view.lanes.values()].flatMap(lane =>
		lane.refused === undefined
			? []
			: [`${lane.name} was refused: ${refusalReason(lane.name, lane.refused.refusal)}`, ...refusalLines(lane.refused.refusal)],
	);
	const logs = view.logs.slice(-20).map(({source, line}) => `  ${source} | ${line}`);
	return [
		...refused,
		...(logs.length === 0 ? [] : [`last ${logs.length} of ${view.logCount} log lines:`, ...logs]),
		...(logFile === undefined ? [] : [`all of the log: ${logFile}`]),
	];
}
