import {z} from 'zod';
import {byValue, type Check, check, unfit, type WantedGroup} from '../check.ts';
import {isCode} from '../refusals.ts';
import {type Rest, shaped} from '../rest.ts';
import {openstackWords, type Session} from './sign-in.ts';

const flavorsSchema = z.object({flavors: z.array(z.object({id: z.string(), name: z.string(), vcpus: z.number()}))});
const limitsSchema = z.object({limits: z.object({absolute: z.record(z.string(), z.number())})});
const zonesSchema = z.object({
	availabilityZoneInfo: z.array(z.object({zoneName: z.string(), zoneState: z.object({available: z.boolean()})})),
});
const networkSchema = z.object({network: z.object({name: z.string(), 'router:external': z.boolean().default(false)})});
const volumeTypesSchema = z.object({volume_types: z.array(z.object({id: z.string(), name: z.string()}))});
const imageSchema = z.object({status: z.string(), hw_firmware_type: z.string().optional()});

export type OpenstackWanted = {
	groups: readonly WantedGroup[];
	/** Network that public addresses come from, by id. */
	pool: string;
	/** Volume types of the state disks. */
	diskTypes: readonly string[];
	/** Whether the load balancer is Octavia's. */
	octavia: boolean;
};

/** What can be asked of OpenStack before anything is made. What a flavor's hardware can do is rarely shown to its users. */
export const openstackChecks = (signIn: () => Promise<Session>, {groups, pool, diskTypes, octavia}: OpenstackWanted): Check[] => {
	let session: Promise<Session> | undefined;
	const service = async (type: string): Promise<Rest> => (await (session ??= signIn())).service(type);
	const ask = async <T>(schema: z.ZodType<T>, type: string, path: string): Promise<T> =>
		shaped(schema, await (await service(type))('GET', path), openstackWords, path);
	let flavors: Promise<z.infer<typeof flavorsSchema>> | undefined;
	/** A flavor is named by its id or its name. */
	const flavorOf = async (type: string) =>
		(await (flavors ??= ask(flavorsSchema, 'compute', 'flavors/detail'))).flavors.find(
			({id, name}) => id === type || name === type,
		);

	const identity = check('identity', 'OpenStack project', async () => {
		const {project, user} = await (session ??= signIn());
		return `project ${project}, user ${user}`;
	});
	const machines = check('machines', 'Flavors and zones', async () => {
		const problems: string[] = [];
		const types = [...byValue(groups, ({instanceType}) => instanceType).keys()];
		for (const type of types)
			if ((await flavorOf(type)) === undefined) problems.push(`There is no flavor ${type} for this project.`);
		const {availabilityZoneInfo: zones} = await ask(zonesSchema, 'compute', 'os-availability-zone');
		for (const zone of byValue(groups, each => each.zone).keys()) {
			if (!zones.some(({zoneName, zoneState}) => zoneName === zone && zoneState.available))
				problems.push(`There is no zone ${zone}.`);
		}
		const names = zones.map(({zoneName}) => zoneName).join(', ');
		if (problems.length > 0) throw unfit(problems, `Name a flavor that this project sees, and one of the zones ${names}.`);
		return types.join(', ');
	});
	const network = check('network', 'Network and load balancer', async () => {
		const fix = 'Name the network that public addresses come from by its id (`openstack network list --external`).';
		const {name, 'router:external': outside} = (
			await ask(networkSchema, 'network', `v2.0/networks/${pool}`).catch((error: unknown) => {
				if (isCode(error, 'cloud-object-missing')) throw unfit([`There is no network ${pool} for this project.`], fix);
				throw error;
			})
		).network;
		if (!outside) throw unfit([`Network ${name} (${pool}) gives no public addresses.`], fix);
		if (octavia) {
			await service('load-balancer').catch((error: unknown) => {
				if (!isCode(error, 'cloud-refused')) throw error;
				throw unfit(
					['The cloud has no load balancers (Octavia).'],
					'Use another region or cloud: without one nobody reaches the control planes.',
				);
			});
		}
		return `addresses from ${name}`;
	});
	const disks = check('disks', 'Volume types', async () => {
		const known = await ask(volumeTypesSchema, 'block-storage', 'types').catch((error: unknown) => {
			// Older catalogues name the service by the version of its API.
			if (isCode(error, 'cloud-refused')) return ask(volumeTypesSchema, 'volumev3', 'types');
			throw error;
		});
		const names = known.volume_types.map(({name}) => name);
		const missing = [...new Set(diskTypes)].filter(
			type => !known.volume_types.some(({id, name}) => id === type || name === type),
		);
		if (missing.length > 0) throw unfit([`There is no volume type ${missing.join(', ')}.`], `Name one of ${names.join(', ')}.`);
		return [...new Set(diskTypes)].join(', ');
	});
	const quota = check('quota', 'Quota', async () => {
		const {absolute} = (await ask(limitsSchema, 'compute', 'limits')).limits;
		const count = groups.reduce((sum, group) => sum + group.count, 0);
		let cores = 0;
		for (const group of groups) cores += group.count * ((await flavorOf(group.instanceType))?.vcpus ?? 0);
		const short = [
			{what: 'servers', needed: count, limit: absolute['maxTotalInstances'] ?? -1, used: absolute['totalInstancesUsed'] ?? 0},
			{what: 'virtual CPUs', needed: cores, limit: absolute['maxTotalCores'] ?? -1, used: absolute['totalCoresUsed'] ?? 0},
		].flatMap(({what, needed, limit, used}) =>
			// A limit of -1 is none.
			limit >= 0 && needed > limit - used
				? [`${needed} ${what} are needed, ${Math.max(0, limit - used)} of ${limit} are free.`]
				: [],
		);
		if (short.length > 0) throw unfit(short, 'Have the quota of the project raised, or use fewer or smaller machines.');
		return `${count} servers and ${cores} virtual CPUs fit`;
	});
	const image = check('image', 'Node image', async () => {
		const problems: string[] = [];
		const ids = [...byValue(groups, each => each.image).keys()];
		const glance = await service('image');
		for (const id of ids) {
			const found = await glance('GET', `v2/images/${id}`).catch((error: unknown) => {
				if (isCode(error, 'cloud-object-missing')) return undefined;
				throw error;
			});
			const {status, hw_firmware_type: firmware} =
				found === undefined ? {status: 'not there'} : shaped(imageSchema, found, openstackWords, 'the image');
			if (status !== 'active') problems.push(`Image ${id} is ${status}.`);
			else if (firmware !== 'uefi')
				problems.push(`Image ${id} does not say hw_firmware_type=uefi: it starts without measured boot.`);
		}
		if (problems.length > 0)
			throw unfit(problems, 'Name the id of an image that this project sees and that has hw_firmware_type=uefi.');
		return ids.length === 0 ? 'none is named' : ids.join(', ');
	});
	return [identity, machines, network, disks, quota, image];
};
