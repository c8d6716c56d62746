import type {WizardAction} from './actions.ts';
import {focused, hasAnswers, isTextual} from './form.ts';
import type {Binding, Hint} from './keys.ts';
import {actionFor, hintsFor, keySections} from './keys.ts';
import {liveBindings} from './live-keys.ts';
import type {WizardState} from './state.ts';
import {position} from './steps.ts';
import {textKeys} from './text-field.ts';

/** What keys depend on: the state, the time, and how far the body can scroll in this window. */
export type KeyContext = {state: WizardState; now: number; scrollLimit: number};

type WizardBinding = Binding<KeyContext, WizardAction>;

const body = ({state}: KeyContext) => state.overlay === undefined;
const form = (context: KeyContext) => body(context) && position(context.state.step) !== undefined;
const field = ({state}: KeyContext) => focused(state);
const selecting = (context: KeyContext) =>
	form(context) && (field(context)?.kind === 'select' || field(context)?.kind === 'confirm');
const typing = (context: KeyContext) => body(context) && isTextual(field(context));
const onStep = (context: KeyContext, step: WizardState['step']) => body(context) && context.state.step === step;
const several = (context: KeyContext) => form(context) && context.state.step === 'nodes';

const table: readonly WizardBinding[] = [
	{
		keys: ['up', 'k'],
		shown: '↑↓',
		hint: 'choose',
		where: 'questions',
		when: selecting,
		action: () => ({type: 'choose', by: -1}),
	},
	{
		keys: ['down', 'j'],
		shown: '↑↓',
		hint: 'choose',
		where: 'questions',
		quiet: true,
		when: selecting,
		action: () => ({type: 'choose', by: 1}),
	},
	{
		keys: ['up'],
		shown: '↑↓',
		hint: 'more or less',
		where: 'numbers',
		when: several,
		action: () => ({type: 'choose', by: 1}),
	},
	{
		keys: ['down'],
		shown: '↑↓',
		hint: 'more or less',
		where: 'numbers',
		quiet: true,
		when: several,
		action: () => ({type: 'choose', by: -1}),
	},
	{
		keys: ['tab'],
		shown: 'tab',
		hint: 'next field',
		where: 'numbers',
		when: several,
		action: ({state}) => ({type: 'focus', by: state.focus === 0 ? 1 : -1}),
	},
	{
		keys: ['enter'],
		shown: 'enter',
		hint: 'continue',
		where: 'questions',
		when: form,
		action: () => ({type: 'next'}),
	},
	{
		keys: ['enter'],
		shown: 'enter',
		hint: 'go on',
		where: 'secrets',
		when: context => onStep(context, 'secrets'),
		action: () => ({type: 'next'}),
	},
	{
		keys: ['enter', 'q'],
		shown: 'enter',
		hint: 'leave',
		where: 'summary',
		when: context => onStep(context, 'summary'),
		action: () => ({type: 'next'}),
	},
	{
		keys: ['s'],
		shown: 's',
		hint: 'show for 30 s',
		where: 'secrets',
		when: context => secretsKey(context) && context.state.secrets.shownUntil === undefined,
		action: ({now}) => ({type: 'reveal', now}),
	},
	{
		keys: ['s'],
		shown: 's',
		hint: 'hide',
		where: 'secrets',
		when: context => secretsKey(context) && context.state.secrets.shownUntil !== undefined,
		action: ({now}) => ({type: 'reveal', now}),
	},
	{
		keys: ['c'],
		shown: 'c',
		hint: 'copy',
		where: 'secrets',
		when: context => secretsKey(context) && context.state.secrets.secret !== undefined,
		action: () => ({type: 'copy', what: 'secret'}),
	},
	{
		keys: ['i'],
		shown: 'i',
		hint: 'copy the cluster ID',
		where: 'secrets',
		when: secretsKey,
		action: () => ({type: 'copy', what: 'cluster-id'}),
	},
	{
		keys: ['k'],
		shown: 'k',
		hint: 'recovery card',
		where: 'secrets',
		when: secretsKey,
		action: () => ({type: 'card'}),
	},
	{
		keys: ['r'],
		shown: 'r',
		hint: 'check again',
		where: 'checks',
		when: context => onStep(context, 'checks') && context.state.facts.checks.state !== 'running',
		action: () => ({type: 'again'}),
	},
	{
		keys: ['r'],
		shown: 'r',
		hint: 'plan again',
		where: 'review',
		when: context => onStep(context, 'review') && context.state.facts.plan.state === 'failed',
		action: () => ({type: 'again'}),
	},
	{
		keys: ['p'],
		shown: 'p',
		hint: 'plan',
		where: 'review',
		when: context => onStep(context, 'review') && context.state.facts.plan.state === 'done',
		action: () => ({type: 'overlay', overlay: 'plan'}),
	},
	{
		keys: ['escape'],
		shown: 'esc',
		hint: 'close',
		where: 'everywhere',
		when: ({state}) => state.overlay !== undefined,
		action: () => ({type: 'close'}),
	},
	{
		keys: ['escape'],
		shown: 'esc',
		hint: 'back',
		where: 'questions',
		when: form,
		action: () => ({type: 'back'}),
	},
	{
		keys: ['left', 'h'],
		shown: '←',
		hint: 'back',
		where: 'questions',
		quiet: true,
		when: context => form(context) && !typing(context),
		action: () => ({type: 'back'}),
	},
	{
		keys: ['shift-tab'],
		shown: 'shift-tab',
		hint: 'back',
		where: 'questions',
		quiet: true,
		when: form,
		action: () => ({type: 'back'}),
	},
	{
		keys: ['escape'],
		shown: 'esc',
		hint: 'back to the review',
		where: 'live view',
		when: context => onStep(context, 'work') && context.state.live.work === 'failed',
		action: () => ({type: 'back'}),
	},
	{
		keys: ['escape'],
		shown: 'esc',
		hint: 'back',
		where: 'summary',
		when: context => onStep(context, 'summary'),
		action: () => ({type: 'back'}),
	},
	{
		keys: ['pagedown'],
		shown: 'pgdn',
		hint: 'more',
		where: 'everywhere',
		when: ({state, scrollLimit}) => state.step !== 'work' && scrollLimit > 0 && state.scroll < scrollLimit,
		action: ({scrollLimit}) => ({type: 'scroll', by: 5, limit: scrollLimit}),
	},
	{
		keys: ['pageup'],
		shown: 'pgup',
		hint: 'up',
		where: 'everywhere',
		when: ({state, scrollLimit}) => state.step !== 'work' && scrollLimit > 0 && state.scroll > 0,
		action: ({scrollLimit}) => ({type: 'scroll', by: -5, limit: scrollLimit}),
	},
	{
		keys: ['e'],
		shown: 'e',
		hint: 'explain',
		where: 'questions',
		when: context => form(context) && !typing(context),
		action: () => ({type: 'overlay', overlay: 'explain'}),
	},
	...(['explain', 'plan'] as const).map(
		(overlay): WizardBinding => ({
			keys: [overlay.charAt(0)],
			shown: overlay.charAt(0),
			hint: 'close',
			where: 'everywhere',
			quiet: true,
			when: ({state}) => state.overlay === overlay,
			action: () => ({type: 'close'}),
		}),
	),
	{
		keys: ['?', 'f1'],
		shown: '?',
		hint: 'close',
		where: 'everywhere',
		quiet: true,
		when: ({state}) => state.overlay === 'help',
		action: () => ({type: 'close'}),
	},
	{
		keys: ['?'],
		shown: '?',
		hint: 'keys',
		where: 'everywhere',
		when: context => body(context) && !typing(context) && context.state.step !== 'work',
		action: () => ({type: 'overlay', overlay: 'help'}),
	},
	{
		keys: ['f1'],
		shown: 'f1',
		hint: 'keys',
		where: 'text fields',
		when: typing,
		action: () => ({type: 'overlay', overlay: 'help'}),
	},
	{
		keys: ['enter', 'y'],
		shown: 'enter',
		hint: 'leave',
		where: 'leaving',
		when: ({state}) => state.overlay === 'leave',
		action: () => ({type: 'leave'}),
	},
	{
		keys: ['ctrl-c'],
		shown: 'ctrl-c',
		hint: 'leave',
		where: 'everywhere',
		when: context =>
			context.state.step !== 'work' && (context.state.overlay === 'leave' || !hasAnswers(context.state) || !form(context)),
		action: () => ({type: 'leave'}),
	},
	{
		keys: ['ctrl-c'],
		shown: 'ctrl-c',
		hint: 'leave',
		where: 'everywhere',
		when: ({state}) => state.step !== 'work',
		action: () => ({type: 'overlay', overlay: 'leave'}),
	},
];

