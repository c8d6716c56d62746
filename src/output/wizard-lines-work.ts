import {AppError, exitCodes} from '../errors.ts';
import type {ClusterSummary} from '../events.ts';
import type {Answers, Plan, WizardDeps, WizardResult} from '../wizard/deps.ts';
import {foldFacts} from '../wizard/facts.ts';
import {optionsOf} from '../wizard/form.ts';
import {reduce} from '../wizard/reducer.ts';
import {copyVerdict} from '../wizard/secrets.ts';
import type {WizardState} from '../wizard/state.ts';
import {answersOf} from '../wizard/state.ts';
import {nothingToMake} from '../wizard/steps/account.ts';
import {fieldsOf} from '../wizard/steps.ts';
import {measurementsKey} from '../wizard/values.ts';
import {vouchedRows} from '../wizard/vouched-view.ts';
import type {Asker} from './asker.ts';
import {describeError, errorLines} from './describe-error.ts';
import {plainOutput} from './plain.ts';
import type {OutputOptions} from './types.ts';

export type Room = {deps: WizardDeps; options: OutputOptions; asker: Asker};
export type Say = (line: string) => void;

/** Plan, consent, making: what the nodes' identities are named is an answer then. */
export async function identities(
	before: WizardState,
	{deps, options, asker}: Room,
	say: Say,
): Promise<WizardState | 'back' | undefined> {
	const answers = answersOf(before.values, before.facts);
	const output = plainOutput(options);
	try {
		// The plan is told as it comes in.
		const plan = await output.run('planning the identities', signal => deps.planIdentities(answers, signal));
		const choice = await asker.choose('What now?', [
			{value: 'make', title: nothingToMake(plan) ? 'Use them' : 'Make them'},
			{value: 'back', title: 'Back'},
		]);
		if (choice !== 'make') return choice;
		const values = await output.run('making the identities', signal => deps.makeIdentities(answers, plan, signal));
		return reduce(before, {type: 'draft', values});
	} catch (error) {
		if (!(error instanceof AppError) || error.exitCode === exitCodes.cancelled) throw error;
		for (const line of errorLines(describeError(error, deps.crashReport))) say(line);
		return (await tryAgain(asker)) === 'again' ? identities(before, {deps, options, asker}, say) : 'back';
	}
}

/** What a source of measurements says is shown, and agreed to by itself. */
export async function measurements(
	before: WizardState,
	{deps, asker}: Room,
	say: Say,
	signal: AbortSignal,
): Promise<WizardState | 'back' | undefined> {
	try {
		const asked = measurementsKey(before.values);
		const vouched = await deps.vouch(answersOf(before.values, before.facts), signal);
		const state = foldFacts(before, {type: 'measurements', fact: {asked, state: 'done', vouched}});
		for (const {label, text} of vouchedRows(vouched)) say(`${label}: ${text}`);
		const [field] = fieldsOf('measurements', state.values, state.facts);
		const choice = field === undefined ? undefined : await asker.choose('Do you trust them?', optionsOf(field, state));
		if (choice === undefined || choice === 'decline') return choice === undefined ? undefined : 'back';
		return reduce(state, {type: 'draft', values: {measurementsConsent: choice}});
	} catch (error) {
		if (!(error instanceof AppError) || error.exitCode === exitCodes.cancelled) throw error;
		for (const line of errorLines(describeError(error, deps.crashReport))) say(line);
		return 'back';
	}
}

const tryAgain = (asker: Asker) =>
	asker.choose('What now?', [
		{value: 'again', title: 'Try again; what exists is gone on with'},
		{value: 'back', title: 'Back'},
	]);

/** Creates; after a failure it goes on, takes everything back, or leaves things as they are: never by itself. */
export async function finish(state: WizardState, plan: Plan, room: Room): Promise<WizardResult> {
	const {deps, options, asker} = room;
	const answers = answersOf(state.values, state.facts);
	const output = plainOutput(options);
	for (;;) {
		try {
			const summary = await output.run(`creating ${answers.name}`, signal => deps.apply(answers, plan, signal));
			return await acknowledge(answers, summary, room);
		} catch (error) {
			if (!(error instanceof AppError) || error.exitCode !== exitCodes.infrastructure) {
				if (error instanceof AppError && error.code === 'no-node-image') await deps.removeDraft();
				throw error;
			}
			output.fail(error);
			const choice = await asker.choose('What now?', [
				{value: 'again', title: 'Try again; what exists is gone on with'},
				{value: 'remove', title: 'Remove what was made'},
				{value: 'leave', title: 'Leave things as they are'},
			]);
			if (choice === 'again') continue;
			const name = choice === 'remove' ? await asker.ask(`Type ${answers.name} to remove it all`) : undefined;
			if (name !== answers.name) throw error;
			return {outcome: 'removed', answers, removed: await output.run('removing', signal => deps.remove(answers, signal))};
		}
	}
}

async function acknowledge(answers: Answers, summary: ClusterSummary, {deps, options, asker}: Room): Promise<WizardResult> {
	await deps.removeDraft();
	const secret = await deps.masterSecret(answers);
	options.stdout.write(`The master secret is in ${summary.files.masterSecret} (0600, plain text). It recovers every node.\n`);
	const answer = await asker.ask('Have you stored a copy? Last 6 characters of its key, or "later"', {
		initial: 'later',
		validate: value => (copyVerdict(value, secret) === undefined ? 'These are not the last 6 characters of the key.' : undefined),
	});
	const copyConfirmed = answer !== undefined && copyVerdict(answer, secret) === 'confirmed';
	await deps.copyConfirmed(answers, copyConfirmed);
	return {outcome: 'created', answers, summary, copyConfirmed};
}
