import {z} from 'zod';
import {AppError, exitCodes} from '../../errors.ts';
import type {Machine, NodeGroup, NodeGroups} from '../node-groups.ts';
import {notFound} from '../not-found.ts';
import {cloudText} from '../refusals.ts';
import {type Rest, shaped} from '../rest.ts';
import {openstackMachineState} from './machine-state.ts';
import {openstackWords} from './sign-in.ts';

const serverSchema = z.object({
	id: z.string(),
	name: z.string(),
	status: z.string(),
	'OS-EXT-STS:task_state': z.string().nullish(),
	metadata: z.record(z.string(), z.string()).default({}),
	// A server that starts from a volume has the empty text here.
	image: z.union([z.object({id: z.string()}), z.string()]).nullish(),
	addresses: z
		.record(z.string(), z.array(z.object({addr: z.string(), version: z.number(), 'OS-EXT-IPS:type': z.string().optional()})))
		.default({}),
	fault: z.object({message: z.string()}).nullish(),
});
const pageSchema = z.object({servers: z.array(serverSchema)});
type Server = z.infer<typeof serverSchema>;

const keys = {uid: 'constellation-uid', role: 'constellation-role', group: 'constellation-node-group'};

/**
 * What OpenStack and STACKIT have of node groups: servers that Terraform makes one by one. They can be listed (Compute API v2.1, by their
 * tag and, because anybody can copy a tag, by name and metadata); whatever would change a group throws AppError `cloud-no-node-groups`.
 */
export const openstackNodeGroups = (
	nova: Rest,
	cluster: {uid: string; name: string; cloud: 'OpenStack' | 'STACKIT'},
): NodeGroups => {
	const servers = async (): Promise<Server[]> => {
		const found: Server[] = [];
		for (let marker: string | undefined; ; ) {
			const query = {tags: `constellation-uid-${cluster.uid}`, ...(marker !== undefined && {marker})};
			const page = shaped(
				pageSchema,
				await nova('GET', 'servers/detail', {query}),
				openstackWords,
				'the list of servers',
			).servers;
			const last = page.at(-1)?.id;
			// An empty page is the end. A cloud that ignores the marker gives the same page again.
			if (last === undefined || last === marker) break;
			found.push(...page);
			marker = last;
		}
		const prefix = `${cluster.name}-${cluster.uid}-`;
		return found.filter(({name, metadata}) => {
			const group = metadata[keys.group] ?? '';
			return metadata[keys.uid] === cluster.uid && group !== '' && name.startsWith(`${prefix}${group.replaceAll('_', '-')}-`);
		});
	};
	const list = async (): Promise<NodeGroup[]> => {
		const machines = (await servers()).map(machineOf);
		return [...new Set(machines.map(({group}) => group))].flatMap(name => {
			const members = machines.filter(({group}) => group === name);
			return members.slice(0, 1).map(({role, image}) => ({name, role, image, size: members.length}));
		});
	};
	const none = (): Promise<never> =>
		Promise.reject(
			new AppError(`${cluster.cloud} has no groups of machines: Terraform makes each server of this cluster by itself.`, {
				code: 'cloud-no-node-groups',
				exitCode: exitCodes.infrastructure,
				next: ['Change the count or the image of the node group in the config, then run `constellation apply`.'],
			}),
		);
	return {
		list,
		get: async name => (await list()).find(each => each.name === name) ?? notFound(`node group ${name}`),
		machines: async () => (await servers()).map(machineOf),
		setDraining: () => Promise.resolve(),
		setImage: none,
		setSize: none,
		createNode: none,
		deleteNode: none,
	};
};

const machineOf = ({name, status, metadata, image, addresses, fault, 'OS-EXT-STS:task_state': task}: Server): Machine => {
	const fixed = Object.values(addresses)
		.flat()
		.find(each => each.version === 4 && each['OS-EXT-IPS:type'] !== 'floating');
	return {
		name,
		group: metadata[keys.group] ?? '',
		role: metadata[keys.role] === 'control-plane' ? 'control-plane' : 'worker',
		image: typeof image === 'object' && image !== null ? image.id : '',
		address: fixed?.addr ?? '',
		state: openstackMachineState(status, task),
		...(fault?.message !== undefined && {detail: cloudText(fault.message)}),
	};
};