// Letters work on the secrets page while nothing is typed into its field; "s" then would be a letter.
function secretsKey(context: KeyContext): boolean {
	return onStep(context, 'secrets') && context.state.values.copy === '';
}

// The work step speaks with the keys of the live view.
const fromLive: readonly WizardBinding[] = liveBindings.map(({keys, shown, hint, where, quiet, when, action}) => ({
	keys,
	shown,
	hint,
	where,
	...(quiet === undefined ? {} : {quiet}),
	when: context => onStep(context, 'work') && when(context.state.live),
	action: ({state}): WizardAction => {
		const wanted = action(state.live);
		switch (wanted.type) {
			case 'stop':
				return {type: 'stop'};
			case 'leave':
				return {type: 'leave'};
			case 'retry':
				return {type: 'again'};
			case 'help':
				return {type: 'overlay', overlay: 'help'};
			default:
				return {type: 'live', action: wanted};
		}
	},
}));

export const wizardBindings: readonly WizardBinding[] = [...fromLive, ...table];

/** What a key press or typed text does now. Text keys edit the field; letters of the table act where nothing is typed. */
export function wizardAction(context: KeyContext, key: string): WizardAction | undefined {
	const bound = actionFor(wizardBindings, context, key);
	if (bound !== undefined) return bound;
	const edit = textKeys[key];
	if (edit === undefined) return undefined;
	if (context.state.live.typing && context.state.step === 'work') return {type: 'live', action: {type: 'filter-edit', edit}};
	return typing(context) ? {type: 'edit', edit} : undefined;
}

/** What text does that is not a key of the table: it is typed, where something can be typed. */
export function wizardText(context: KeyContext, text: string): WizardAction | undefined {
	const edit = {edit: 'insert', text} as const;
	if (context.state.live.typing && context.state.step === 'work') return {type: 'live', action: {type: 'filter-edit', edit}};
	return typing(context) ? {type: 'edit', edit} : undefined;
}

export function wizardHints(context: KeyContext): Hint[] {
	const seen = new Set<string>();
	return hintsFor(wizardBindings, context).filter(({shown}) => !seen.has(shown) && seen.add(shown));
}

/** All keys by place, with those of text fields: the help overlay and docs/keys.md. */
export function wizardKeySections(): ReturnType<typeof keySections> {
	return [
		...keySections(wizardBindings),
		{
			where: 'editing text',
			keys: [
				{shown: 'ctrl-a ctrl-e', hint: 'start, end'},
				{shown: 'ctrl-u ctrl-k', hint: 'delete to start, to end'},
				{shown: 'ctrl-w', hint: 'delete a word'},
				{shown: 'alt-b alt-f', hint: 'a word left, right'},
			],
		},
	];
}
