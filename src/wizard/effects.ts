import type {Effect, WizardAction} from './actions.ts';
import type {WizardState} from './state.ts';
import {answersKey, identitiesKey} from './state.ts';
import {measurementsKey} from './values.ts';

/** What the shell has to do because `action` turned `before` into `after`. Pure. */
export function effectsOf(before: WizardState, action: WizardAction, after: WizardState): Effect[] {
	const effects: Effect[] = [];
	const entered = (step: WizardState['step']) => after.step === step && before.step !== step;
	const again = (step: WizardState['step']) => action.type === 'again' && after.step === step;
	if (after.values.folder !== before.values.folder) effects.push({effect: 'folder', path: after.values.folder});
	const stale = after.facts.checks.asked !== after.values.folder || after.facts.checks.state === 'failed';
	if ((entered('checks') && stale) || again('checks')) effects.push({effect: 'checks', folder: after.values.folder});
	const key = answersKey(after.values);
	const unplanned = after.facts.plan.asked !== key || after.facts.plan.state === 'failed';
	if ((entered('review') && unplanned) || again('review')) effects.push({effect: 'plan', asked: key});
	// Back from the question whether to remove things, nothing begins.
	const begins = entered('work') && (before.step !== 'removal' || after.removing !== undefined);
	if (begins || again('work')) effects.push({effect: after.removing === undefined ? 'apply' : 'remove'});
	const identities = identitiesKey(after.values);
	const {asked, state: at} = after.facts.identities;
	const unseen = asked !== identities || at === 'failed' || at === 'idle';
	if ((entered('identities') && unseen) || again('identities')) effects.push({effect: 'plan-identities', asked: identities});
	if (action.type === 'next' && at === 'making' && before.facts.identities.state === 'planned')
		effects.push({effect: 'make-identities', asked: identities});
	const source = measurementsKey(after.values);
	const {measurements} = after.facts;
	const unasked = measurements?.asked !== source || measurements.state === 'failed';
	if ((entered('measurements') && unasked) || again('measurements')) effects.push({effect: 'measurements', asked: source});
	if (action.type === 'edit-config') effects.push({effect: 'edit-config'});
	if (action.type === 'edited' && after.step === 'review') effects.push({effect: 'plan', asked: key});
	if (action.type === 'stop') effects.push({effect: 'stop'});
	if (action.type === 'copy') effects.push({effect: 'copy', what: action.what});
	if (action.type === 'next' && after.step === 'review' && before.step === 'review' && after.values.consent === 'save')
		effects.push({effect: 'save-config'});
	if (entered('secrets') && after.secrets.secret === undefined) effects.push({effect: 'load-secret'});
	if (entered('summary') && after.summary !== undefined && after.secrets.copy !== 'open')
		effects.push({effect: 'copy-confirmed', confirmed: after.secrets.copy === 'confirmed'});
	// Answers of a config that is there are no draft.
	const isDraft = after.facts.settled !== true;
	if (isDraft && (answersKey(before.values) !== key || before.passed !== after.passed)) effects.push({effect: 'save-draft'});
	if (after.ended !== undefined && before.ended === undefined) effects.push({effect: 'end'});
	return effects;
}
