import {upgradeFrame, upgradeScroll} from '../../components/upgrade-frame.ts';
import {exitCodes} from '../errors.ts';
import type {Event} from '../events.ts';
import type {UpgradeAsked, UpgradeDeps, UpgradeResult} from '../wizard/upgrade/deps.ts';
import {upgradeEffects} from '../wizard/upgrade/effects.ts';
import type {UpgradeKeyContext} from '../wizard/upgrade/keys.ts';
import {upgradeAction, upgradeText} from '../wizard/upgrade/keys.ts';
import type {UpgradeAction} from '../wizard/upgrade/reducer.ts';
import {reduceUpgrade} from '../wizard/upgrade/reducer.ts';
import type {UpgradeState} from '../wizard/upgrade/state.ts';
import {consentsOf, proposalFor} from '../wizard/upgrade/state.ts';
import {describeError, leftError} from './describe-error.ts';
import {drive} from './drive.ts';
import type {InputEvent} from './input.ts';
import {interruptible, leaveAtOnce} from './interrupt.ts';
import {lastWords} from './last-words.ts';
import {openScreen} from './screen.tsx';
import type {OutputOptions} from './types.ts';
import {upgradePhases} from './upgrade-phases.ts';

/** The upgrade wizard on the full screen: input → reducer → effects → screen, until the person is done. */
export async function upgradeOnScreen(start: UpgradeState, deps: UpgradeDeps, options: OutputOptions): Promise<UpgradeResult> {
	const {promise: ended, resolve: end, reject: fail} = Promise.withResolvers<undefined>();
	let state = start;
	let waiting: Event[] = [];
	let failure: unknown;
	let looking = new AbortController();
	const working = new AbortController();
	let work: Promise<void> | undefined;

	const dispatch = (action: UpgradeAction) => {
		const before = state;
		state = reduceUpgrade(state, action);
		for (const effect of upgradeEffects(before, action, state)) {
			if (effect.effect === 'check') void look(effect.asked);
			else if (effect.effect === 'begin') {
				interrupt.reset();
				work = begin();
			} else if (effect.effect === 'pause') void pause();
			else if (effect.effect === 'stop') interrupt.request();
			else if (state.ended === 'left' && failure !== undefined) fail(failure);
			else end(undefined);
		}
		if (state !== before) screen.changed();
	};
	const drain = () => {
		const events = waiting;
		waiting = [];
		if (events.length > 0) dispatch({type: 'live', action: {type: 'events', events}});
	};
	const errorOf = (error: unknown) => {
		const {message, problems, next, exitCode} = describeError(error, deps.crashReport);
		return {message, problems, next, calm: exitCode === exitCodes.cancelled};
	};
	const look = async (asked: UpgradeAsked) => {
		looking.abort();
		const {signal} = (looking = new AbortController());
		failure = undefined;
		dispatch({type: 'checking', asked});
		try {
			const offer = await deps.check(asked, signal);
			if (!signal.aborted) dispatch({type: 'checked', asked, offer});
		} catch (error) {
			if (signal.aborted) return;
			failure = error;
			dispatch({type: 'check-failed', asked, error: errorOf(error)});
		}
	};
	const begin = async () => {
		const proposal = proposalFor(state.values, state.facts);
		const consents = proposal === undefined ? undefined : consentsOf(state.values, proposal);
		if (proposal === undefined || consents === undefined)
			throw new TypeError('the work was started without a consent to its plan');
		dispatch({type: 'live', action: {type: 'work', work: 'running', expected: upgradePhases}});
		try {
			const outcome = await drive(deps.begin(proposal, consents, working.signal), event => waiting.push(event), working.signal);
			drain();
			dispatch({type: 'live', action: {type: 'work', work: 'done'}});
			dispatch({type: 'over', end: outcome});
		} catch (error) {
			drain();
			if (working.signal.aborted) fail(leftError(error, {watching: false, detaches: true}));
			failure = error;
			dispatch({type: 'live', action: {type: 'work', work: 'failed', failure: errorOf(error)}});
		}
	};
	const pause = () =>
		deps.pause().catch((error: unknown) => {
			const line = `The upgrade cannot be paused: ${errorOf(error).message}`;
			waiting.push({type: 'warning', code: 'upgrade-not-paused', message: line, at: deps.now()});
			dispatch({type: 'not-paused'});
		});
	const keyContext = (): UpgradeKeyContext => ({state, ...upgradeScroll(state, screen.size(), screen.theme, deps.now())});
	const screen = openScreen(options, {
		frame: (size, theme) => upgradeFrame(state, size, theme, deps.now()),
		onInput: event => {
			takeInput(event, keyContext, dispatch);
		},
		onTick: () => {
			drain();
			return moves(state);
		},
		onCrash: fail,
	});
	const interrupt = interruptible({
		signals: options.signals,
		stop: () => {
			if (state.step === 'work') {
				dispatch({type: 'live', action: {type: 'work', work: 'stopping'}});
				working.abort();
			} else dispatch({type: 'leave'});
		},
		now: exitCode => {
			screen.release();
			leaveAtOnce(options, exitCode);
		},
	});
	void look(start.facts.asked);
	try {
		await ended;
		return resultOf(state);
	} catch (error) {
		await screen.close();
		if (!working.signal.aborted) for (const line of lastWords(state.live, error)) options.stderr.write(`${line}\n`);
		throw error;
	} finally {
		looking.abort();
		working.abort();
		await screen.close();
		await work;
		interrupt.release();
	}
}

function takeInput(event: InputEvent, context: () => UpgradeKeyContext, dispatch: (action: UpgradeAction) => void): void {
	if (event.type === 'key') {
		const action = upgradeAction(context(), event.key);
		if (action !== undefined) dispatch(action);
		return;
	}
	const whole = upgradeText(context(), event.text);
	if (whole !== undefined) dispatch(whole);
	else if (event.type === 'text')
		for (const character of event.text) {
			const action = upgradeAction(context(), character === ' ' ? 'space' : character);
			if (action !== undefined) dispatch(action);
		}
}

function moves({step, facts, live}: UpgradeState): boolean {
	if (step === 'work') return live.work === 'running' || live.work === 'stopping';
	return facts.state === 'running';
}

function resultOf({ended, end, facts}: UpgradeState): UpgradeResult {
	if (end !== undefined) return {outcome: 'done', end};
	return ended === 'nothing' ? {outcome: 'nothing', name: facts.offer?.name ?? ''} : {outcome: 'left'};
}
