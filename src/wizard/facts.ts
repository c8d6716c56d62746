import type {CheckView} from '../fold.ts';
import type {WizardAction} from './actions.ts';
import type {WizardState} from './state.ts';
import {answersKey, identitiesKey} from './state.ts';
import {measurementsKey} from './values.ts';

type FactAction = Extract<
	WizardAction,
	{type: 'folder' | 'checks' | 'check' | 'versions' | 'plan' | 'identities' | 'measurements'}
>;

/** What the world answered, kept only if it answers what is asked now. */
export function foldFacts(state: WizardState, action: FactAction): WizardState {
	const {facts, values} = state;
	switch (action.type) {
		case 'folder':
			if (action.asked !== values.folder) return state;
			return {...state, facts: {...facts, folder: {asked: action.asked, report: action.report}}};
		case 'checks': {
			if (action.asked !== values.folder) return state;
			const list = action.state === 'running' ? [] : facts.checks.list;
			const error = action.error === undefined ? {} : {error: action.error};
			return {...state, facts: {...facts, checks: {asked: action.asked, state: action.state, list, ...error}}};
		}
		case 'check': {
			if (action.asked !== facts.checks.asked) return state;
			const at = facts.checks.list.findIndex(check => check.id === action.check.id);
			const list = at === -1 ? [...facts.checks.list, action.check] : facts.checks.list.with(at, action.check);
			return {...state, facts: {...facts, checks: {...facts.checks, list}}};
		}
		case 'versions': {
			const {kubernetes, images} = action.versions;
			const defaults = {
				kubernetes: values.kubernetes === '' ? (kubernetes[0] ?? '') : values.kubernetes,
				image: values.image === '' ? (images[0]?.version ?? '') : values.image,
			};
			return {...state, values: {...values, ...defaults}, facts: {...facts, versions: action.versions}};
		}
		case 'plan':
			if (action.asked !== answersKey(values)) return state;
			return {...state, facts: {...facts, plan: planFact(action, facts.plan.checks)}};
		case 'identities':
			return identities(state, action);
		case 'measurements': {
			const {fact} = action;
			if (fact.asked !== measurementsKey(values)) return state;
			// A consent is to exactly what was shown.
			return {...state, values: {...values, measurementsConsent: ''}, facts: {...facts, measurements: fact}};
		}
		default:
			return never(action);
	}
}

function planFact(
	action: Extract<WizardAction, {type: 'plan'}>,
	before: readonly CheckView[] = [],
): WizardState['facts']['plan'] {
	const {asked, state} = action;
	if (state === 'running') {
		const {note, check} = action;
		// The first word of a plan begins anew.
		const checks =
			check === undefined ? (note === undefined ? [] : before) : [...before.filter(({id}) => id !== check.id), check];
		return {asked, state, checks, ...(note === undefined ? {} : {note})};
	}
	return {asked, state, checks: before, ...(state === 'done' ? {plan: action.plan} : {error: action.error})};
}

function identities(state: WizardState, action: Extract<WizardAction, {type: 'identities'}>): WizardState {
	const {facts, values} = state;
	if (action.asked !== identitiesKey(values)) return state;
	const {asked, state: at} = action;
	// Until they are made or the making fails, what was agreed to stays on screen.
	const plan = facts.identities.asked === asked ? facts.identities.plan : undefined;
	const kept = plan === undefined ? {} : {plan};
	const begun = facts.identities.begun === true || [at, facts.identities.state].includes('making') ? {begun: true} : {};
	const now = (more: object) => ({...state, facts: {...facts, identities: {asked, state: at, ...begun, ...more}}});
	switch (at) {
		case 'planning':
		case 'making':
			return now({...kept, ...(action.note === undefined ? {} : {note: action.note})});
		case 'planned':
			return now({plan: action.plan});
		case 'failed':
			return now({error: action.error});
		case 'made':
			return {...now(kept), values: {...values, ...action.values}};
	}
}

function never(action: never): never {
	throw new TypeError(`unknown fact ${JSON.stringify(action)}`);
}
