import {z} from 'zod';
import type {NodeRole} from '../../events.ts';

/** Most nodes of one group: what the Terraform modules allow. */
export const maxGroupSize = 200;

/** Names become part of the names of machines, which have 58 characters on Azure. */
const groupName = z.string().regex(/^[a-z](?:[a-z\d_]{0,19}[a-z\d])?$/, {
	error: 'must be 1 to 21 lower-case letters, digits and underscores, and start with a letter',
});

const count = z.int().min(0).max(maxGroupSize).optional();

const group = z
	.strictObject({
		role: z.enum(['control-plane', 'worker']).describe('What the nodes of this group do.'),
		count: count.describe('How many nodes the group has.'),
		initialCount: count.describe('The same as `count`, as later releases of the original call it.'),
		instanceType: z.string().min(1).optional().describe('Machine type of this group. Without it: that of the provider section.'),
		zone: z.string().min(1).optional().describe('Zone of this group. Without it: that of the provider section.'),
		stateDiskSizeGB: z.int().min(10).max(65_536).optional().describe('Size of the state disk. Without it: that of the config.'),
		stateDiskType: z.string().min(1).optional().describe('Type of the state disk. Without it: that of the provider section.'),
	})
	.superRefine(({count: own, initialCount}, context) => {
		if (own === undefined && initialCount === undefined)
			context.addIssue({code: 'custom', path: ['count'], message: 'is missing', params: {fix: 'say how many nodes there are'}});
		if (own !== undefined && initialCount !== undefined && own !== initialCount)
			context.addIssue({
				code: 'custom',
				path: ['initialCount'],
				message: `says another number than count (${own})`,
				params: {fix: 'remove it'},
			});
	});

/** Node groups of a config for a cloud, by name. */
export const groupsSchema = z
	.record(groupName, group)
	.superRefine((groups, context) => {
		const controlPlanes = Object.values(groups).filter(({role}) => role === 'control-plane');
		if (controlPlanes.some(({count: own, initialCount}) => (own ?? initialCount ?? 0) > 0)) return;
		context.addIssue({
			code: 'custom',
			message: 'has no control plane',
			params: {fix: 'add a group with role: control-plane and count: 1'},
		});
	})
	.default({
		control_plane_default: {role: 'control-plane', count: 1},
		worker_default: {role: 'worker', count: 2},
	});

/** A node group with everything said. `zone` is absent where the cloud spreads the machines. */
export type NodeGroup = {
	role: NodeRole;
	count: number;
	instanceType: string;
	zone?: string;
	stateDiskSizeGB: number;
	stateDiskType: string;
};

/** Size of a state disk where the config does not say any; 0 counts as not said, as in v2.9. */
export const defaultDiskSize = 30;

/** Fills in what groups leave to the provider section and to the config. */
export function resolveGroups(
	groups: z.infer<typeof groupsSchema>,
	defaults: {instanceType: string; zone?: string; stateDiskType: string; stateDiskSizeGB: number | undefined},
): Record<string, NodeGroup> {
	const {stateDiskSizeGB, zone: defaultZone, ...others} = defaults;
	return Object.fromEntries(
		Object.entries(groups).map(([name, {role, count: own, initialCount, zone = defaultZone, ...said}]) => [
			name,
			{
				role,
				count: own ?? initialCount ?? 0,
				instanceType: said.instanceType ?? others.instanceType,
				...(zone === undefined ? {} : {zone}),
				stateDiskSizeGB: said.stateDiskSizeGB ?? (stateDiskSizeGB || defaultDiskSize),
				stateDiskType: said.stateDiskType ?? others.stateDiskType,
			},
		]),
	);
}
