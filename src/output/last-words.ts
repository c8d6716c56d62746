import {AppError, exitCodes} from '../errors.ts';
import {refusalReason} from '../lanes.ts';
import type {LiveState} from '../wizard/live.ts';
import {refusalLines} from './plain-lines.ts';

/**
 * What must stay on the normal screen after work that failed: refusals, the last log lines, where the rest is. Nothing after work that
 * somebody let stand still.
 */
export function lastWords({view, logFile}: Pick<LiveState, 'view' | 'logFile'>, error: unknown): string[] {
	if (error instanceof AppError && error.exitCode === exitCodes.cancelled && error.code !== 'cancelled') return [];
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
