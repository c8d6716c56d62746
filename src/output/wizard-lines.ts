import {textOf, wrap} from '../../components/lines.ts';
import {reviewBody} from '../../components/steps/review.ts';
import {createTheme, drawable} from '../../components/theme.ts';
import {stepWords} from '../../components/wizard-frame.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {ClusterSummary} from '../events.ts';
import {emptyView} from '../fold.ts';
import {oneLine} from '../text.ts';
import type {Answers, Plan, WizardDeps, WizardResult} from '../wizard/deps.ts';
import {formatDraft} from '../wizard/draft.ts';
import {foldFacts} from '../wizard/facts.ts';
import {judge, neighbour, optionsOf} from '../wizard/form.ts';
import {reduce} from '../wizard/reducer.ts';
import {copyVerdict} from '../wizard/secrets.ts';
import type {WizardState} from '../wizard/state.ts';
import {answersKey, answersOf} from '../wizard/state.ts';
import {nothingToMake} from '../wizard/steps/account.ts';
import type {Field} from '../wizard/steps/step.ts';
import {fieldsOf, position, stepOf} from '../wizard/steps.ts';
import type {StepId} from '../wizard/values.ts';
import {folderReport, measurementsKey} from '../wizard/values.ts';
import {vouchedRows} from '../wizard/vouched-view.ts';
import type {Asker} from './asker.ts';
import {describeError, errorLines} from './describe-error.ts';
import {plainOutput} from './plain.ts';
import {plainLines} from './plain-lines.ts';
import {openAsker} from './prompts.ts';
import type {OutputOptions} from './types.ts';

const backWord = '<';

/** The same wizard one line at a time: the step table asks, `<` goes back, answers are kept. No escape moves the cursor. */
export async function wizardInLines(start: WizardState, deps: WizardDeps, options: OutputOptions): Promise<WizardResult> {
	const asker = await openAsker(options);
	try {
		return await converse(start, {deps, options, asker});
	} finally {
		asker.close();
	}
}

type Room = {deps: WizardDeps; options: OutputOptions; asker: Asker};

async function converse(start: WizardState, room: Room): Promise<WizardResult> {
	const {deps, options} = room;
	const say = (text: string) => {
		const width = Math.min(options.stdout.columns, 100) - 1;
		for (const line of text.split('\n')) options.stdout.write(`${textOf(wrap(line, width))}\n`);
	};
	const abort = new AbortController();
	say(`Setup of a new cluster. Type ${backWord} to go back, Ctrl-C to leave; answers are kept.`);
	let state = reduce(start, {type: 'versions', versions: await deps.versions()});
	let step: StepId | undefined = start.step;
	while (step !== undefined && position(step, state.values, state.facts) !== undefined) {
		// Entering it fills in what fits the answers before.
		state = reduce({...state, step}, {type: 'draft', values: {}});
		say('');
		say(`${stepWords(state)}. ${stepOf(step).question}`);
		say(stepOf(step).why);
		if (step === 'review') {
			const choice = await review(state, room, say);
			if (choice === undefined) return {outcome: 'left'};
			if (choice.plan !== undefined) return finish(state, choice.plan, room);
			if (choice.saved) return {outcome: 'saved', answers: answersOf(state.values, state.facts)};
			if (state.facts.settled === true) return {outcome: 'left'};
			step = neighbour(state, -1);
			continue;
		}
		const answer = asks[step] ?? ask;
		const answered: WizardState | 'back' | undefined = await answer(state, room, say, abort.signal);
		if (answered === undefined) return {outcome: 'left'};
		if (answered !== 'back') {
			state = answered;
			await deps.saveDraft(formatDraft(state.values));
		}
		step = neighbour({...state, step}, answered === 'back' ? -1 : 1) ?? step;
	}
	return {outcome: 'left'};
}

type Say = (line: string) => void;
type Answer = (state: WizardState, room: Room, say: Say, signal: AbortSignal) => Promise<WizardState | 'back' | undefined>;

