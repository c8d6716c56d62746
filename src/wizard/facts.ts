import type {WizardAction} from './actions.ts';
import type {WizardState} from './state.ts';
import {answersKey} from './state.ts';

type FactAction = Extract<WizardAction, {type: 'folder' | 'checks' | 'check' | 'versions' | 'plan'}>;

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
			return {...state, facts: {...facts, plan: planFact(action)}};
		default:
			return never(action);
	}
}

function planFact(action: Extract<WizardAction, {type: 'plan'}>): WizardState['facts']['plan'] {
	const {asked, state} = action;
	if (state === 'running') return {asked, state, ...(action.note === undefined ? {} : {note: action.note})};
	return state === 'done' ? {asked, state, plan: action.plan} : {asked, state, error: action.error};
}

function never(action: never): never {
	throw new TypeError(`unknown fact ${JSON.stringify(action)}`);
}
