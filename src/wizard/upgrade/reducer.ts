import {possible} from '../../upgrade/target.ts';
import type {LiveAction} from '../live.ts';
import {emptyLive, liveReduce} from '../live.ts';
import type {Failure} from '../values.ts';
import type {UpgradeAsked, UpgradeOffer, UpgradeOutcome} from './deps.ts';
import type {UpgradeState, UpgradeStepId, UpgradeValues} from './state.ts';
import {askedOf, consentsOf, obstacle, proposalFor, upgradeStepIds} from './state.ts';
import {questionsOf} from './steps.ts';

/** Everything that can happen to the wizard: what a person does, and what the world answers. */
export type UpgradeAction =
	| {type: 'next' | 'back' | 'close' | 'leave' | 'again' | 'stop' | 'pause' | 'not-paused'}
	| {type: 'choose'; by: number}
	| {type: 'overlay'; overlay: NonNullable<UpgradeState['overlay']>}
	| {type: 'scroll'; to: number}
	| {type: 'live'; action: LiveAction}
	| {type: 'checking'; asked: UpgradeAsked}
	| {type: 'checked'; asked: UpgradeAsked; offer: UpgradeOffer}
	| {type: 'check-failed'; asked: UpgradeAsked; error: Failure}
	| {type: 'over'; end: UpgradeOutcome};

const start = {start: 'start'};

/** The wizard at its start, with what flags have asked for. */
export function startUpgrade(asked: UpgradeAsked = {}): UpgradeState {
	return {
		step: 'check',
		values: start,
		focus: 0,
		judged: new Set(),
		facts: {state: 'running', asked},
		pending: false,
		pausing: false,
		live: {...emptyLive, detaches: true},
	};
}

/** The next state. Pure. Going back is always allowed and changes no answer, until the work has begun. */
export function reduceUpgrade(state: UpgradeState, action: UpgradeAction): UpgradeState {
	switch (action.type) {
		case 'next':
			return next(state);
		case 'back':
			return back(state);
		case 'choose':
			return unscrolled(choose(state, action.by));
		case 'overlay':
			return unscrolled({...state, overlay: action.overlay});
		case 'close':
			return unscrolled(closed(state));
		case 'scroll':
			return {...state, scroll: action.to};
		case 'leave':
			return {...state, ended: state.end === undefined ? 'left' : 'done'};
		case 'pause':
		case 'not-paused':
			return {...state, pausing: action.type === 'pause'};
		case 'live':
			return {...state, live: liveReduce(state.live, action.action)};
		case 'checking':
			return {...state, facts: {...without(state.facts, 'error'), state: 'running', asked: action.asked}};
		case 'checked':
			return same(action.asked, state.facts.asked) ? checked(state, action.offer) : state;
		case 'check-failed':
			if (!same(action.asked, state.facts.asked)) return state;
			return {...state, pending: false, facts: {...state.facts, state: 'failed', error: action.error}};
		case 'over':
			return enter({...state, end: action.end}, 'summary');
		case 'again':
		case 'stop':
			return state;
		default:
			return never(action);
	}
}

function next(state: UpgradeState): UpgradeState {
	const {step, facts, values, focus} = state;
	if (step === 'summary') return {...state, ended: 'done'};
	if (step === 'work') return state;
	if (step === 'check') return fromCheck(state);
	const question = questionsOf(step, facts)[focus];
	const value = question === undefined ? '' : (values[question.key] ?? '');
	if (question !== undefined) {
		if (value === '') return {...state, judged: new Set([...state.judged, question.key])};
		// Declining one part never goes on with another.
		if (value === 'no' || value === 'decline' || value === 'leave') return {...state, ended: 'left'};
		if (value === 'back') return back({...state, focus: 0});
		if (focus < questionsOf(step, facts).length - 1) return unscrolled({...state, focus: focus + 1});
	}
	if (step === 'target') return fromTarget(state);
	return advance(state);
}

function fromCheck(state: UpgradeState): UpgradeState {
	const {state: look, offer} = state.facts;
	if (look === 'running') return {...state, pending: true};
	if (look === 'failed' || offer === undefined || offer.busy) return state;
	const {image, kubernetes} = offer.parts;
	const isNothing = offer.proposal === undefined && [...possible(image), ...possible(kubernetes)].length === 0;
	return isNothing ? {...state, ended: 'nothing'} : enter(state, 'target');
}