/** Steps that do more than ask. */
const asks: Partial<Record<StepId, Answer>> = {checks, identities, measurements};

async function ask(
	before: WizardState,
	{deps, asker}: Room,
	say: Say,
	signal: AbortSignal,
): Promise<WizardState | 'back' | undefined> {
	let state = before;
	for (let index = 0; ; index += 1) {
		const field = fieldsOf(state.step, state.values, state.facts)[index];
		if (field === undefined) return state;
		const value = await askField(field, state, asker);
		if (value === undefined) return undefined;
		if (value === backWord) return 'back';
		state = reduce(state, {type: 'draft', values: {[field.id]: value}});
		if (field.id === 'folder') {
			state = foldFacts(state, {type: 'folder', asked: value, report: await deps.folder(value, signal)});
		}
		const notes = field.id === 'folder' ? (folderReport(state.values, state.facts)?.notes ?? []) : [];
		for (const note of notes) say(oneLine(note));
		const {error, warning} = judge(field, state);
		if (warning !== undefined) say(`Note: ${warning}`);
		if (error !== undefined) {
			say(error);
			index -= 1;
		}
	}
}

async function askField(field: Field, state: WizardState, asker: Asker): Promise<string | undefined> {
	const initial = state.values[field.id];
	if (field.kind === 'confirm') {
		const yes = await asker.agree(field.label, initial === 'yes');
		return yes === undefined ? undefined : yes ? 'yes' : 'no';
	}
	if (field.kind === 'select') {
		const choices = optionsOf(field, state).map(({value, title, detail, status, disabled}) => ({
			value,
			title,
			detail: [detail, status].filter(Boolean).join(', '),
			...(disabled === undefined ? {} : {disabled}),
		}));
		return asker.choose(field.label, [...choices, {value: backWord, title: 'Back'}], initial);
	}
	return asker.ask(field.hint === undefined ? field.label : `${field.label} (${field.hint})`, {
		initial,
		validate: value => {
			if (value === backWord) return undefined;
			return judge(field, {...state, values: {...state.values, [field.id]: value}}).error;
		},
	});
}

async function checks(
	before: WizardState,
	{deps, options, asker}: Room,
	say: Say,
	signal: AbortSignal,
): Promise<WizardState | 'back' | undefined> {
	let failed = 0;
	for await (const event of deps.checks(before.values.folder, signal)) {
		for (const line of plainLines(event, emptyView)) say(line);
		if (event.state === 'failed') failed += 1;
	}
	if (failed === 0) return before;
	const choice = await asker.choose('Something is in the way. What now?', [
		{value: 'again', title: 'Check again'},
		{value: 'back', title: 'Back'},
	]);
	if (choice === 'again') return checks(before, {deps, options, asker}, say, signal);
	return choice;
}

async function review(
	state: WizardState,
	{deps, options, asker}: Room,
	say: Say,
): Promise<{plan?: Plan; saved?: boolean} | undefined> {
	const answers = answersOf(state.values, state.facts);
	const plan = await plainOutput(options).run('planning', signal => deps.plan(answers, signal));
	const asked = answersKey(state.values);
	const planned = foldFacts(state, {type: 'plan', asked, state: 'done', plan});
	const theme = createTheme({colour: false, unicode: false, motion: false});
	const {lines, focus = 0} = reviewBody(planned, 78, theme, deps.now());
	say(drawable(textOf(lines.slice(0, focus)), theme));
	const [consent] = fieldsOf('review', planned.values, planned.facts);
	const choices = consent === undefined ? [] : optionsOf(consent, planned);
	const choice = await asker.choose(
		'What now?',
		choices.map(({value, title}) => ({value, title})),
	);
	if (choice === 'save') await deps.saveConfig(answers);
	if (choice === undefined) return undefined;
	return choice === 'create' ? {plan} : {saved: choice === 'save'};
}

/** Plan, consent, making: what the nodes' identities are named is an answer then. */
async function identities(
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
async function measurements(
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
async function finish(state: WizardState, plan: Plan, room: Room): Promise<WizardResult> {
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
