import type {WizardAction} from './actions.ts';
import {choose, edit, focus, preselected, withValue} from './answer.ts';
import {stopping} from './checks.ts';
import {foldFacts} from './facts.ts';
import {focused, isLong, judge, matching, neighbour, problems} from './form.ts';
import {emptyLive, liveReduce} from './live.ts';
import {copyVerdict, reduceSecrets} from './secrets.ts';
import {answersKey, identitiesKey, type WizardState} from './state.ts';
import {fieldsOf} from './steps.ts';
import {fieldIds, measurementsKey, type StepId, type Values} from './values.ts';

const defaults: Values = {
	...(Object.fromEntries(fieldIds.map(id => [id, ''])) as Values),
	folder: '.',
	ignoreRules: 'yes',
	provider: 'local',
	name: 'demo',
	controlPlanes: '1',
	workers: '2',
	iam: 'make',
	iamConsent: 'make',
	consent: 'create',
};

/**
 * The wizard at its start. `values` are what flags, environment or a config have answered already. `settled`: a config that was there is
 * not asked about again. `copied`: the master secret was stored before.
 */
export function startWizard(
	values: Partial<Values> = {},
	step: StepId = 'folder',
	{settled = false, copied = false}: {settled?: boolean; copied?: boolean} = {},
): WizardState {
	const all = {...defaults, ...values};
	return enter(
		{
			step,
			values: all,
			filter: '',
			cursor: 0,
			focus: 0,
			judged: new Set(),
			passed: new Set(),
			facts: {
				checks: {asked: '', state: 'idle', list: []},
				plan: {asked: '', state: 'idle'},
				identities: {asked: '', state: 'idle'},
				...(settled ? {settled} : {}),
			},
			pending: false,
			live: emptyLive,
			secrets: {card: false, typing: false, copy: copied ? 'confirmed' : 'open'},
		},
		step,
	);
}

/** The next state. Pure. Going back is always allowed and changes no answer. */
export function reduce(state: WizardState, action: WizardAction): WizardState {
	switch (action.type) {
		case 'next':
			return next(state);
		case 'back':
			return back(state);
		case 'focus':
			return unscrolled(focus(state, state.focus + action.by));
		case 'choose':
			return unscrolled(choose(state, action.by));
		case 'edit':
			return unscrolled(edit(state, action.edit));
		case 'overlay':
			return unscrolled({...state, overlay: action.overlay});
		case 'close':
			return unscrolled(without(state, 'overlay', {}));
		case 'scroll':
			return {...state, scroll: action.to};
		case 'leave':
			return {...state, ended: endOf(state)};
		case 'saved':
			return {...state, ended: 'saved'};
		case 'live':
			return {...state, live: liveReduce(state.live, action.action)};
		case 'created':
			return enter({...state, summary: action.summary}, state.secrets.copy === 'confirmed' ? 'summary' : 'secrets');
		case 'reached':
			return enter({...state, reached: action.end}, 'summary');
		case 'remove':
			return enter(withValue(state, 'removal', ''), 'removal');
		case 'removed':
			return {...state, removing: {done: action.what}, ended: 'removed'};
		case 'reveal':
		case 'card':
		case 'secret':
		case 'secret-unreadable':
			return {...state, secrets: reduceSecrets(state.secrets, action)};
		case 'flash':
			return {...state, flash: {text: action.text, until: action.until}};
		case 'tick':
			return tick(state, action.now);
		case 'draft':
		case 'edited':
			return enter({...state, values: {...state.values, ...action.values}}, state.step);
		case 'again':
		case 'edit-config':
		case 'stop':
		case 'copy':
			return state;
		default:
			return waitedFor(foldFacts(state, action));
	}
}

function enter(state: WizardState, step: StepId): WizardState {
	const entered = unscrolled(without(state, 'overlay', {step, focus: 0, pending: false}));
	return focus(preselected(suggested(entered)), 0);
}

// Consents are never remembered; the names of identities begin as the cluster does.
function suggested(state: WizardState): WizardState {
	if (state.step === 'review') return withValue(state, 'consent', 'create');
	if (state.step === 'identities') return withValue(state, 'iamConsent', 'make');
	const open = state.step === 'identity' && state.values.iamPrefix === '';
	return open ? withValue(state, 'iamPrefix', state.values.name) : state;
}

function next(state: WizardState): WizardState {
	if (state.step === 'review') return consent(state);
	if (state.step === 'secrets') return acknowledge(state);
	if (state.step === 'summary') return {...state, ended: endOf(state)};
	if (state.step === 'removal') return remove(state);
	if (state.step === 'identities') return makeIdentities(state);
	if (state.step === 'measurements') return agreeToMeasurements(state);
	if (!isAnswered(state)) return {...state, pending: true};
	const fields = fieldsOf(state.step, state.values, state.facts);
	const field = focused(state);
	if (field !== undefined) {
		// Nothing on screen is chosen then.
		if (isLong(field, state) && matching(field, state).length === 0) return state;
		const judged = {...state, judged: new Set([...state.judged, field.id])};
		if (judge(field, state).error !== undefined) return judged;
		if (state.focus < fields.length - 1) return focus(judged, state.focus + 1);
		const wrong = fields.findIndex(other => judge(other, state).error !== undefined);
		if (wrong !== -1) return focus({...judged, judged: new Set([...judged.judged, ...fields.map(({id}) => id)])}, wrong);
	}
	if (state.step === 'checks' && stopping(state.facts).length > 0) return state;
	return pass(state);
}

