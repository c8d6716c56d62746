import {AppError, exitCodes} from '../errors.ts';
import type {ClusterSummary, Flow, PlannedChange} from '../events.ts';
import type {Plan} from '../wizard/deps.ts';

/** A plan as the wizard shows it, and how it is done. */
export type Planned = {view: Plan; apply: (signal: AbortSignal) => Flow<ClusterSummary>};

type Action = PlannedChange['action'];

/** What may still have to be done to an address of which an action was agreed to, after a part of the work was done. */
const covered: Readonly<Partial<Record<Action, readonly Action[]>>> = {
	create: ['create', 'update', 'replace', 'delete'],
	replace: ['create', 'update', 'replace', 'delete'],
	update: ['update'],
	delete: ['delete'],
};

/**
 * Whether a new plan stays within the one that was agreed to: it finishes what was begun, and does nothing else. What was to be created
 * and is half there may be replaced.
 */
export function staysWithin(agreed: Pick<Plan, 'changes'>, now: Pick<Plan, 'changes'>): boolean {
	const actions = new Map(agreed.changes.map(({address, action}) => [address, action]));
	return now.changes.every(({address, action}) => {
		if (action === 'no-op' || action === 'read') return true;
		const before = actions.get(address);
		return before !== undefined && (covered[before] ?? []).includes(action);
	});
}

export const planChanged = (): AppError =>
	new AppError('The plan is not the one that was agreed to.', {
		code: 'plan-changed',
		exitCode: exitCodes.preflight,
		next: ['Go back to the review and look at the plan again.'],
	});
