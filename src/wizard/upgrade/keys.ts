import type {Binding, Hint} from '../keys.ts';
import {actionFor, bind, hintsFor, keySections} from '../keys.ts';
import {liveBindings} from '../live-keys.ts';
import {textKeys} from '../text-field.ts';
import type {UpgradeAction} from './reducer.ts';
import type {UpgradeState, UpgradeStepId} from './state.ts';
import {mayGoOn} from './state.ts';
import {questionsOf, upgradePosition} from './steps.ts';

/** What keys depend on: the state, where the body stands and how far it can scroll in this window. */
export type UpgradeKeyContext = {state: UpgradeState; offset: number; scrollLimit: number};

type When = (context: UpgradeKeyContext) => boolean;
type UpgradeBinding = Binding<UpgradeKeyContext, UpgradeAction>;

const quiet = true;
const all =
	(...conditions: When[]): When =>
	context =>
		conditions.every(condition => condition(context));
const open: When = ({state}) => state.overlay === undefined;
const closed: When = context => !open(context);
const over =
	(overlay: UpgradeState['overlay']): When =>
	({state}) =>
		state.overlay === overlay;
const at =
	(...steps: UpgradeStepId[]): When =>
	({state}) =>
		state.overlay === undefined && steps.includes(state.step);
const working: When = ({state}) => state.step === 'work';
const idle: When = context => !working(context);
const form: When = all(open, ({state}) => upgradePosition(state.step) !== undefined);
const choosing: When = all(form, ({state}) => questionsOf(state.step, state.facts).length > 0);
const looked: When = ({state}) => state.facts.state !== 'running';
const scrolls: When = context => (idle(context) || closed(context)) && context.scrollLimit > 0;
const nothingToLose: When = context => over('leave')(context) || at('check', 'summary')(context);

const rolling: When = all(
	at('work'),
	({state: {live, pausing}}) => live.work === 'running' && !live.typing && !live.fullLog && !pausing,
);

const table: readonly UpgradeBinding[] = [
	bind('upgrade', ['up', 'k', 'left', 'h'], '↑↓', 'choose', choosing, {type: 'choose', by: -1}),
	bind('upgrade', ['down', 'j', 'right', 'l'], '↑↓', 'choose', choosing, {type: 'choose', by: 1}, quiet),
	bind('upgrade', ['enter'], 'enter', 'confirm', at('measurements', 'consent'), {type: 'next'}),
	bind(
		'upgrade',
		['enter'],
		'enter',
		'continue',
		all(form, ({state}) => mayGoOn(state)),
		{type: 'next'},
	),
	bind('upgrade', ['enter', 'q'], 'enter', 'leave', at('summary'), {type: 'next'}),
	bind('upgrade', ['r'], 'r', 'check again', all(at('check', 'target', 'plan'), looked), {type: 'again'}),
	bind('leaving', ['enter', 'y'], 'enter', 'leave', over('leave'), {type: 'leave'}),
	bind('everywhere', ['escape'], 'esc', 'close', closed, {type: 'close'}),
	bind('upgrade', ['escape', 'shift-tab'], 'esc', 'back', form, {type: 'back'}),
	bind(
		'everywhere',
		['pagedown'],
		'pgdn',
		'more',
		all(scrolls, context => context.offset < context.scrollLimit),
		scroll(5),
	),
	bind(
		'everywhere',
		['pageup'],
		'pgup',
		'up',
		all(scrolls, context => context.offset > 0),
		scroll(-5),
	),
	bind('upgrade', ['e'], 'e', 'explain', form, {type: 'overlay', overlay: 'explain'}),
	bind('everywhere', ['e'], 'e', 'close', over('explain'), {type: 'close'}, quiet),
	bind('everywhere', ['?', 'f1'], '?', 'close', over('help'), {type: 'close'}, quiet),
	bind('everywhere', ['?', 'f1'], '?', 'keys', all(open, idle), {type: 'overlay', overlay: 'help'}),
	bind('everywhere', ['ctrl-c'], 'ctrl-c', 'leave', all(idle, nothingToLose), {type: 'leave'}),
	bind('everywhere', ['ctrl-c'], 'ctrl-c', 'leave', idle, {type: 'overlay', overlay: 'leave'}),
];

function scroll(by: number): (context: UpgradeKeyContext) => UpgradeAction {
	return ({offset, scrollLimit}) => ({type: 'scroll', to: Math.max(0, Math.min(scrollLimit, offset + by))});
}

// The work step speaks with the keys of the live view; what was begun is not begun again from here.
const fromLive = liveBindings
	.filter(({hint}) => hint !== 'try again')
	.map(({when, action, ...binding}): UpgradeBinding => {
		const isLeaving = binding.keys.includes('ctrl-c');
		return {
			...binding,
			// Ctrl-C must leave the work whatever covers it.
			when: context => working(context) && (open(context) || isLeaving) && when(context.state.live),
			action: ({state}) => {
				const wanted = action(state.live);
				switch (wanted.type) {
					case 'stop':
					case 'leave':
						return {type: wanted.type};
					case 'retry':
					case 'help':
						return {type: 'overlay', overlay: 'help'};
					default:
						return {type: 'live', action: wanted};
				}
			},
		};
	});

const workBindings: readonly UpgradeBinding[] = [
	bind('live view', ['p'], 'p', 'pause after this pair', rolling, {type: 'pause'}),
	...fromLive,
];
const bindings: readonly UpgradeBinding[] = [...workBindings, ...table];

/** What a key, or one typed character, does now. */
export function upgradeAction(context: UpgradeKeyContext, key: string): UpgradeAction | undefined {
	const bound = actionFor(bindings, context, key);
	const edit = textKeys[key];
	if (bound !== undefined || edit === undefined || !filtering(context)) return bound;
	return {type: 'live', action: {type: 'filter-edit', edit}};
}

/** What a piece of text does now; undefined where each of its characters may be a key. */
export function upgradeText(context: UpgradeKeyContext, text: string): UpgradeAction | undefined {
	return filtering(context) ? {type: 'live', action: {type: 'filter-edit', edit: {edit: 'insert', text}}} : undefined;
}

const filtering: When = context => at('work')(context) && context.state.live.typing;

/** The keys that work now; of two that look the same, the one that wins. */
export function upgradeHints(context: UpgradeKeyContext): Hint[] {
	const seen = new Set<string>();
	return hintsFor(bindings, context).filter(hint => !seen.has(hint.shown) && seen.add(hint.shown));
}

/** All keys of the screen that is on, for the help; without a state, those of the questions, for the docs. */
export function upgradeKeySections(step?: UpgradeStepId): ReturnType<typeof keySections> {
	return keySections(step === 'work' ? workBindings : table);
}
