import type {Flow} from '../../events.ts';
import type {FlightPlan} from '../../upgrade/flight-plan.ts';
import type {ConcernCode, MeasurementDiff} from '../../upgrade/measurement-diff.ts';
import type {StrandResult} from '../../upgrade/strand/check.ts';
import type {Parts, Target} from '../../upgrade/target.ts';
import type {VouchedView} from '../vouched-view.ts';

export type {DiffRow} from '../../upgrade/measurement-diff.ts';
export type {PartVersions} from '../../upgrade/target.ts';

/** What a person asks for; a part that is not named follows the rules of `upgrade check`. */
export type UpgradeAsked = {image?: string; kubernetes?: string};

/** What an upgrade would do: one target, one decision. */
export type UpgradeProposal = {
	target: Target;
	measurements: MeasurementDiff;
	plan: FlightPlan;
	strand: StrandResult;
	/** The measurements elsewhere that say the same; absent where none were named. */
	vouched?: VouchedView;
};

/** What runs, what is possible, and what an upgrade to the target would do; no proposal where nothing would change. */
export type UpgradeOffer = {name: string; parts: Parts; busy: boolean; proposal?: UpgradeProposal};

/** What was agreed to beside the plan itself: the measurements by their digest, and each concern by its code. */
export type UpgradeConsents = {measurements: string; concerns: readonly ConcernCode[]};

/** What the work ended with: facts for machines and, of the same facts, lines for people. */
export type UpgradeOutcome = {data: Readonly<Record<string, unknown>>; lines: readonly string[]};

/** Everything the upgrade wizard asks of the world. Throws AppError for what a person can act on. */
export type UpgradeDeps = {
	now: () => number;
	/** Looks at the cluster and changes nothing. */
	check: (asked: UpgradeAsked, signal: AbortSignal) => Promise<UpgradeOffer>;
	/**
	 * Begins exactly the plan that was shown (the very object that `check` gave) and shows the work. An abort only leaves it: what the
	 * cluster has begun goes on, and the flow ends with its own error that says so.
	 */
	begin: (proposal: UpgradeProposal, consents: UpgradeConsents, signal: AbortSignal) => Flow<UpgradeOutcome>;
	/** Asks the cluster to finish the replacement that was begun, and to begin no other; `begin` ends when it has. */
	pause: () => Promise<void>;
	/** Writes a report of a crash and returns its path. */
	crashReport: (error: unknown) => string;
};

/** How the wizard ended. After `left` nothing was changed. */
export type UpgradeResult = {outcome: 'done'; end: UpgradeOutcome} | {outcome: 'nothing'; name: string} | {outcome: 'left'};
