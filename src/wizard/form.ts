import {shellWord} from '../text.ts';
import type {Judgement} from './judge.ts';
import type {WizardState} from './state.ts';
import type {Field, Option} from './steps/step.ts';
import {fieldsOf, isAsked, setupSteps} from './steps.ts';
import {cloudOf, type Facts, type FieldId, type StepId, type Values} from './values.ts';

/** The field that has the focus, if the step asks anything. */
export function focused(state: WizardState): Field | undefined {
	const fields = fieldsOf(state.step, state.values, state.facts);
	return fields[Math.min(state.focus, fields.length - 1)];
}

export function isTextual(field: Field | undefined): boolean {
	return field?.kind === 'text' || field?.kind === 'number';
}

export function optionsOf(field: Field, state: WizardState): readonly Option[] {
	return field.options?.(state.values, state.facts) ?? [];
}

/** As many choices as one sees at a glance; a longer list is filtered by typing. */
export const glance = 10;

export function isLong(field: Field | undefined, state: WizardState): boolean {
	return field?.kind === 'select' && optionsOf(field, state).length > glance;
}

/** The choices that pass what was typed to filter the focused list: all words, wherever they stand. */
export function matching(field: Field, state: WizardState): readonly Option[] {
	const words = state.filter.toLowerCase().split(' ');
	return optionsOf(field, state).filter(({title, detail = ''}) => {
		const text = `${title} ${detail}`.toLowerCase();
		return words.every(word => text.includes(word));
	});
}

export function judge(field: Field, state: WizardState): Judgement {
	return field.validate?.(state.values[field.id], state.values, state.facts) ?? {};
}

/** What is wrong on the form now, in order: the later answers are judged again whenever an earlier one changes. */
export function problems(state: WizardState): {step: StepId; field: Field; error: string}[] {
	return setupSteps.flatMap(step =>
		fieldsOf(step.id, state.values, state.facts).flatMap(field => {
			const {error} = judge(field, state);
			return error === undefined ? [] : [{step: step.id, field, error}];
		}),
	);
}

/** Completed steps whose answer no longer fits, such as a name that is too long for another provider. */
export function needALook(state: WizardState): StepId[] {
	return [...new Set(problems(state).map(problem => problem.step))].filter(step => state.passed.has(step));
}

/** The step after (or before) this one that is asked with these answers. */
export function neighbour(state: WizardState, by: 1 | -1): StepId | undefined {
	const asked = setupSteps.filter(step => isAsked(step, state.values, state.facts));
	return asked[asked.findIndex(step => step.id === state.step) + by]?.id;
}

/** Whether something was answered that leaving would put aside. */
export function hasAnswers(state: WizardState): boolean {
	return state.passed.size > 0;
}

/** Flags and environment variables of every question: docs, `--help` and the check for unanswered questions read it. */
export function questionTable(): {field: FieldId; label: string; flag?: string; env?: string; known?: string}[] {
	return setupSteps.flatMap(step =>
		step.fields.map(({id, label, flag, env, known}) => ({
			field: id,
			label,
			...(flag === undefined ? {} : {flag}),
			...(env === undefined ? {} : {env}),
			...(known === undefined ? {} : {known}),
		})),
	);
}

/** Values from the environment, by the names in the step table: our own variables, or those of other tools, which only suggest. */
export function valuesFromEnv(
	env: Readonly<Record<string, string | undefined>>,
	which: 'env' | 'known' = 'env',
): Partial<Values> {
	const values: Partial<Record<FieldId, string>> = {};
	for (const {field, [which]: name} of questionTable()) {
		const value = name === undefined ? undefined : env[name];
		if (value !== undefined && value !== '') values[field] = value;
	}
	return values;
}

/**
 * The commands that do the same without questions: the flags of what was asked, in the order of the table. Values that need it are quoted
 * for a shell; what is the default of the command anyway is left out. On a cloud the config comes first, and the identities write into it.
 */
export function equivalentCommands(values: Values, facts: Facts): string[] {
	const cloud = cloudOf(values);
	const asked = setupSteps.flatMap(step => fieldsOf(step.id, values, facts));
	const flags = asked.flatMap(({id, flag = ''}) => {
		const isDefault = id === 'folder' && values.folder === '.';
		return flag === '' || values[id] === '' || isDefault || id === 'consent'
			? []
			: [{id, text: `${flag} ${shellWord(values[id])}`}];
	});
	const of = (wanted: (id: FieldId) => boolean) => flags.flatMap(({id, text}) => (wanted(id) ? [` ${text}`] : [])).join('');
	const place = of(id => id === 'folder');
	if (facts.settled === true)
		return [`constellation apply${values.folder === '.' ? '' : ` -C ${shellWord(values.folder)}`} --yes`];
	if (cloud === undefined) return [`constellation apply${of(() => true)} --yes`];
	const prefix = of(id => id === 'iamPrefix');
	return [
		`constellation config generate ${cloud}${of(id => id !== 'iamPrefix')}`,
		...(prefix === '' ? [] : [`constellation iam create ${cloud}${place}${prefix} --yes`]),
		`constellation apply${place} --yes`,
	];
}
