import {Secret} from '../../src/secret.ts';
import type {WizardAction} from '../../src/wizard/actions.ts';
import {reduce, startWizard} from '../../src/wizard/reducer.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import {answersKey} from '../../src/wizard/state.ts';
import {cloudSteps} from '../../src/wizard/steps/cloud.ts';
import {isAsked, stepOf} from '../../src/wizard/steps.ts';
import type {StepId, Values} from '../../src/wizard/values.ts';
import {stepIds} from '../../src/wizard/values.ts';
import {canaryKey, canarySalt, plan, recording, summary, versions} from './wizard-world.ts';

/** The clock of the recordings. */
export const at = 1_790_000_008_000;

export function recordedAt(name: string): number {
	return recording(name).at(-1)?.at ?? at;
}

/** What the world would have answered when a step is entered. */
function answers(state: WizardState): WizardAction[] {
	const asked = state.values.folder;
	switch (state.step) {
		case 'folder':
			return [
				{type: 'folder', asked, report: {path: '/home/you/demo', notes: []}},
				{type: 'versions', versions},
			];
		case 'checks':
			return [
				{type: 'checks', asked, state: 'running'},
				...recording('trouble').flatMap((event): WizardAction[] => {
					if (event.type !== 'check' || event.state === 'failed') return [];
					const {type: _, at: __, ...check} = event;
					return [{type: 'check', asked, check}];
				}),
				{type: 'checks', asked, state: 'done'},
			];
		case 'review':
			return [{type: 'plan', asked: answersKey(state.values), state: 'done', plan}];
		case 'work':
			return [
				{type: 'live', action: {type: 'work', work: 'running', expected: ['plan', 'machines', 'init', 'nodes']}},
				{type: 'live', action: {type: 'events', events: recording('apply-midway')}},
			];
		case 'secrets':
			return [{type: 'secret', secret: {key: new Secret(canaryKey), salt: new Secret(canarySalt)}}];
		default:
			return [];
	}
}

const onAws = {folder: '/home/you/demo', provider: 'aws', variant: 'aws-sev-snp', region: 'eu-west-1', zone: 'eu-west-1a'};

const isCloudStep = (step: StepId): boolean => cloudSteps.some(({id}) => id === step);

/** The wizard at a step, every question before it answered with `values` or its default, the world having answered. */
export function walkTo(step: StepId, values: Partial<Values> = {}): WizardState {
	// Clouds cannot be chosen yet, so their questions are entered from the side.
	if (isCloudStep(step)) return startWizard({...onAws, ...values}, step);
	let state = startWizard(values);
	for (const id of stepIds) {
		if (!isAsked(stepOf(id), state.values, state.facts)) continue;
		if (state.step !== id) throw new Error(`the wizard is at ${state.step}, not at ${id}`);
		state = answers(state).reduce(reduce, state);
		if (id === step) return state;
		if (id === 'work') state = reduce(state, {type: 'created', summary});
		else if (id === 'secrets')
			state = [{type: 'edit', edit: {edit: 'insert', text: 'later'}} as const, {type: 'next'} as const].reduce(reduce, state);
		else while (state.step === id) state = reduce(state, {type: 'next'});
	}
	return state;
}
