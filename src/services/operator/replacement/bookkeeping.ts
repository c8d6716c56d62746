import {upgradeAnnotations as names} from '../../../kubernetes/upgrade-annotations.ts';
import {attestationOf} from './classify.ts';
import type {Action, Observation, SeenNode} from './types.ts';

/** Name of the object for a group: v2.9 mixes upper and lower case here and then removes its own objects; one form on both sides. */
export const scalingGroupName = (groupId: string): string =>
	groupId
		.toLowerCase()
		.replaceAll(/[^a-z0-9.-]+/g, '-')
		.replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');

/** Keeps the objects about nodes and groups as provider and JoinServices say it is. */
export const bookkeeping = (seen: Observation): Action[] => [
	...seen.nodes.flatMap(node => annotate(seen, node)),
	...seen.groups
		.filter(({name}) => !seen.scalingGroups.some(each => each.name === scalingGroupName(name)))
		.map((group): Action => ({do: 'create-scaling-group', group})),
	...seen.scalingGroups
		.filter(({groupId}) => !seen.groups.some(({name}) => name === groupId))
		.map(({name}): Action => ({do: 'delete-scaling-group', name})),
	...autoscaling(seen),
];

/** Image and group are written once; what was attested follows the record of the JoinServices. */
const annotate = (seen: Observation, node: SeenNode): Action[] => {
	const machine = seen.machines.find(({name}) => name === node.name);
	const attested = attestationOf(seen, node.name);
	const wanted: [string, string | undefined, string | undefined][] = [
		[names.nodeImage, node.image, node.image ?? machine?.image],
		[names.scalingGroup, node.group, node.group ?? machine?.group],
		[names.attestedImage, node.attestedImage, attested?.image],
		[names.attestationKey, node.attestationKey, attested?.attestationKey],
	];
	const changed = wanted.flatMap(([key, is, should]) => (should === undefined || is === should ? [] : [[key, should] as const]));
	return changed.length === 0 ? [] : [{do: 'annotate-node', node: node.name, annotations: Object.fromEntries(changed)}];
};

const autoscaling = ({autoscaling: strategy}: Observation): Action[] => {
	if (strategy === undefined) return [{do: 'create-autoscaling'}];
	return strategy.active === strategy.enabled ? [] : [{do: 'report-autoscaling', active: strategy.enabled}];
};
