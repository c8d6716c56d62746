import {isOutdated} from './flight-plan.ts';
import {isNewer, oldest} from './kubernetes-rules.ts';
import type {ClusterKind, Observed} from './observed.ts';
import {policyVersion} from './policy-set.ts';
import {type PolicyUser, retirement} from './policy-users.ts';
import type {ReplicaReport} from './replica-report.ts';
import {laggingReplicas} from './replicas.ts';
import {type GuardId, type StepKind, stepOrder} from './steps.ts';
import {checkUpgrade} from './strand/check-upgrade.ts';
import type {Target} from './target.ts';

/** What a guard looks at: the cluster as it is right now, and what the plan wants. */
export type GuardInput = {
	observed: Observed;
	replicas: readonly ReplicaReport[];
	users: readonly PolicyUser[];
	target: Target;
	from: {image: string; generation: number};
	/** Images signed by the key that nodes are pinned to. */
	trusted: readonly string[];
	kind: ClusterKind;
	/** Milliseconds since the epoch. */
	now: number;
};

/** Why a step may not begin now. */
export type GuardFailure = {guard: GuardId; reason: string};

const checks: Readonly<Record<GuardId, (input: GuardInput) => string | undefined>> = {
	'policy-as-planned': ({observed: {policies}, from, target}) => {
		const images = policies.policies.map(policy => policyVersion(policy));
		if (images.includes(target.image) || policies.generation === from.generation) return undefined;
		return `somebody changed the join policy: generation ${policies.generation}, planned with ${from.generation}`;
	},
	'both-accepted': ({observed: {policies, nodes}, target}) => {
		const accepted = new Set(policies.policies.map(policy => policyVersion(policy)));
		const missing = [target.image, ...nodes.map(({image}) => image ?? 'an unknown image')].find(image => !accepted.has(image));
		return missing === undefined ? undefined : `the join policy does not accept ${missing}`;
	},
	'replicas-agree': ({observed: {policies, nodes}, replicas, now}) => {
		const controlPlanes = nodes.filter(({role, stopped}) => role === 'control-plane' && !stopped).map(({name}) => name);
		const lagging = laggingReplicas(policies, controlPlanes, replicas, now);
		return lagging.length === 0 ? undefined : lagging.map(({node, reason}) => `${node}: ${reason}`).join('; ');
	},
	'components-exist': ({observed: {componentSets}, target}) =>
		componentSets.includes(target.components) ? undefined : `the ConfigMap ${target.components} does not exist`,
	'not-ahead': ({observed: {nodes, apiServers}}) => {
		const least = oldest(apiServers.map(({version}) => version));
		const ahead = nodes.find(({role, kubernetes}) => role === 'worker' && least !== undefined && isNewer(kubernetes, least));
		return ahead === undefined ? undefined : `the kubelet of ${ahead.name} is newer than the oldest API server`;
	},
	'enough-control-planes': ({observed: {nodes}, kind}) => {
		const all = nodes.filter(({role}) => role === 'control-plane');
		const live = all.filter(({ready, stopped}) => ready && !stopped).length;
		const needed = kind.store === 'shared' ? 1 : Math.floor(all.length / 2) + 1;
		return live >= needed ? undefined : `${live} of ${all.length} control planes are ready, ${needed} are needed`;
	},
	'old-unused': ({observed: {nodes, policies}, users, target}) => {
		const left = nodes.filter(node => isOutdated(node, target)).map(({name}) => name);
		if (left.length > 0) return `still to be replaced: ${left.join(', ')}`;
		const {uses, unknown} = retirement(policies, users);
		if (unknown.length > 0) return `of unknown image: ${unknown.map(({kind, name}) => `${kind} ${name}`).join(', ')}`;
		const using = uses.filter(({version}) => version !== target.image).flatMap(use => use.users);
		return using.length === 0 ? undefined : `in use by ${using.map(({kind, name}) => `${kind} ${name}`).join(', ')}`;
	},
	'no-strand': ({observed, target, trusted, kind}) => {
		const goal = {image: target.image, kubernetes: {version: target.kubernetes, components: target.components}};
		return checkUpgrade(observed, {goal, trusted}, kind).counterexample?.sentence;
	},
};

/** The guards of a step that do not hold now; the step begins when there are none. */
export function failedGuards(step: StepKind, input: GuardInput): GuardFailure[] {
	const guards = stepOrder.find(({kind}) => kind === step)?.guards ?? [];
	return guards.flatMap(guard => {
		const reason = checks[guard](input);
		return reason === undefined ? [] : [{guard, reason}];
	});
}
