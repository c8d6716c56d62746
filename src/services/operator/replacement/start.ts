import {policyVersion} from '../../../upgrade/policy-set.ts';
import {laggingReplicas} from '../../../upgrade/replicas.ts';
import {attestationOf, inOrder, isCurrent, pendingOf, quorumWithout, standingOf} from './classify.ts';
import type {Steps} from './pairs.ts';
import type {Observation, SeenNode} from './types.ts';

/** Replacements that are under way, by the node that goes. */
export const underWay = (seen: Observation): ReadonlySet<string> =>
	new Set([
		...seen.pending.map(({name, goal, donor}) => (goal === 'Join' ? (donor ?? name) : name)),
		...seen.nodes.flatMap(({name, donor, obsolete}) => (donor !== undefined ? [donor] : obsolete ? [name] : [])),
	]);

/** Begins the next replacement, when nothing speaks against it. Control planes go first and one at a time. */
export const startSteps = (seen: Observation): Steps => {
	const {wanted} = seen;
	const outdated = inOrder(seen.nodes.filter(node => standingOf(seen, node) === 'outdated'));
	const groups = outdatedGroups(seen);
	if (outdated.length === 0 && groups.length === 0) return nothing();
	if (wanted.failure !== undefined) return nothing(`somebody to look at the failure of ${wanted.failure.node}`);
	if (wanted.direction === 'stay') return nothing();
	if (wanted.paused) return nothing('the upgrade to be continued: it is paused');
	const reasons = guards(seen);
	if (reasons.length > 0) return {actions: [], waiting: reasons};
	if (seen.autoscaling?.enabled === true) return {actions: [{do: 'pause-autoscaling'}], waiting: []};
	if (seen.autoscaling?.active !== false) return nothing('the autoscaler to pause');
	const controlPlanesLeft = seen.nodes.some(node => node.role === 'control-plane' && !isCurrent(seen, node));
	// What a group makes by itself must fit: workers stay as they are until no control plane is old.
	const now = groups.filter(({role}) => role === 'control-plane' || !controlPlanesLeft);
	if (now.length > 0) {
		return {actions: now.map(({name}) => ({do: 'set-group-image', group: name, image: wanted.image})), waiting: []};
	}
	return begin(seen, outdated, controlPlanesLeft);
};

const begin = (seen: Observation, outdated: readonly SeenNode[], controlPlanesLeft: boolean): Steps => {
	const active = underWay(seen);
	const next = outdated.find(({role}) => (role === 'control-plane') === controlPlanesLeft);
	if (next === undefined || active.size >= (controlPlanesLeft ? 1 : seen.wanted.surge)) return nothing();
	if (next.group === undefined) return nothing(`the provider to say to which group ${next.name} belongs`);
	if (next.role === 'control-plane') {
		const {ready, needed} = quorumWithout(seen, '');
		if (ready < needed) return nothing(`${needed} control planes to be Ready, ${ready} are`);
	}
	const token = `heir-of-${next.name}`;
	return {actions: [{do: 'create-machine', group: next.group, donor: next.name, token}], waiting: []};
};

const outdatedGroups = ({groups, wanted}: Observation) => groups.filter(({image}) => image !== wanted.image);

/** What must hold before anything new is made, as sentences of what is waited for. */
const guards = (seen: Observation): string[] => {
	const {wanted, policies, machines, nodes} = seen;
	const accepted = policies.policies.map(policyVersion);
	const known = nodes.flatMap(({name, image}) => attestationOf(seen, name)?.image ?? image ?? []);
	const refused = [...new Set([wanted.imageVersion, ...known])].filter(image => !accepted.includes(image));
	const replicas = nodes
		.filter(({name, role}) => role === 'control-plane' && pendingOf(seen, name)?.goal !== 'Leave')
		.filter(({name}) => machines.find(machine => machine.name === name)?.state === 'running')
		.map(({name}) => name);
	return [
		...refused.map(image => `the join policy to accept ${image}`),
		...(seen.componentsExist ? [] : [`the ConfigMap ${wanted.components}`]),
		...laggingReplicas(policies, replicas, seen.replicas, seen.now).map(({node, reason}) => `${node}: ${reason}`),
		...inFlight(seen).map(name => `${name} to join or to be removed`),
	];
};

/** Machines that somebody else made and that are on their way in: what they become would change what is counted here. */
const inFlight = (seen: Observation): string[] => {
	const isOurs = (name: string) => pendingOf(seen, name) !== undefined;
	const booting = seen.machines.filter(({state}) => state === 'creating' || state === 'running').map(({name}) => name);
	const absent = booting.filter(name => !seen.nodes.some(node => node.name === name));
	return [...new Set([...absent, ...seen.joining])].filter(name => !isOurs(name)).sort();
};

const nothing = (...waiting: string[]): Steps => ({actions: [], waiting});
