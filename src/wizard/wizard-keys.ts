import type {WizardAction} from './actions.ts';
import {equivalentCommands, focused, hasAnswers, isLong, isTextual} from './form.ts';
import type {Binding, Hint} from './keys.ts';
import {actionFor, bind, hintsFor, keySections} from './keys.ts';
import {liveBindings} from './live-keys.ts';
import type {Overlay, WizardState} from './state.ts';
import {fieldsOf, position} from './steps.ts';
import {textKeys} from './text-field.ts';
import type {StepId} from './values.ts';

/** What keys depend on: the state, the time, where the body stands and how far it can scroll in this window. */
export type KeyContext = {state: WizardState; now: number; offset: number; scrollLimit: number};

type When = (context: KeyContext) => boolean;
type WizardBinding = Binding<KeyContext, WizardAction>;

const quiet = true;
const all =
	(...conditions: When[]): When =>
	context =>
		conditions.every(condition => condition(context));
const not =
	(condition: When): When =>
	context =>
		!condition(context);
const open: When = ({state}) => state.overlay === undefined;
const over =
	(overlay: Overlay): When =>
	({state}) =>
		state.overlay === overlay;
const at = (step: StepId): When => all(open, ({state}) => state.step === step);
const form: When = all(open, ({state}) => position(state.step, state.values, state.facts) !== undefined);
const unchecked: When = ({state}) => state.step === 'measurements' && state.facts.measurements?.state !== 'done';
const choosing = all(form, not(unchecked), ({state}) => ['select', 'confirm'].includes(focused(state)?.kind ?? ''));
const beside: When = context => choosing(context) && focused(context.state)?.inline === true;
const searching: When = all(open, ({state}) => isLong(focused(state), state));
const typing: When = ({state}) =>
	state.overlay === undefined &&
	(isTextual(focused(state)) || isLong(focused(state), state)) &&
	(state.step !== 'secrets' || state.secrets.typing);
const filtered: When = ({state}) => state.filter !== '';
const calm = all(open, not(typing));
const working: When = ({state}) => state.step === 'work';
const scrolls: When = context => (!working(context) || !open(context)) && context.scrollLimit > 0;
const secretKeys = all(at('secrets'), not(typing));
const shown: When = ({state}) => state.secrets.shownUntil !== undefined;
const readable: When = ({state}) => state.secrets.secret !== undefined;
const checked = all(at('checks'), ({state}) => state.facts.checks.state !== 'running');
/** What the wizard wrote for a cloud it writes anew from the answers; a config that was there changes by hand only. */
export const isEditable = ({values, facts}: WizardState): boolean => values.provider === 'local' || facts.settled === true;
const editable: When = all(at('review'), ({state}) => isEditable(state));
const planned: When = ({state}) => state.facts.plan.state === 'done';
const planFailed: When = ({state}) => state.facts.plan.state === 'failed';
const identitiesAt =
	(...states: WizardState['facts']['identities']['state'][]): When =>
	({state}) =>
		states.includes(state.facts.identities.state);
const agreeable = identitiesAt('planned', 'made');
const making: When = all(({state}) => state.step === 'identities', identitiesAt('making'));
const refusedSource: When = ({state}) => state.facts.measurements?.state === 'failed';
const several: When = context =>
	typing(context) && fieldsOf(context.state.step, context.state.values, context.state.facts).length > 1;
// The identities have an Enter of their own, and none while Terraform is at work; what was not checked cannot be agreed to.
const waiting: When = context => context.state.step === 'identities' || unchecked(context);
const severalCommands: When = ({state: {values, facts}}) => equivalentCommands(values, facts).length > 1;
const removable: When = context => {
	const {live, removing} = context.state;
	const began = live.view.phases.some(({id}) => id === 'machines');
	return at('work')(context) && live.work === 'failed' && !live.typing && began && removing === undefined;
};
const nothingToLose: When = context => over('leave')(context) || !hasAnswers(context.state) || !form(context);

