import type {UpgradeAsked} from './deps.ts';
import type {UpgradeAction} from './reducer.ts';
import type {UpgradeState} from './state.ts';
import {askedOf} from './state.ts';

/** What the shell has to do after an action. */
export type UpgradeEffect = {effect: 'check'; asked: UpgradeAsked} | {effect: 'begin' | 'stop' | 'pause' | 'end'};

/** What the shell has to do because `action` turned `before` into `after`. Pure. */
export function upgradeEffects(before: UpgradeState, action: UpgradeAction, after: UpgradeState): UpgradeEffect[] {
	const effects: UpgradeEffect[] = [];
	const waits = after.step === 'target' && after.pending && !before.pending;
	if (waits) effects.push({effect: 'check', asked: askedOf(after.values)});
	if (action.type === 'again') effects.push({effect: 'check', asked: after.facts.asked});
	if (after.step === 'work' && before.step !== 'work') effects.push({effect: 'begin'});
	if (after.pausing && !before.pausing) effects.push({effect: 'pause'});
	if (action.type === 'stop') effects.push({effect: 'stop'});
	if (after.ended !== undefined && before.ended === undefined) effects.push({effect: 'end'});
	return effects;
}
