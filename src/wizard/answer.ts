import {focused, isLong, isTextual, matching, optionsOf} from './form.ts';
import type {WizardState} from './state.ts';
import type {Field} from './steps/step.ts';
import {fieldsOf, stepOf} from './steps.ts';
import {type Edit, editText, graphemes} from './text-field.ts';
import type {FieldId} from './values.ts';

/** Lists that offer what fits an earlier answer start at their first choice, unless what was chosen is still among them. */
export function preselected(state: WizardState): WizardState {
	return stepOf(state.step).fields.reduce((now, field) => {
		// One choice decides whether the next question is asked.
		if (!field.preselect || !fieldsOf(now.step, now.values, now.facts).includes(field)) return now;
		const options = optionsOf(field, now).filter(({disabled}) => !disabled);
		const [first] = options;
		const isFine = first === undefined || options.some(({value}) => value === now.values[field.id]);
		return isFine ? now : withValue(now, field.id, first.value);
	}, state);
}

/** The field at this place has the focus, its cursor at the end. */
export function focus(state: WizardState, index: number): WizardState {
	const fields = fieldsOf(state.step, state.values, state.facts);
	const at = Math.max(0, Math.min(fields.length - 1, index));
	const field = fields[at];
	const cursor = field === undefined || !isTextual(field) ? 0 : graphemes(state.values[field.id]).length;
	return {...state, focus: at, filter: '', cursor};
}

/** The answer of the focused field, one choice or one number further. */
export function choose(state: WizardState, by: number): WizardState {
	const field = focused(state);
	if (field === undefined) return state;
	if (field.kind === 'number') {
		const number = Number(state.values[field.id]);
		const value = String(Math.max(0, (Number.isFinite(number) ? number : 0) + by));
		return {...withValue(state, field.id, value), cursor: value.length};
	}
	const options = matching(field, state).filter(option => !option.disabled);
	const at = options.findIndex(option => option.value === state.values[field.id]);
	const to = options[at === -1 ? 0 : Math.max(0, Math.min(options.length - 1, at + by))];
	// What depends on the choice, such as the zones of a region, follows it.
	return to === undefined ? state : preselected(withValue(state, field.id, to.value));
}

/** The text of the focused field, or the filter of its list, after one edit. */
export function edit(state: WizardState, change: Edit): WizardState {
	const field = focused(state);
	if (field !== undefined && isLong(field, state)) return filter(state, field, change);
	if (field === undefined || !isTextual(field)) return state;
	const edited = editText({text: state.values[field.id], cursor: state.cursor}, change, field.kind === 'number' ? 5 : 200);
	const judged = new Set(state.judged);
	if (edited.text !== state.values[field.id]) judged.delete(field.id);
	const secrets = state.step === 'secrets' ? {...state.secrets, typing: true} : state.secrets;
	return {...withValue(state, field.id, edited.text), cursor: edited.cursor, judged, secrets, pending: false};
}

// What does not match cannot stay chosen: the first that does is.
function filter(state: WizardState, field: Field, change: Edit): WizardState {
	const {text, cursor} = editText({text: state.filter, cursor: state.cursor}, change, 60);
	const filtered = {...state, filter: text, cursor, pending: false};
	const options = matching(field, filtered).filter(option => !option.disabled);
	const [first] = options;
	const stays = first === undefined || options.some(({value}) => value === state.values[field.id]);
	return stays ? filtered : preselected(withValue(filtered, field.id, first.value));
}

/** With another answer to one question. */
export function withValue(state: WizardState, field: FieldId, value: string): WizardState {
	return {...state, values: {...state.values, [field]: value}};
}
