import {AppError, exitCodes} from '../errors.ts';
import {runUpgrade, type UpgradeEnd} from '../flows/upgrade/apply.ts';
import {checkForUpgrade, type Proposal} from '../flows/upgrade/check.ts';
import {decide, requireSafe} from '../flows/upgrade/decide.ts';
import type {UpgradeDependencies} from '../flows/upgrade/dependencies.ts';
import {pauseUpgrade} from '../flows/upgrade/steer.ts';
import type {Result} from '../output/output.ts';
import {runUpgradeWizard} from '../output/run-upgrade.ts';
import type {UpgradeAsked, UpgradeDeps} from '../wizard/upgrade/deps.ts';
import type {CommandContext} from './types.ts';

/** An upgrade as a person goes through it. `resultOf` puts the end of the work into words, or throws where the roll stands still. */
export async function upgradeInWizard(
	{surroundings}: CommandContext,
	deps: UpgradeDependencies,
	asked: UpgradeAsked,
	resultOf: (end: UpgradeEnd) => Result,
): Promise<Result> {
	const ended = await runUpgradeWizard(
		wizardWorld(deps, resultOf, error => surroundings.crashReport(error)),
		surroundings,
		asked,
	);
	if (ended.outcome === 'done') return {command: 'upgrade apply', ...ended.end};
	if (ended.outcome === 'left') throw new AppError('Nothing was changed.', {code: 'declined', exitCode: exitCodes.cancelled});
	const {name} = ended;
	const data = {name, state: 'done', upToDate: true};
	return {command: 'upgrade apply', data, lines: [`${name} is up to date: there is nothing to do.`]};
}

function wizardWorld(
	deps: UpgradeDependencies,
	resultOf: (end: UpgradeEnd) => Result,
	crashReport: UpgradeDeps['crashReport'],
): UpgradeDeps {
	let offered: Proposal | undefined;
	return {
		now: deps.now,
		async check(asked, signal) {
			const offer = await checkForUpgrade(deps, asked);
			// A look that another one replaced is not what is shown.
			if (!signal.aborted) offered = offer.proposal;
			return offer;
		},
		async *begin(proposal, consents, signal) {
			// The plan that is carried out is the very one that was shown.
			if (offered === undefined || proposal !== offered) throw new TypeError('the plan is not the one that was shown');
			requireSafe(offered);
			const {data, lines} = resultOf(yield* runUpgrade(deps, await decide(deps, offered, consents), signal));
			return {data, lines};
		},
		async pause() {
			await pauseUpgrade(deps);
		},
		crashReport,
	};
}
