import {cause} from '../../http/status.ts';
import type {JsonObject} from '../../types.ts';
import type {Strategy} from '../strategy.ts';
import {amountProblems} from './controllers.ts';
import {mapOf} from './defaults.ts';

/** PodDisruptionBudgets: how many pods must stay, or may go, as a number or in percent. */
export const budgetStrategy: Strategy = {
	create(object) {
		object['spec'] = mapOf(object as JsonObject, 'spec');
		object['status'] = {currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0};
	},
	problems(object) {
		const spec = mapOf(object as JsonObject, 'spec');
		const both = spec['minAvailable'] !== undefined && spec['maxUnavailable'] !== undefined;
		const policy = spec['unhealthyPodEvictionPolicy'];
		const policies = ['AlwaysAllow', 'IfHealthyBudget'];
		return [
			...(both ? [cause.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set')] : []),
			...amountProblems(spec['minAvailable'], 'spec.minAvailable'),
			...amountProblems(spec['maxUnavailable'], 'spec.maxUnavailable'),
			...(policy !== undefined && !policies.includes(policy as string)
				? [cause.notSupported('spec.unhealthyPodEvictionPolicy', JSON.stringify(policy), policies)]
				: []),
		];
	},
	keepsStatus: true,
};
