import {wizardFrame, wizardScroll} from '../../components/wizard-frame.ts';
import type {Event} from '../events.ts';
import type {Effect, WizardAction} from '../wizard/actions.ts';
import type {WizardDeps, WizardResult} from '../wizard/deps.ts';
import {effectsOf} from '../wizard/effects.ts';
import {reduce} from '../wizard/reducer.ts';
import type {WizardState} from '../wizard/state.ts';
import {answersKey, answersOf} from '../wizard/state.ts';
import type {KeyContext} from '../wizard/wizard-keys.ts';
import {takesText, wizardAction, wizardText} from '../wizard/wizard-keys.ts';
import {openEditor} from './editor.ts';
import type {InputEvent} from './input.ts';
import {interruptible, leaveAtOnce} from './interrupt.ts';
import {lastWords} from './last-words.ts';
import type {FullScreen} from './screen.tsx';
import {openScreen} from './screen.tsx';
import type {OutputOptions} from './types.ts';
import {wizardEffects} from './wizard-effects.ts';

/** The wizard on the full screen: input → reducer → effects → screen, until the person is done. */
export async function wizardOnScreen(start: WizardState, deps: WizardDeps, options: OutputOptions): Promise<WizardResult> {
	const {promise: ended, resolve: end, reject: fail} = Promise.withResolvers<undefined>();
	let state = start;
	let waiting: Event[] = [];
	let isLent = false;
	const dispatch = (action: WizardAction) => {
		const before = state;
		state = reduce(state, action);
		for (const effect of effectsOf(before, action, state)) {
			// Ctrl-C is a key in raw mode: it counts like the signal, so that the second one leaves at once.
			if (effect.effect === 'stop') interrupt.request();
			else effects.perform(effect);
			if (['apply', 'remove', 'make-identities'].includes(effect.effect)) interrupt.reset();
		}
		if (state !== before) screen.changed();
	};
	const drain = () => {
		const events = waiting;
		waiting = [];
		if (events.length > 0) dispatch({type: 'live', action: {type: 'events', events}});
	};
	const keyContext = (): KeyContext => {
		const now = deps.now();
		return {state, now, ...wizardScroll(state, screen.size(), screen.theme, now)};
	};
	const screen: FullScreen = openScreen(options, {
		frame: (size, theme) => wizardFrame(state, size, theme, deps.now()),
		onInput: event => {
			takeInput(event, keyContext, dispatch);
		},
		onTick: () => {
			drain();
			dispatch({type: 'tick', now: deps.now()});
			return moves(state);
		},
		onCrash: fail,
	});
	const effects = wizardEffects({
		deps,
		state: () => state,
		dispatch,
		collect: event => {
			waiting.push(event);
		},
		drain,
		write: screen.write,
		edit: async file => {
			isLent = true;
			try {
				await screen.lend(() => openEditor(file, options.env));
			} finally {
				isLent = false;
			}
		},
		end: error => {
			if (error === undefined) end(undefined);
			else fail(error);
		},
	});
	const interrupt = interruptible({
		signals: options.signals,
		stop: () => {
			// Ctrl-C in an editor is the editor's.
			if (isLent) interrupt.reset();
			else if (state.step === 'work' || state.facts.identities.state === 'making') effects.perform({effect: 'stop'});
			else dispatch({type: 'leave'});
		},
		now: exitCode => {
			screen.release();
			leaveAtOnce(options, exitCode);
		},
	});
	begin(effects.perform, dispatch, () => state, deps, fail);
	try {
		await ended;
		return result(state);
	} catch (error) {
		await screen.close();
		for (const line of lastWords(state.live, error)) options.stderr.write(`${line}\n`);
		throw error;
	} finally {
		await screen.close();
		await effects.settle();
		state.secrets.secret?.key.erase();
		state.secrets.secret?.salt.erase();
		interrupt.release();
	}
}

// What the first screen needs to know; a wizard that starts at its review needs the plan as well.
function begin(
	perform: (effect: Effect) => void,
	dispatch: (action: WizardAction) => void,
	state: () => WizardState,
	deps: WizardDeps,
	fail: (error: unknown) => void,
): void {
	perform({effect: 'folder', path: state().values.folder});
	deps.versions().then(versions => {
		dispatch({type: 'versions', versions});
		if (state().step === 'review') perform({effect: 'plan', asked: answersKey(state().values)});
	}, fail);
}

function takeInput(event: InputEvent, context: () => KeyContext, dispatch: (action: WizardAction) => void): void {
	if (event.type === 'key') {
		const action = wizardAction(context(), event.key);
		if (action !== undefined) dispatch(action);
		return;
	}
	// Text goes into the field whole; elsewhere each character may be a key and change what the next one means.
	let rest = event.text;
	while (rest !== '') {
		const isWhole = event.type === 'paste' || takesText(context());
		const piece = isWhole ? rest : String.fromCodePoint(rest.codePointAt(0) ?? 0);
		const action = wizardText(context(), piece, event.type === 'paste');
		if (action !== undefined) dispatch(action);
		rest = rest.slice(piece.length);
	}
}

function moves({step, pending, facts, live, secrets, flash}: WizardState): boolean {
	if (step === 'work') return live.work === 'running' || live.work === 'stopping';
	const {checks, plan, identities} = facts;
	const busy = [checks.state, plan.state, identities.state].some(at => at === 'running' || at === 'planning' || at === 'making');
	return pending || busy || secrets.shownUntil !== undefined || flash !== undefined;
}

function result(state: WizardState): WizardResult {
	if (state.ended === 'left' || state.ended === undefined) return {outcome: 'left'};
	const answers = answersOf(state.values, state.facts);
	if (state.ended === 'removed') return {outcome: 'removed', answers, removed: state.removing?.done ?? []};
	if (state.summary === undefined) return {outcome: 'saved', answers};
	return {outcome: 'created', answers, summary: state.summary, copyConfirmed: state.secrets.copy === 'confirmed'};
}
