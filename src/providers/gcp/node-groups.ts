import {createHash} from 'node:crypto';
import {z} from 'zod';
import type {Machine, NodeGroup, NodeGroups} from '../node-groups.ts';
import {notFound} from '../not-found.ts';
import {ambiguous, cloudText, isCode} from '../refusals.ts';
import {googleMachineState} from './machine-state.ts';
import type {ComputeApi} from './rest.ts';

const templateSchema = z.object({
	name: z.string(),
	properties: z.looseObject({
		labels: z.record(z.string(), z.string()).default({}),
		disks: z
			.array(
				z.looseObject({
					boot: z.boolean().optional(),
					initializeParams: z.looseObject({sourceImage: z.string().optional()}).optional(),
				}),
			)
			.default([]),
	}),
});
const managerSchema = z.object({
	name: z.string(),
	zone: z.string().optional(),
	baseInstanceName: z.string(),
	instanceTemplate: z.string(),
	targetSize: z.number(),
});
const managersSchema = z.object({
	items: z.record(z.string(), z.object({instanceGroupManagers: z.array(managerSchema).default([])})).default({}),
});
const managedSchema = z.object({
	instance: z.string(),
	instanceStatus: z.string().optional(),
	currentAction: z.string().optional(),
	version: z.object({instanceTemplate: z.string().optional()}).optional(),
	lastAttempt: z
		.object({errors: z.object({errors: z.array(z.object({message: z.string().optional()})).default([])}).optional()})
		.optional(),
});
const managedPageSchema = z.object({managedInstances: z.array(managedSchema).default([])});
const instancesSchema = z.object({
	items: z
		.array(z.object({name: z.string(), networkInterfaces: z.array(z.object({networkIP: z.string().optional()})).default([])}))
		.default([]),
});

type Template = z.infer<typeof templateSchema>;
type Group = {manager: z.infer<typeof managerSchema>; template: Template; zone: string; path: string};

const labels = {uid: 'constellation-uid', role: 'constellation-role', group: 'constellation-node-group'};

/**
 * Node groups of a cluster on Google Cloud: managed instance groups whose template carries the uid. A machine is named by its instance,
 * an image is the path of a source image. Another image is a copy of the template; machines that run stay as they are. What belongs to a
 * group is what the group manages: labels that somebody copied make no member.
 */
