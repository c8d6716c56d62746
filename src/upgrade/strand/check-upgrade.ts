import type {ClusterKind, Observed} from '../observed.ts';
import {checkStrand, type StrandResult} from './check.ts';
import {modelOf} from './model.ts';
import {actionsOf, type Goal, type PlanRule, planRules} from './plan.ts';

/** What the check takes for granted; said wherever its result is shown. */
export const assumptions: readonly string[] = [
	'one node at a time fails, restarts or is created beside the plan',
	'API servers answer with what was written last',
	'nobody else changes nodes, groups, policies or versions meanwhile',
];

/**
 * Checks the whole way from what was observed to the goal. `trusted`: images whose measurements the pinned release key signed. `rules`:
 * all in the product; tests switch them off.
 */
export function checkUpgrade(
	observed: Observed,
	{goal, trusted}: {goal: Goal; trusted: readonly string[]},
	kind: ClusterKind,
	rules: ReadonlySet<PlanRule> = new Set(planRules),
): StrandResult {
	const start = {...modelOf(observed, kind, trusted), cappedWorkers: rules.has('capped-workers')};
	return checkStrand(start, actionsOf(start, goal, kind, rules));
}
