import {Secret} from '../../src/secret.ts';
import type {WizardAction} from '../../src/wizard/actions.ts';
import {reduce, startWizard} from '../../src/wizard/reducer.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import {answersKey, identitiesKey} from '../../src/wizard/state.ts';
import {accountSteps} from '../../src/wizard/steps/account.ts';
import {cloudSteps} from '../../src/wizard/steps/cloud.ts';
import {isAsked, stepOf} from '../../src/wizard/steps.ts';
import type {StepId, Values} from '../../src/wizard/values.ts';
import {measurementsKey, stepIds} from '../../src/wizard/values.ts';
import {
	canaryKey,
	canarySalt,
	cloudPlan,
	identityPlan,
	noImage,
	plan,
	recording,
	summary,
	versions,
	vouched,
} from './wizard-world.ts';

/** The clock of the recordings. */
export const at = 1_790_000_008_000;

export function recordedAt(name: string): number {
	return recording(name).at(-1)?.at ?? at;
}

export const madeProfiles = {iamProfileControlPlane: 'demo_control_plane_profile', iamProfileWorkerNodes: 'demo_worker_profile'};

/** What the world would have answered when a step is entered. */
function answers(state: WizardState): WizardAction[] {
	const asked = state.values.folder;
	const isCloud = state.values.provider !== 'local';
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
		case 'measurements':
			return [{type: 'measurements', fact: {asked: measurementsKey(state.values), state: 'done', vouched}}];
		case 'identities':
			return [{type: 'identities', asked: identitiesKey(state.values), state: 'planned', plan: identityPlan}];
		case 'review':
			return [{type: 'plan', asked: answersKey(state.values), state: 'done', plan: isCloud ? cloudPlan : plan}];
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

/** Answers of a person who makes a cluster on AWS; what has only one likely answer is left to the wizard. */
export const onAws: Partial<Values> = {provider: 'aws', sourceRanges: '198.51.100.7/32'};
const onAzure: Partial<Values> = {
	provider: 'azure',
	sourceRanges: '198.51.100.7/32',
	subscription: '11111111-2222-4333-8444-555555555555',
	tenant: '',
};

/** Answers of a person who has the image compared with a mirror. */
export const byMirror: Partial<Values> = {measurementsFrom: 'https://mirror.example.org', signerKey: 'cosign.pub'};

const ofClouds = [...cloudSteps, ...accountSteps].map(({id}) => id);
const likely = (step: StepId): Partial<Values> =>
	step === 'measurements' ? byMirror : step === 'account' ? onAzure : ofClouds.includes(step) ? onAws : {};

/** Where an infrastructure is as far as it goes. */
export const reached: WizardAction = {type: 'reached', end: {message: noImage.message, problems: [], next: noImage.next}};

/** The wizard at a step, every question before it answered with `values` or its default, the world having answered. */
export function walkTo(step: StepId, values: Partial<Values> = likely(step)): WizardState {
	if (step === 'removal') return failed(walkTo('work', {...onAws, ...values}));
	let state = startWizard(values);
	for (const id of stepIds) {
		if (id === 'removal' || !isAsked(stepOf(id), state.values, state.facts)) continue;
		if (state.step !== id) throw new Error(`the wizard is at ${state.step}, not at ${id}`);
		state = answers(state).reduce(reduce, state);
		if (id === step) return state;
		if (id === 'work') state = reduce(state, {type: 'created', summary});
		else if (id === 'secrets')
			state = [{type: 'edit', edit: {edit: 'insert', text: 'later'}} as const, {type: 'next'} as const].reduce(reduce, state);
		else state = goOn(state, id);
	}
	return state;
}

function goOn(from: WizardState, id: StepId): WizardState {
	// Nothing is chosen beforehand: the first choice is to decline, the second to trust.
	const choices = id === 'measurements' ? [1, 1] : [];
	let state = choices.reduce((now, by) => reduce(now, {type: 'choose', by}), from);
	for (let enters = 0; state.step === id && enters < 20; enters += 1) {
		state = reduce(state, {type: 'next'});
		if (state.step === 'identities' && state.facts.identities.state === 'making')
			state = reduce(state, {type: 'identities', asked: identitiesKey(state.values), state: 'made', values: madeProfiles});
	}
	return state;
}

/** A creation that failed in the middle. */
function failed(working: WizardState): WizardState {
	const failure = {message: 'Terraform could not make everything.', problems: [], next: []};
	return [
		{type: 'live', action: {type: 'work', work: 'failed', failure}} as const,
		{type: 'remove'} as const,
	].reduce<WizardState>(reduce, working);
}
