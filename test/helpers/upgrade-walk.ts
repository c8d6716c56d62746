import type {UpgradeOffer} from '../../src/wizard/upgrade/deps.ts';
import type {UpgradeAction} from '../../src/wizard/upgrade/reducer.ts';
import {reduceUpgrade, startUpgrade} from '../../src/wizard/upgrade/reducer.ts';
import type {UpgradeState, UpgradeStepId} from '../../src/wizard/upgrade/state.ts';
import {concernKey} from '../../src/wizard/upgrade/state.ts';
import {questionsOf} from '../../src/wizard/upgrade/steps.ts';
import {offerFor} from './upgrade-offer.ts';
import {recording} from './wizard-world.ts';

const agreed: Readonly<Record<string, string>> = {measurements: 'accept', start: 'start'};

export const runUpgradeActions = (state: UpgradeState, ...actions: UpgradeAction[]): UpgradeState =>
	actions.reduce(reduceUpgrade, state);

/** The wizard at its first step, the cluster having answered. */
export const lookedAt = (offer: UpgradeOffer = offerFor()): UpgradeState =>
	runUpgradeActions(startUpgrade(), {type: 'checked', asked: {}, offer});

/** Chooses an answer by its value, as often as a key has to be pressed for it. */
export function answer(state: UpgradeState, value: string): UpgradeState {
	const question = questionsOf(state.step, state.facts)[state.focus];
	const {key = '', options = []} = question ?? {};
	let now = state;
	if ((now.values[key] ?? '') === '') now = reduceUpgrade(now, {type: 'choose', by: 1});
	const index = (what: string) => options.findIndex(option => option.value === what);
	return reduceUpgrade(now, {type: 'choose', by: index(value) - index(now.values[key] ?? '')});
}

/** The wizard at a step, everything before it agreed to. */
export function walkUpgrade(step: UpgradeStepId, offer: UpgradeOffer = offerFor()): UpgradeState {
	let state = lookedAt(offer);
	while (state.step !== step) {
		const question = questionsOf(state.step, state.facts)[state.focus];
		if (state.step === 'work')
			state = reduceUpgrade(state, {
				type: 'over',
				end: {data: {}, lines: ['3 nodes run v0.2.0; 3 of them answered a fresh challenge.', 'Only that image is accepted now.']},
			});
		else {
			const value = question?.key.startsWith(concernKey(0).slice(0, -1)) ? 'yes' : agreed[question?.key ?? ''];
			state = reduceUpgrade(value === undefined ? state : answer(state, value), {type: 'next'});
		}
	}
	if (step !== 'work') return state;
	return runUpgradeActions(
		state,
		{
			type: 'live',
			action: {
				type: 'work',
				work: 'running',
				expected: ['lock', 'backup', 'policies', 'control-planes', 'workers', 'retire', 'verify'],
			},
		},
		{type: 'live', action: {type: 'events', events: recording('upgrade-midway')}},
	);
}