const table: readonly WizardBinding[] = [
	bind('questions', ['left', 'h', 'up'], '←→', 'choose', beside, {type: 'choose', by: -1}),
	bind('questions', ['right', 'l', 'down'], '←→', 'choose', beside, {type: 'choose', by: 1}, quiet),
	bind('questions', ['up', 'k'], '↑↓', 'choose', all(choosing, not(beside)), {type: 'choose', by: -1}),
	bind('questions', ['down', 'j'], '↑↓', 'choose', all(choosing, not(beside)), {type: 'choose', by: 1}, quiet),
	bind('long lists', ['pageup'], 'pgup', 'ten up', searching, {type: 'choose', by: -10}, quiet),
	bind('long lists', ['pagedown'], 'pgdn', 'ten down', searching, {type: 'choose', by: 10}, quiet),
	bind('long lists', ['escape'], 'esc', 'show all', all(searching, filtered), {type: 'back'}),
	bind('numbers', ['up'], '↑↓', 'more or less', at('nodes'), {type: 'choose', by: 1}),
	bind('numbers', ['down'], '↑↓', 'more or less', at('nodes'), {type: 'choose', by: -1}, quiet),
	bind('numbers', ['tab'], 'tab', 'next field', at('nodes'), ({state}) => ({type: 'focus', by: state.focus === 0 ? 1 : -1})),
	bind('text fields', ['tab', 'down'], 'tab', 'next line', all(form, several), {type: 'focus', by: 1}),
	bind('text fields', ['up'], '↑', 'line above', all(form, several), {type: 'focus', by: -1}, quiet),
	bind('review', ['enter'], 'enter', 'confirm', at('review'), {type: 'next'}),
	bind('identities', ['enter'], 'enter', 'confirm', all(at('identities'), agreeable), {type: 'next'}),
	bind('identities', ['r'], 'r', 'try again', all(at('identities'), identitiesAt('failed')), {type: 'again'}),
	bind('identities', ['p'], 'p', 'plan', all(at('identities'), identitiesAt('planned')), {type: 'overlay', overlay: 'plan'}),
	bind('identities', ['ctrl-c'], 'ctrl-c', 'stop cleanly', making, {type: 'stop'}),
	bind('removal', ['enter'], 'enter', 'remove', at('removal'), {type: 'next'}),
	bind('removal', ['escape'], 'esc', 'back', at('removal'), {type: 'back'}),
	bind('questions', ['enter'], 'enter', 'continue', all(form, not(waiting)), {type: 'next'}),
	bind('secrets', ['enter'], 'enter', 'answer', secretKeys, {type: 'next'}),
	bind('secrets', ['enter'], 'enter', 'go on', all(at('secrets'), typing), {type: 'next'}),
	bind('secrets', ['escape'], 'esc', 'keys', all(at('secrets'), typing), {type: 'back'}),
	bind('secrets', ['s'], 's', 'show for 30 s', all(secretKeys, readable, not(shown)), ({now}) => ({type: 'reveal', now})),
	bind('secrets', ['s'], 's', 'hide', all(secretKeys, shown), ({now}) => ({type: 'reveal', now})),
	bind('secrets', ['c'], 'c', 'copy', all(secretKeys, readable), {type: 'copy', what: 'secret'}),
	bind('secrets', ['i'], 'i', 'copy the cluster ID', secretKeys, {type: 'copy', what: 'cluster-id'}),
	bind('secrets', ['k'], 'k', 'recovery card', secretKeys, {type: 'card'}),
	bind('summary', ['enter', 'q'], 'enter', 'leave', at('summary'), {type: 'next'}),
	bind(
		'summary',
		['escape'],
		'esc',
		'back',
		all(at('summary'), ({state}) => state.reached === undefined),
		{type: 'back'},
	),
	bind('live view', ['x'], 'x', 'remove', removable, {type: 'remove'}),
	bind('checks', ['r'], 'r', 'check again', checked, {type: 'again'}),
	bind('review', ['r'], 'r', 'plan again', all(at('review'), planFailed), {type: 'again'}),
	bind('measurements', ['r'], 'r', 'ask again', all(at('measurements'), refusedSource), {type: 'again'}),
	bind('review', ['p'], 'p', 'plan', all(at('review'), planned), {type: 'overlay', overlay: 'plan'}),
	bind('review', ['c'], 'c', 'commands', all(at('review'), severalCommands), {type: 'overlay', overlay: 'commands'}),
	bind('leaving', ['enter', 'y'], 'enter', 'leave', over('leave'), {type: 'leave'}),
	bind('everywhere', ['escape'], 'esc', 'close', not(open), {type: 'close'}),
	bind('questions', ['escape'], 'esc', 'back', all(form, not(making)), {type: 'back'}),
	bind('questions', ['left', 'h'], '←', 'back', all(form, calm), {type: 'back'}, quiet),
	bind('questions', ['shift-tab'], 'shift-tab', 'back', form, {type: 'back'}, quiet),
	bind(
		'live view',
		['escape'],
		'esc',
		'back',
		all(at('work'), ({state}) => state.live.work === 'failed'),
		{type: 'back'},
	),
	bind(
		'everywhere',
		['pagedown'],
		'pgdn',
		'more',
		all(scrolls, c => c.offset < c.scrollLimit),
		scroll(5),
	),
	bind(
		'everywhere',
		['pageup'],
		'pgup',
		'up',
		all(scrolls, c => c.offset > 0),
		scroll(-5),
	),
	bind('questions', ['e'], 'e', 'explain', all(form, calm), {type: 'overlay', overlay: 'explain'}),
	bind('text fields', ['f2'], 'f2', 'explain', all(form, typing), {type: 'overlay', overlay: 'explain'}),
	bind('everywhere', ['e', 'f2'], 'e', 'close', over('explain'), {type: 'close'}, quiet),
	bind('review', ['p'], 'p', 'close', over('plan'), {type: 'close'}, quiet),
	bind('review', ['c'], 'c', 'close', over('commands'), {type: 'close'}, quiet),
	bind('everywhere', ['?', 'f1'], '?', 'close', over('help'), {type: 'close'}, quiet),
	bind('review', ['v'], 'v', 'edit config', editable, {type: 'edit-config'}),
	bind('everywhere', ['?'], '?', 'keys', all(calm, not(working)), {type: 'overlay', overlay: 'help'}),
	bind('text fields', ['f1'], 'f1', 'keys', typing, {type: 'overlay', overlay: 'help'}),
	bind('everywhere', ['ctrl-c'], 'ctrl-c', 'leave', all(not(working), not(making), nothingToLose), {type: 'leave'}),
	bind('everywhere', ['ctrl-c'], 'ctrl-c', 'leave', all(not(working), not(making)), {type: 'overlay', overlay: 'leave'}),
];

