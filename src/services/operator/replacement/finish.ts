import type {PolicyUser} from '../../../upgrade/policy-users.ts';
import {retirement} from '../../../upgrade/policy-users.ts';
import {attestationOf, standingOf} from './classify.ts';
import type {Steps} from './pairs.ts';
import {underWay} from './start.ts';
import type {Observation} from './types.ts';

/** When nothing is to be replaced any more: the old policy goes, then the autoscaler is what it was before. */
export const finishSteps = (seen: Observation): Steps => {
	const {wanted} = seen;
	if (underWay(seen).size > 0) return {actions: [], waiting: []};
	const isDone =
		seen.nodes.every(node => standingOf(seen, node) === 'up-to-date') && seen.groups.every(({image}) => image === wanted.image);
	const retired = isDone && wanted.retire !== undefined ? retire(seen, wanted.retire) : {actions: [], waiting: []};
	if (retired.actions.length > 0) return retired;
	const isOver = isDone || wanted.direction === 'stay';
	if (isOver && seen.autoscaling?.enabledBefore === true)
		return {actions: [{do: 'restore-autoscaling'}], waiting: retired.waiting};
	return retired;
};

/** Everything that may have to show an image's measurements now or when it is switched on again. */
export const policyUsers = (seen: Observation): PolicyUser[] => [
	...seen.nodes.map(({name, image}): PolicyUser => ({kind: 'Node', name, image: attestationOf(seen, name)?.image ?? image})),
	...seen.joining.map((name): PolicyUser => ({kind: 'JoiningNode', name, image: attestationOf(seen, name)?.image})),
	...seen.pending.map(({name}): PolicyUser => ({kind: 'PendingNode', name, image: machineImage(seen, name)})),
	...seen.machines.map(({name, image}): PolicyUser => ({kind: 'machine', name, image})),
	...seen.groups.map(({name, image}): PolicyUser => ({kind: 'node group', name, image})),
];

const machineImage = ({machines}: Observation, name: string) => machines.find(machine => machine.name === name)?.image;

const retire = (seen: Observation, generation: number): Steps => {
	const {policies, wanted} = seen;
	if (policies.generation !== generation) {
		// Narrowed by us, or changed by somebody else, who then decides what is accepted.
		return {actions: [{do: 'end-retirement'}], waiting: []};
	}
	const {retirable, unknown, uses} = retirement(policies, policyUsers(seen));
	if (uses[0]?.version !== wanted.imageVersion)
		return {actions: [], waiting: [`the join policy to have ${wanted.imageVersion} first`]};
	if (unknown.length > 0)
		return {actions: [], waiting: unknown.map(({kind, name}) => `the image of ${kind} ${name} to be known`)};
	const used = uses.slice(1).flatMap(({users}) => users);
	if (used.length > 0)
		return {actions: [], waiting: used.map(({kind, name, image}) => `${kind} ${name}, which uses ${image ?? ''}`)};
	if (retirable.length === 0) return {actions: [{do: 'end-retirement'}], waiting: []};
	return {actions: [{do: 'retire-policies', digests: retirable, generation}], waiting: []};
};
