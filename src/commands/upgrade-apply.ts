import {AppError, exitCodes} from '../errors.ts';
import type {PhaseId} from '../events.ts';
import {concernsIn} from '../flows/concerns.ts';
import {withExisting} from '../flows/session.ts';
import {type PlanFile, runUpgrade, type UpgradeEnd} from '../flows/upgrade/apply.ts';
import {checkForUpgrade, type Proposal} from '../flows/upgrade/check.ts';
import {decide, otherMeasurements, requireSafe, type UpgradeConsent} from '../flows/upgrade/decide.ts';
import {type UpgradeDependencies, withUpgrade} from '../flows/upgrade/dependencies.ts';
import {unfinishedPlan} from '../flows/upgrade/steer.ts';
import type {Result} from '../output/output.ts';
import {agree, canAsk} from './consent.ts';
import {vouchWishes} from './settle.ts';
import {type CommandContext, type CommandInput, type CommandModule, textFlag} from './types.ts';
import {askedFor} from './upgrade-check.ts';

const steps: readonly PhaseId[] = ['lock', 'backup', 'policies', 'control-planes', 'workers', 'retire', 'verify'];

/** Begins an upgrade, or goes on with the one that is under way. */
export const apply: CommandModule = (context, input) =>
	withExisting(context, 'upgrade', async base => {
		const deps = withUpgrade(base, context, vouchWishes(input));
		const asked = askedFor(input);
		const known = await unfinishedPlan(deps);
		if (known !== undefined) {
			refuseOther(known, asked.image);
			return ended(context, deps, known);
		}
		if (!context.yes && canAsk(context)) {
			const {upgradeInWizard} = await import('./upgrade-wizard.ts');
			return upgradeInWizard(context, deps, asked, end => upgradeResult('upgrade apply', end));
		}
		const {name, busy, proposal} = await checkForUpgrade(deps, asked);
		if (proposal === undefined)
			return {
				command: 'upgrade apply',
				data: {name, state: 'done', upToDate: true},
				lines: [`${name} is up to date: there is nothing to do.`],
			};
		if (busy) throw active();
		requireSafe(proposal);
		return ended(context, deps, await decide(deps, proposal, await consentTo(context, input, proposal)));
	});

async function ended(context: CommandContext, deps: UpgradeDependencies, file: PlanFile): Promise<Result> {
	return upgradeResult(
		'upgrade apply',
		await context.output.run('Upgrading', signal => runUpgrade(deps, file, signal), {expected: steps, detaches: true}),
	);
}

/** Unattended: what --yes does not cover must be named. */
async function consentTo(context: CommandContext, input: CommandInput, {target}: Proposal): Promise<UpgradeConsent> {
	const measurements = textFlag(input, 'accept-measurements');
	if (measurements === undefined) throw otherMeasurements(target.measurements);
	await agree(context, `Upgrade to ${target.image} as planned?`);
	return {measurements, concerns: concernsIn(textFlag(input, 'accept-concerns') ?? '')};
}

/** How an upgrade ended, for people and machines; what stands still ends with 130. */
export function upgradeResult(command: string, end: UpgradeEnd | {id: string; state: 'aborted'}): Result {
	if (end.state === 'aborted')
		return {
			command,
			data: {id: end.id, state: end.state},
			lines: ['Nothing was replaced; only the old image is accepted again.'],
		};
	if (end.state !== 'done') throw standsStill(end.id, end.state);
	const {image, nodes, verified} = end.finished;
	return {
		command,
		data: {id: end.id, state: end.state, image, nodes, verified},
		lines: [
			`${nodes.length} nodes run ${image}; ${verified.length} of them answered a fresh challenge.`,
			'Only that image is accepted now.',
		],
	};
}

function standsStill(id: string, state: 'paused' | 'mixed'): AppError {
	const next = ['constellation upgrade continue   goes on', 'constellation upgrade abort      shows how it can end'];
	const details = {id, state};
	if (state === 'mixed') {
		const message = 'The cluster stays mixed: old and new nodes are both accepted, and the upgrade is not over.';
		return new AppError(message, {code: 'upgrade-mixed', exitCode: exitCodes.cancelled, next, details});
	}
	const message = 'The upgrade is paused: the replacement that was begun is finished, no other begins.';
	return new AppError(message, {code: 'upgrade-paused', exitCode: exitCodes.cancelled, next, details});
}

function refuseOther({plan}: PlanFile, image: string | undefined): void {
	if (image === undefined || image === plan.target.image) return;
	throw new AppError(`An upgrade to ${plan.target.image} is not over yet.`, {
		code: 'upgrade-active',
		exitCode: exitCodes.preflight,
		next: ['constellation upgrade apply   goes on with it', 'constellation upgrade abort   ends it'],
	});
}

function active(): AppError {
	return new AppError('The operator of this cluster still replaces nodes.', {
		code: 'upgrade-active',
		exitCode: exitCodes.preflight,
		next: ['constellation watch --until-ready   shows when it is done'],
	});
}