function fromTarget(state: UpgradeState): UpgradeState {
	const {facts, values} = state;
	if (proposalFor(values, facts) !== undefined && facts.state === 'done') return enter(state, 'measurements');
	if (facts.state !== 'running' && same(facts.asked, askedOf(values))) return state;
	return {...state, pending: true};
}

// From here on each step needs the proposal, and everything before it agreed to.
function advance(state: UpgradeState): UpgradeState {
	const proposal = proposalFor(state.values, state.facts);
	if (proposal === undefined || state.facts.state !== 'done') return state;
	if (state.step === 'measurements') return consentsOf(state.values, proposal) === undefined ? state : enter(state, 'plan');
	if (obstacle(proposal) !== undefined) return state;
	if (state.step === 'plan') return enter(state, 'consent');
	return consentsOf(state.values, proposal) === undefined ? enter(state, 'measurements') : enter(state, 'work');
}

function checked(before: UpgradeState, offer: UpgradeOffer): UpgradeState {
	const facts: UpgradeState['facts'] = {...without(before.facts, 'error'), state: 'done', offer};
	const {target} = offer.proposal ?? {};
	const isFirst = before.facts.offer === undefined;
	const chosen = {
		image: before.values['image'] ?? target?.image ?? offer.parts.image.running,
		kubernetes: before.values['kubernetes'] ?? target?.kubernetes ?? offer.parts.kubernetes.running,
	};
	// A consent is to exactly what was shown.
	const isOther = !isFirst && agreedKey(before.facts.offer) !== agreedKey(offer);
	const values: UpgradeValues = isOther ? {...start, ...chosen} : {...before.values, ...chosen};
	const state = {...before, facts, values};
	const isBehind = isOther && upgradeStepIds.indexOf(state.step) > upgradeStepIds.indexOf('measurements');
	const now = isBehind ? enter(state, 'measurements') : state;
	return now.pending ? next({...now, pending: false}) : now;
}

const agreedKey = (offer: UpgradeOffer | undefined): string =>
	JSON.stringify([offer?.proposal?.target, offer?.proposal?.measurements]);

function back(state: UpgradeState): UpgradeState {
	if (state.step === 'work' || state.step === 'summary') return state;
	if (state.pending) return {...state, pending: false};
	if (state.focus > 0) return unscrolled({...state, focus: state.focus - 1});
	const previous = upgradeStepIds[upgradeStepIds.indexOf(state.step) - 1];
	return previous === undefined ? {...state, overlay: 'leave'} : enter(state, previous);
}

function choose(state: UpgradeState, by: number): UpgradeState {
	const question = questionsOf(state.step, state.facts)[state.focus];
	if (question === undefined) return state;
	const {key, options} = question;
	const at = options.findIndex(({value}) => value === state.values[key]);
	const to = options[at === -1 ? 0 : Math.max(0, Math.min(options.length - 1, at + by))];
	if (to === undefined) return state;
	const isTarget = state.step === 'target' && to.value !== state.values[key];
	const values = isTarget ? {...start, ...pick(state.values)} : state.values;
	const judged = new Set([...state.judged].filter(other => other !== key));
	return {...state, judged, pending: false, values: {...values, [key]: to.value}};
}

const pick = ({image = '', kubernetes = ''}: UpgradeValues) => ({image, kubernetes});

function enter(state: UpgradeState, step: UpgradeStepId): UpgradeState {
	const entered = {...unscrolled(closed(state)), step, focus: 0, pending: false};
	return step === 'consent' ? {...entered, values: {...entered.values, ...start}} : entered;
}

const same = (a: UpgradeAsked, b: UpgradeAsked): boolean => a.image === b.image && a.kubernetes === b.kubernetes;

function closed(state: UpgradeState): UpgradeState {
	return without(state, 'overlay');
}

// The window follows the focus again.
function unscrolled(state: UpgradeState): UpgradeState {
	return without(state, 'scroll');
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
	const {[key]: _, ...rest} = value;
	return rest;
}

function never(action: never): never {
	throw new TypeError(`unknown action ${JSON.stringify(action)}`);
}