function scroll(by: number): (context: KeyContext) => WizardAction {
	return ({offset, scrollLimit}) => ({type: 'scroll', to: Math.max(0, Math.min(scrollLimit, offset + by))});
}

// The work step speaks with the keys of the live view.
const fromLive = liveBindings.map(
	({when, action, ...binding}): WizardBinding => ({
		...binding,
		// Ctrl-C must stop the work whatever covers it.
		when: context => working(context) && (open(context) || binding.keys.includes('ctrl-c')) && when(context.state.live),
		action: ({state}) => {
			const wanted = action(state.live);
			switch (wanted.type) {
				case 'stop':
				case 'leave':
					return {type: wanted.type};
				case 'retry':
					return {type: 'again'};
				case 'help':
					return {type: 'overlay', overlay: 'help'};
				default:
					return {type: 'live', action: wanted};
			}
		},
	}),
);

export const wizardBindings: readonly WizardBinding[] = [...fromLive, ...table];

/** What a key does now: what the table says, else what it does in the text field that has the focus. */
export function wizardAction(context: KeyContext, key: string): WizardAction | undefined {
	const bound = actionFor(wizardBindings, context, key);
	const edit = textKeys[key];
	if (bound !== undefined || edit === undefined) return bound;
	if (filtering(context)) return {type: 'live', action: {type: 'filter-edit', edit}};
	return typing(context) ? {type: 'edit', edit} : undefined;
}

/** Whether text goes into a field as it is; else each character may be a key. */
export function takesText(context: KeyContext): boolean {
	return filtering(context) || typing(context);
}

/** What a piece of text does now: typed into the field, or, one character at a time, what its key does. */
export function wizardText(context: KeyContext, text: string, pasted: boolean): WizardAction | undefined {
	const edit = {edit: 'insert', text} as const;
	if (filtering(context)) return {type: 'live', action: {type: 'filter-edit', edit}};
	if (typing(context) || (pasted && at('secrets')(context))) return {type: 'edit', edit};
	if (pasted) return undefined;
	const bound = actionFor(wizardBindings, context, text === ' ' ? 'space' : text);
	return bound ?? (at('secrets')(context) ? {type: 'edit', edit} : undefined);
}

function filtering(context: KeyContext): boolean {
	return at('work')(context) && context.state.live.typing;
}

/** The keys that work now; of two that look the same, the one that wins. */
export function wizardHints(context: KeyContext): Hint[] {
	const seen = new Set<string>();
	return hintsFor(wizardBindings, context).filter(hint => !seen.has(hint.shown) && seen.add(hint.shown));
}

const livePlaces = new Set(liveBindings.map(binding => binding.where));

/** All keys by place, with those of text fields: for the docs, and (with a state) those of its screen for the help, first what works there. */
export function wizardKeySections(state?: WizardState): ReturnType<typeof keySections> {
	const editing = [
		{shown: 'ctrl-a ctrl-e', hint: 'start, end'},
		{shown: 'ctrl-u ctrl-k', hint: 'delete to start, to end'},
		{shown: 'ctrl-w', hint: 'delete a word'},
		{shown: 'alt-b alt-f', hint: 'a word left, right'},
	];
	const sections = [...keySections(wizardBindings), {where: 'editing text', keys: editing}];
	if (state === undefined) return sections;
	const {overlay: _, ...uncovered} = state;
	const context = {state: uncovered, now: 0, offset: 0, scrollLimit: 0};
	const here = new Set(wizardBindings.filter(({when}) => when(context)).map(({where}) => where));
	if (typing(context)) here.add('editing text');
	return sections
		.filter(({where}) => livePlaces.has(where) === (state.step === 'work'))
		.sort((a, b) => Number(here.has(b.where)) - Number(here.has(a.where)));
}
