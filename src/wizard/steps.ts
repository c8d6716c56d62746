import {accountSteps} from './steps/account.ts';
import {cloudSteps} from './steps/cloud.ts';
import {clusterSteps} from './steps/cluster.ts';
import {finishSteps} from './steps/finish.ts';
import {placeSteps} from './steps/place.ts';
import type {Field, Step} from './steps/step.ts';
import {trustSteps} from './steps/trust.ts';
import type {Facts, StepId, Values} from './values.ts';

/** The questions of a new cluster, in order. Ink, the line prompts, flags, environment and docs all read this table. */
export const setupSteps: readonly Step[] = [
	...placeSteps,
	...cloudSteps,
	...clusterSteps,
	...trustSteps,
	...accountSteps,
	...finishSteps,
];

/** The step of this id. */
export function stepOf(id: StepId): Step {
	const step = setupSteps.find(other => other.id === id);
	if (step === undefined) throw new TypeError(`no step ${id}`);
	return step;
}

/** The fields of a step that are asked with these values. */
export function fieldsOf(id: StepId, values: Values, facts: Facts): Field[] {
	const step = stepOf(id);
	return isAsked(step, values, facts) ? step.fields.filter(field => field.when?.(values, facts) ?? true) : [];
}

/** Whether a step is asked with these values. */
export const isAsked = (step: Step, values: Values, facts: Facts): boolean =>
	(facts.settled !== true || finishSteps.includes(step)) && (step.when?.(values, facts) ?? true);

/** Questions count up to the review: step n of m. */
export function position(id: StepId, values: Values, facts: Facts): {index: number; total: number} | undefined {
	const asked = setupSteps
		.slice(0, setupSteps.findIndex(step => step.id === 'review') + 1)
		.filter(step => isAsked(step, values, facts));
	const index = asked.findIndex(step => step.id === id);
	return index === -1 ? undefined : {index: index + 1, total: asked.length};
}
