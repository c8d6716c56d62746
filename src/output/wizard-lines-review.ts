import {textOf} from '../../components/lines.ts';
import {reviewBody} from '../../components/steps/review.ts';
import {createTheme, drawable} from '../../components/theme.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {Plan} from '../wizard/deps.ts';
import {foldFacts} from '../wizard/facts.ts';
import {optionsOf} from '../wizard/form.ts';
import {reduce} from '../wizard/reducer.ts';
import type {WizardState} from '../wizard/state.ts';
import {answersKey, answersOf} from '../wizard/state.ts';
import {fieldsOf} from '../wizard/steps.ts';
import {isEditable} from '../wizard/wizard-keys.ts';
import type {Choice} from './asker.ts';
import {describeError, errorLines} from './describe-error.ts';
import {openEditor} from './editor.ts';
import {plainOutput} from './plain.ts';
import type {Room, Say} from './wizard-lines-work.ts';

/** What came of the review: consent to a plan, answers that were edited, or where to go. */
export type Reviewed = {plan: Plan} | {edited: WizardState} | 'save' | 'back' | undefined;

type Chosen = 'create' | 'save' | 'back' | 'again' | 'edit';

/** Plans, shows what would happen and asks. A plan that fails is told; the config can be mended by hand then. */
export async function review(state: WizardState, room: Room, say: Say): Promise<Reviewed> {
	const {deps, asker} = room;
	const plan = await planOrTell(state, room, say);
	const choices = plan === undefined ? afterFailure : told(foldFacts(state, planned(state, plan)), deps.now(), say);
	const choice = await asker.choose<Chosen>('What now?', [...choices, ...(isEditable(state) ? [editing] : [])]);
	switch (choice) {
		case 'edit':
			return {edited: await edit(state, room, say)};
		case 'again':
			return {edited: state};
		case 'save':
			await deps.saveConfig(answersOf(state.values, state.facts));
			return 'save';
		case 'create':
			return plan === undefined ? undefined : {plan};
		default:
			return choice;
	}
}

const editing: Choice<Chosen> = {value: 'edit', title: 'Edit the config by hand'};
const afterFailure: readonly Choice<Chosen>[] = [
	{value: 'again', title: 'Plan again'},
	{value: 'back', title: 'Back'},
];

const planned = (state: WizardState, plan: Plan) =>
	({type: 'plan', asked: answersKey(state.values), state: 'done', plan}) as const;

async function planOrTell(state: WizardState, {deps, options}: Room, say: Say): Promise<Plan | undefined> {
	try {
		const answers = answersOf(state.values, state.facts);
		return await plainOutput(options).run('planning', signal => deps.plan(answers, signal));
	} catch (error) {
		if (!(error instanceof AppError) || error.exitCode === exitCodes.cancelled) throw error;
		for (const line of errorLines(describeError(error, deps.crashReport))) say(line);
		return undefined;
	}
}

/** Says the review as the screen has it, and gives its choices. */
function told(state: WizardState, now: number, say: Say): Choice<Chosen>[] {
	const theme = createTheme({colour: false, unicode: false, motion: false});
	const {lines, focus = 0} = reviewBody(state, 78, theme, now);
	say(drawable(textOf(lines.slice(0, focus)), theme));
	const [consent] = fieldsOf('review', state.values, state.facts);
	const offered = consent === undefined ? [] : optionsOf(consent, state);
	return offered.flatMap(({value, title}) => (isChoice(value) ? [{value, title}] : []));
}

const isChoice = (value: string): value is Chosen => ['create', 'save', 'back'].includes(value);

/** The answers as the person's own editor left the config. What is wrong with it the next plan says. */
async function edit(state: WizardState, {deps, options, asker}: Room, say: Say): Promise<WizardState> {
	const open = (file: string) => asker.aside(() => openEditor(file, options.env));
	try {
		return reduce(state, {type: 'edited', values: await deps.editConfig(answersOf(state.values, state.facts), open)});
	} catch (error) {
		if (!(error instanceof AppError)) throw error;
		if (error.code === 'editor-failed') for (const line of errorLines(describeError(error, deps.crashReport))) say(line);
		return state;
	}
}
