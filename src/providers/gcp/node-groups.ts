import {createHash} from 'node:crypto';
import type {NodeRole} from '../../events.ts';
import type {Machine, MachineState, NodeGroup, NodeGroups} from '../node-groups.ts';
import {notFound} from '../not-found.ts';
import type {ComputeApi} from './rest.ts';

type Template = {
	name: string;
	selfLink: string;
	properties: {labels?: Record<string, string>; disks?: {boot?: boolean; initializeParams?: {sourceImage?: string}}[]};
};
type Manager = {name: string; zone: string; baseInstanceName: string; instanceTemplate: string; targetSize: number};
type Managed = {instance: string; instanceStatus?: string; currentAction?: string; version?: {instanceTemplate?: string}};
type Instance = {name: string; networkInterfaces?: {networkIP?: string}[]};
type Group = {manager: Manager; template: Template; zone: string};

const labels = {uid: 'constellation-uid', role: 'constellation-role', group: 'constellation-node-group'};

/**
 * Node groups of a cluster on Google Cloud: managed instance groups whose template carries the uid. A machine is named by its instance,
 * an image is the path of a source image. Another image is a copy of the template; machines that run stay as they are.
 */
export const gcpNodeGroups = (
	api: ComputeApi,
	cluster: {uid: string; namePrefix: string; zones: readonly string[]},
	random: () => string,
): NodeGroups => {
	const templateOf = (link: string) => api.get<Template>(`global/instanceTemplates/${lastOf(link)}`);
	/** Only groups with the name of the cluster: in a shared project others may not be read, and need not be. */
	const groups = async (): Promise<Group[]> => {
		const found = await Promise.all(
			cluster.zones.map(async zone => {
				const query = {filter: `name eq "${cluster.namePrefix}.*"`};
				const managers = await api.list<Manager>(`zones/${zone}/instanceGroupManagers`, query);
				return Promise.all(
					managers.map(async manager => ({manager, zone, template: await templateOf(manager.instanceTemplate)})),
				);
			}),
		);
		return found.flat().filter(({template}) => template.properties.labels?.[labels.uid] === cluster.uid);
	};
	const group = async (name: string): Promise<Group> =>
		(await groups()).find(({template}) => template.properties.labels?.[labels.group] === name) ?? notFound(`node group ${name}`);
	const path = ({zone, manager}: Group) => `zones/${zone}/instanceGroupManagers/${manager.name}`;
	const managedOf = async (each: Group): Promise<Managed[]> => {
		const answer = await api.get<{managedInstances?: Managed[]}>(`${path(each)}/listManagedInstances`);
		return answer.managedInstances ?? [];
	};

	const machinesOf = async (each: Group): Promise<Machine[]> =>
		Promise.all(
			(await managedOf(each)).map(async ({instance, instanceStatus, currentAction, version}): Promise<Machine> => {
				const name = lastOf(instance);
				const [template, running] = await Promise.all([
					version?.instanceTemplate === undefined ? each.template : templateOf(version.instanceTemplate),
					instanceStatus === undefined ? undefined : api.get<Instance>(`zones/${each.zone}/instances/${name}`),
				]);
				return {
					name,
					group: each.template.properties.labels?.[labels.group] ?? '',
					role: roleOf(each.template),
					image: imageOf(template),
					address: running?.networkInterfaces?.[0]?.networkIP ?? '',
					state: stateOf(instanceStatus, currentAction),
				};
			}),
		);
	const machines = async (): Promise<Machine[]> => (await Promise.all((await groups()).map(machinesOf))).flat();

	return {
		list: async () => (await groups()).map(described),
		get: async name => described(await group(name)),
		machines,
		// The backend services wait for the connections of a machine (connection draining) before it goes.
		setDraining: () => Promise.resolve(),
		async setSize(name, size) {
			await api.post(`${path(await group(name))}/resize`, {}, {size: String(size)});
		},
		async setImage(name, image) {
			const found = await group(name);
			const {template} = found;
			const copy = `${template.name.slice(0, 54).replace(/-[0-9a-f]{8}$/u, '')}-${random()}`;
			const disks = (template.properties.disks ?? []).map(disk =>
				disk.boot === true ? {...disk, initializeParams: {...disk.initializeParams, sourceImage: image}} : disk,
			);
			await api.post('global/instanceTemplates', {name: copy, properties: {...template.properties, disks}});
			await api.post(`${path(found)}/setInstanceTemplate`, {instanceTemplate: `global/instanceTemplates/${copy}`});
		},
		async createNode(name, token) {
			const found = await group(name);
			const suffix = token === undefined ? random() : createHash('sha256').update(token).digest('hex');
			const instance = `${found.manager.baseInstanceName}-${suffix.slice(0, 4)}`;
			const known = (await managedOf(found)).some(each => lastOf(each.instance) === instance);
			if (!known) await api.post(`${path(found)}/createInstances`, {instances: [{name: instance}]});
			return instance;
		},
		async deleteNode(name) {
			for (const each of await groups()) {
				const managed = (await managedOf(each)).find(({instance}) => lastOf(instance) === name);
				if (managed === undefined) continue;
				await api.post(`${path(each)}/deleteInstances`, {instances: [`zones/${each.zone}/instances/${name}`]});
				return;
			}
		},
	};
};

const lastOf = (link: string): string => link.split('/').at(-1) ?? link;
const roleOf = ({properties}: Template): NodeRole =>
	properties.labels?.[labels.role] === 'control-plane' ? 'control-plane' : 'worker';
const imageOf = ({properties}: Template): string =>
	(properties.disks?.find(({boot}) => boot === true)?.initializeParams?.sourceImage ?? '').replace(
		/^https:\/\/www\.googleapis\.com\/compute\/v1\//u,
		'',
	);
const described = ({manager, template}: Group): NodeGroup => ({
	name: template.properties.labels?.[labels.group] ?? '',
	role: roleOf(template),
	image: imageOf(template),
	size: manager.targetSize,
});

const stateOf = (status: string | undefined, action: string | undefined): MachineState => {
	if (action === 'DELETING') return 'terminating';
	switch (status) {
		case undefined:
		case 'PROVISIONING':
		case 'STAGING':
			return 'creating';
		case 'RUNNING':
			return 'running';
		case 'TERMINATED':
		case 'STOPPING':
		case 'SUSPENDING':
		case 'SUSPENDED':
		case 'REPAIRING':
			return 'stopped';
		default:
			return 'failed';
	}
};
