import {textOf, wrap} from '../../components/lines.ts';
import {stepWords} from '../../components/wizard-frame.ts';
import {emptyView} from '../fold.ts';
import {oneLine} from '../text.ts';
import {concerns, stopping, stoppingOnly} from '../wizard/checks.ts';
import type {WizardDeps, WizardResult} from '../wizard/deps.ts';
import {formatDraft} from '../wizard/draft.ts';
import {foldFacts} from '../wizard/facts.ts';
import {judge, neighbour, optionsOf} from '../wizard/form.ts';
import {reduce} from '../wizard/reducer.ts';
import type {WizardState} from '../wizard/state.ts';
import {answersOf} from '../wizard/state.ts';
import type {Field} from '../wizard/steps/step.ts';
import {fieldsOf, position, stepOf} from '../wizard/steps.ts';
import type {StepId} from '../wizard/values.ts';
import {folderReport} from '../wizard/values.ts';
import type {Asker} from './asker.ts';
import {plainLines} from './plain-lines.ts';
import {openAsker} from './prompts.ts';
import type {OutputOptions} from './types.ts';
import {untilInterrupt} from './until-interrupt.ts';
import {type Reviewed, review} from './wizard-lines-review.ts';
import {finish, identities, measurements, type Room, type Say} from './wizard-lines-work.ts';

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

async function converse(start: WizardState, room: Room): Promise<WizardResult> {
	const {deps, options} = room;
	const say = (text: string) => {
		const width = Math.min(options.stdout.columns, 100) - 1;
		for (const line of text.split('\n')) options.stdout.write(`${textOf(wrap(line, width))}\n`);
	};
	const isNew = start.facts.settled !== true;
	say(
		isNew
			? `Setup of a new cluster. Type ${backWord} to go back, Ctrl-C to leave; answers are kept.`
			: `Review of ${start.values.name}.`,
	);
	let state = reduce(start, {type: 'versions', versions: await deps.versions()});
	let step: StepId | undefined = start.step;
	while (step !== undefined && position(step, state.values, state.facts) !== undefined) {
		// Entering it fills in what fits the answers before.
		state = reduce({...state, step}, {type: 'draft', values: {}});
		say('');
		say(`${stepWords(state)}. ${stepOf(step).question}`);
		say(stepOf(step).why);
		if (step === 'review') {
			const reviewed: Reviewed = await review(state, room, say);
			if (reviewed === undefined) return {outcome: 'left'};
			if (reviewed === 'save') return {outcome: 'saved', answers: answersOf(state.values, state.facts)};
			if (reviewed === 'back') {
				if (state.facts.settled === true) return {outcome: 'left'};
				step = neighbour(state, -1);
			} else if ('plan' in reviewed) return finish(state, reviewed.plan, room);
			else state = reviewed.edited;
			continue;
		}
		const answer = asks[step] ?? ask;
		const at = state;
		const answered = await untilInterrupt(options.signals, signal => answer(at, room, say, signal));
		if (answered === undefined) return {outcome: 'left'};
		if (answered !== 'back') {
			state = answered;
			await deps.saveDraft(formatDraft(state.values));
		}
		step = neighbour({...state, step}, answered === 'back' ? -1 : 1) ?? step;
	}
	return {outcome: 'left'};
}

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
	const asked = before.values.folder;
	let state = reduce(before, {type: 'checks', asked, state: 'running'});
	for await (const event of deps.checks(asked, signal)) {
		const {type, at: _, ...check} = event;
		state = reduce(state, {type, asked, check});
		if (concerns(check, state.values)) for (const line of plainLines(event, emptyView)) say(line);
	}
	state = reduce(state, {type: 'checks', asked, state: 'done'});
	if (stopping(state.facts).length === 0) {
		if (stoppingOnly(state.facts, state.values.provider).length > 0)
			say('What failed matters only for nodes on this machine; a cloud can be chosen all the same.');
		return state;
	}
	const choice = await asker.choose('Something is in the way. What now?', [
		{value: 'again', title: 'Check again'},
		{value: 'back', title: 'Back'},
	]);
	if (choice === 'again') return checks(before, {deps, options, asker}, say, signal);
	return choice;
}