// Whether the world has answered what this step depends on; Enter waits for it instead of being lost.
function isAnswered({step, values, facts}: WizardState): boolean {
	if (step === 'identities') return facts.identities.state === 'made' || facts.identities.state === 'failed';
	if (step === 'folder') return values.folder.trim() === '' || facts.folder?.asked === values.folder;
	if (step === 'checks') return facts.checks.asked === values.folder && facts.checks.state !== 'running';
	return (step !== 'kubernetes' && step !== 'attestation') || facts.versions !== undefined;
}

function waitedFor(state: WizardState): WizardState {
	const fields = fieldsOf(state.step, state.values, state.facts);
	const steady = state.focus < Math.max(1, fields.length) ? state : focus(state, 0);
	return steady.pending && isAnswered(steady) ? next({...steady, pending: false}) : steady;
}

function consent(state: WizardState): WizardState {
	if (state.values.consent === 'back') return back(state);
	if (state.values.consent === 'save') return state;
	const wrong = problems(state)[0];
	if (wrong !== undefined) return enter({...state, judged: new Set([...state.judged, wrong.field.id])}, wrong.step);
	const {plan} = state.facts;
	if (plan.state !== 'done' || plan.asked !== answersKey(state.values)) return state;
	return enter({...state, passed: new Set([...state.passed, state.step])}, 'work');
}

/** How it ended, where it is left now. */
function endOf({summary, reached}: WizardState): NonNullable<WizardState['ended']> {
	if (reached !== undefined) return 'reached';
	return summary === undefined ? 'left' : 'created';
}

function makeIdentities(state: WizardState): WizardState {
	const {identities} = state.facts;
	if (identities.asked !== identitiesKey(state.values)) return state;
	if (identities.state === 'made') return pass(state);
	if (identities.state !== 'planned') return state;
	if (state.values.iamConsent === 'back') return back(state);
	return {...state, pending: true, facts: {...state.facts, identities: {...identities, state: 'making'}}};
}

// Nothing goes on with what was declined, or what was not checked.
function agreeToMeasurements(state: WizardState): WizardState {
	const {facts, values} = state;
	if (facts.measurements?.asked !== measurementsKey(values) || facts.measurements.state !== 'done') return state;
	if (values.measurementsConsent === 'decline') return enter(withValue(state, 'measurementsConsent', ''), 'attestation');
	const judged = {...state, judged: new Set([...state.judged, 'measurementsConsent' as const])};
	return values.measurementsConsent === 'accept' ? pass(judged) : judged;
}

// What cannot be undone takes the name of the cluster, typed.
function remove(state: WizardState): WizardState {
	if (state.values.removal !== state.values.name) return {...state, judged: new Set([...state.judged, 'removal' as const])};
	return enter({...state, live: emptyLive, removing: {}}, 'work');
}

function pass(state: WizardState): WizardState {
	const following = neighbour(state, 1);
	const passed = {...state, passed: new Set([...state.passed, state.step])};
	return following === undefined ? passed : enter(passed, following);
}

function acknowledge(state: WizardState): WizardState {
	if (!state.secrets.typing) return {...state, secrets: {...state.secrets, typing: true}};
	const copy = copyVerdict(state.values.copy, state.secrets.secret);
	if (copy === undefined) return {...state, judged: new Set([...state.judged, 'copy' as const])};
	const {shownUntil: _, ...hidden} = state.secrets;
	return enter({...state, secrets: {...hidden, copy, card: false, typing: false}}, 'summary');
}

function back(state: WizardState): WizardState {
	if (state.step === 'work') return state.live.work === 'failed' ? backFromWork(state) : state;
	if (state.step === 'removal') return enter(state, 'work');
	if (state.step === 'identities' && state.facts.identities.state === 'making') return state;
	if (state.step === 'secrets') return {...state, secrets: {...state.secrets, typing: false}};
	if (state.step === 'summary') return state.reached === undefined ? enter(state, 'secrets') : state;
	if (state.filter !== '') return focus(state, state.focus);
	if (state.focus > 0) return focus(state, state.focus - 1);
	const previous = neighbour(state, -1);
	return previous === undefined ? {...state, overlay: 'leave'} : enter(state, previous);
}

// What was planned is worth nothing after a part of it was done.
function backFromWork(state: WizardState): WizardState {
	const {removing: _, ...rest} = state;
	return enter({...rest, live: emptyLive, facts: {...state.facts, plan: {asked: '', state: 'idle'}}}, 'review');
}

function tick(state: WizardState, now: number): WizardState {
	const calm = state.flash !== undefined && state.flash.until <= now ? without(state, 'flash', {}) : state;
	const secrets = reduceSecrets(calm.secrets, {type: 'tick', now});
	return secrets === calm.secrets ? calm : {...calm, secrets};
}

function without(state: WizardState, key: 'overlay' | 'flash', change: Partial<WizardState>): WizardState {
	const {[key]: _, ...rest} = state;
	return {...rest, ...change};
}

// The window follows the focus again.
function unscrolled(state: WizardState): WizardState {
	const {scroll: _, ...rest} = state;
	return rest;
}