export const gcpNodeGroups = (api: ComputeApi, cluster: {uid: string; name: string}): NodeGroups => {
	const templateOf = (link: string) => api.get(templateSchema, `global/instanceTemplates/${lastOf(link)}`);
	/** Only groups with the name of the cluster: in a shared project others may not be read, and need not be. */
	const groups = async (): Promise<Group[]> => {
		const query = {filter: `name eq "${cluster.name}-${cluster.uid}-.*"`};
		const path = 'aggregated/instanceGroupManagers';
		const pick = (page: z.infer<typeof managersSchema>) => Object.values(page.items).flatMap(each => each.instanceGroupManagers);
		const managers = await api.list(managersSchema, path, pick, {query});
		const found = await Promise.all(
			managers.flatMap(manager => {
				const zone = lastOf(manager.zone ?? '');
				if (zone === '') return [];
				const at = `zones/${zone}/instanceGroupManagers/${manager.name}`;
				return [templateOf(manager.instanceTemplate).then(template => ({manager, template, zone, path: at}))];
			}),
		);
		return found.filter(({template}) => labelOf(template, 'uid') === cluster.uid && labelOf(template, 'group') !== '');
	};
	const group = async (name: string): Promise<Group> => {
		const [found, ...others] = (await groups()).filter(({template}) => labelOf(template, 'group') === name);
		if (others.length > 0)
			throw ambiguous(
				`node group ${name}`,
				[found, ...others].map(each => each?.manager.name ?? ''),
			);
		return found ?? notFound(`node group ${name}`);
	};
	const managedOf = ({path}: Group) =>
		api.list(managedPageSchema, `${path}/listManagedInstances`, page => page.managedInstances, {method: 'POST'});

	const addressesIn = async (zone: string): Promise<Map<string, string>> => {
		const query = {filter: `labels.${labels.uid} eq "${cluster.uid}"`};
		const found = await api.list(instancesSchema, `zones/${zone}/instances`, page => page.items, {query});
		return new Map(found.map(({name, networkInterfaces: [first]}) => [name, first?.networkIP ?? '']));
	};
	/** An operator may have swept the template that a machine was made from. */
	const imageMadeFrom = async (each: Group, link: string | undefined): Promise<string> => {
		if (link === undefined || lastOf(link) === each.template.name) return imageOf(each.template);
		try {
			return imageOf(await templateOf(link));
		} catch (error) {
			if (isCode(error, 'cloud-object-missing')) return '';
			throw error;
		}
	};
	const machinesOf = async (each: Group, addresses: ReadonlyMap<string, string>): Promise<Machine[]> =>
		Promise.all(
			(await managedOf(each)).map(async ({instance, instanceStatus, currentAction, version, lastAttempt}) => {
				const name = lastOf(instance);
				const detail = lastAttempt?.errors?.errors[0]?.message;
				return {
					name,
					group: labelOf(each.template, 'group'),
					role: roleOf(each.template),
					image: await imageMadeFrom(each, version?.instanceTemplate),
					address: addresses.get(name) ?? '',
					state: googleMachineState(instanceStatus, currentAction),
					...(detail !== undefined && {detail: cloudText(detail)}),
				};
			}),
		);

	return {
		list: async () => (await groups()).map(described),
		get: async name => described(await group(name)),
		async machines() {
			const found = await groups();
			const zones = [...new Set(found.map(({zone}) => zone))];
			const addresses = new Map((await Promise.all(zones.map(addressesIn))).flatMap(each => [...each]));
			return (await Promise.all(found.map(each => machinesOf(each, addresses)))).flat();
		},
		// The backend services wait for the connections of a machine (connection draining) before it goes.
		setDraining: () => Promise.resolve(),
		async setSize(name, size) {
			await api.post(`${(await group(name)).path}/resize`, {}, {size: String(size)});
		},
		async setImage(name, image) {
			const {path, template} = await group(name);
			if (imageOf(template) === pathOf(image)) return;
			const disks = template.properties.disks.map(disk =>
				disk.boot === true ? {...disk, initializeParams: {...disk.initializeParams, sourceImage: image}} : disk,
			);
			const properties = {...template.properties, disks};
			// Named after its content: whoever was killed before the group knew it finds the same template again.
			const copy = `${template.name.slice(0, 54).replace(/-[0-9a-f]{8}$/u, '')}-${digest(JSON.stringify(properties))}`;
			try {
				await templateOf(copy);
			} catch (error) {
				if (!isCode(error, 'cloud-object-missing')) throw error;
				await api.post('global/instanceTemplates', {name: copy, properties});
			}
			await api.post(`${path}/setInstanceTemplate`, {instanceTemplate: `global/instanceTemplates/${copy}`});
		},
		async createNode(name, token) {
			const found = await group(name);
			const instance = `${found.manager.baseInstanceName}-${digest(token ?? crypto.randomUUID())}`;
			const known = (await managedOf(found)).some(each => lastOf(each.instance) === instance);
			if (!known) await api.post(`${found.path}/createInstances`, {instances: [{name: instance}]});
			return instance;
		},
		async deleteNode(name) {
			for (const each of await groups()) {
				const managed = (await managedOf(each)).find(({instance}) => lastOf(instance) === name);
				if (managed === undefined) continue;
				if (managed.currentAction === 'DELETING') return;
				await api.post(`${each.path}/deleteInstances`, {instances: [`zones/${each.zone}/instances/${name}`]});
				return;
			}
		},
	};
};

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);
const lastOf = (link: string): string => link.split('/').at(-1) ?? link;
const pathOf = (link: string): string => link.replace(/^https:\/\/[^/]+\/compute\/(?:v1|beta)\//u, '');
const labelOf = ({properties}: Template, key: keyof typeof labels): string => properties.labels[labels[key]] ?? '';
const roleOf = (template: Template) => (labelOf(template, 'role') === 'control-plane' ? 'control-plane' : 'worker');
const imageOf = ({properties}: Template): string =>
	pathOf(properties.disks.find(({boot}) => boot === true)?.initializeParams?.sourceImage ?? '');
const described = ({manager, template}: Group): NodeGroup => ({
	name: labelOf(template, 'group'),
	role: roleOf(template),
	image: imageOf(template),
	size: manager.targetSize,
});
