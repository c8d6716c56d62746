import {AppError, exitCodes} from '../../errors.ts';
import type {ConcernCode} from '../../upgrade/measurement-diff.ts';
import {formatPlan, type PlanFile} from '../../upgrade/plan-file.ts';
import {newUpgradeId, storePlan, upgradeFolder} from '../../workspace/upgrade-folder.ts';
import {requireInitialised} from '../cluster.ts';
import {requireConcerns} from '../concerns.ts';
import {type Proposal, strandsNode} from './check.ts';
import type {UpgradeDependencies} from './dependencies.ts';

/** What was agreed to: the measurements by their digest, and each concern by itself. */
export type UpgradeConsent = {measurements: string; concerns: readonly ConcernCode[]};

/** What speaks against beginning at all, whoever agrees. Throws AppError (exit 3). */
export function requireSafe({strand, plan}: Proposal): void {
	if (strand.counterexample !== undefined) throw strandsNode(strand.counterexample);
	if (plan.blocking.length === 0) return;
	throw new AppError('A disruption budget allows no eviction, so a node could not be emptied.', {
		code: 'upgrade-blocked',
		exitCode: exitCodes.preflight,
		problems: plan.blocking.map(({budget, nodes, pods}) => ({
			path: budget,
			message: `allows 0 disruptions; covers ${pods} ${pods === 1 ? 'pod' : 'pods'} on ${nodes.join(', ')}`,
		})),
		next: ['Run more replicas of what it protects, or change the budget; then run the command again.'],
	});
}

/** Stores the plan that was consented to; the plan applied is the plan reviewed. */
export async function decide(
	deps: UpgradeDependencies,
	{target, measurements, plan}: Proposal,
	consent: UpgradeConsent,
): Promise<PlanFile> {
	if (consent.measurements !== target.measurements) throw otherMeasurements(target.measurements);
	requireConcerns(measurements.concerns, consent.concerns);
	const {ids} = await requireInitialised(deps.workspace);
	const created = new Date(deps.now());
	const file: PlanFile = {
		v: 1,
		id: newUpgradeId(created, deps.random(4)),
		created: created.toISOString(),
		cluster: ids.uid,
		consent: {measurements: consent.measurements, concerns: [...consent.concerns]},
		plan: JSON.parse(JSON.stringify(plan)) as PlanFile['plan'],
	};
	await storePlan(upgradeFolder(deps.workspace, file.id), formatPlan(file));
	return file;
}

export function otherMeasurements(digest: string): AppError {
	return new AppError('The measurements of the target need a consent of their own.', {
		code: 'measurements-not-accepted',
		exitCode: exitCodes.refused,
		next: [
			`--accept-measurements ${digest}   agrees to exactly these; --yes does not`,
			'constellation upgrade check   shows what would change',
		],
		details: {measurements: digest},
	});
}
