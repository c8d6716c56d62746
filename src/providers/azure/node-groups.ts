import {createHash, randomUUID} from 'node:crypto';
import {z} from 'zod';
import {AppError} from '../../errors.ts';
import type {NodeRole} from '../../events.ts';
import {awaited, type Patience} from '../awaited.ts';
import type {Machine, NodeGroup, NodeGroups} from '../node-groups.ts';
import {notFound} from '../not-found.ts';
import {ambiguous, cloudText, isCode} from '../refusals.ts';
import type {Arm} from './arm.ts';
import {azureMachineState} from './machine-state.ts';
import {imageReferenceOf, spelledId} from './resource-id.ts';

export const versions = {compute: '2024-11-01', scaleSetNetwork: '2018-10-01'};

const imageSchema = z.looseObject({
	id: z.string().nullish(),
	communityGalleryImageId: z.string().nullish(),
	sharedGalleryImageId: z.string().nullish(),
});
const storageSchema = z.object({imageReference: imageSchema.nullish()});
const scaleSetSchema = z.object({
	id: z.string(),
	name: z.string(),
	etag: z.string().optional(),
	tags: z.record(z.string(), z.string()).default({}),
	sku: z.looseObject({capacity: z.number().default(0)}),
	properties: z.object({virtualMachineProfile: z.object({storageProfile: storageSchema.optional()}).optional()}),
});
const machineSchema = z.object({
	id: z.string(),
	instanceId: z.string(),
	name: z.string(),
	properties: z.object({
		provisioningState: z.string().default(''),
		osProfile: z.object({computerName: z.string().optional()}).optional(),
		storageProfile: storageSchema.optional(),
		instanceView: z
			.object({statuses: z.array(z.object({code: z.string(), message: z.string().nullish()})).default([])})
			.nullish(),
	}),
});
const interfaceSchema = z.object({
	properties: z.object({
		primary: z.boolean().default(true),
		virtualMachine: z.object({id: z.string()}).nullish(),
		ipConfigurations: z
			.array(z.object({properties: z.object({primary: z.boolean().default(true), privateIPAddress: z.string().optional()})}))
			.default([]),
	}),
});

type ScaleSet = z.infer<typeof scaleSetSchema>;
type Virtual = z.infer<typeof machineSchema>;

const tagKeys = {
	uid: 'constellation-uid',
	role: 'constellation-role',
	group: 'constellation-node-group',
	made: 'constellation-made',
};
/** The scale set is being changed by somebody, or was changed since it was read. */
const busy = /^(?:AnotherOperationInProgress|RetryableError|OperationPreempted|PreconditionFailed)$/u;

/**
 * Node groups of a cluster on Azure: scale sets (uniform) with its uid in its resource group. A machine is named by its computer name in
 * lower case, as Kubernetes does; an image is a resource id. Machines that run stay as they are when the image changes.
 */
export const azureNodeGroups = (
	arm: Arm,
	cluster: {uid: string; subscription: string; resourceGroup: string},
	patience: Patience,
): NodeGroups => {
	const home = `subscriptions/${cluster.subscription}/resourceGroups/${cluster.resourceGroup}/providers/Microsoft.Compute/virtualMachineScaleSets`;
	const groups = async (): Promise<ScaleSet[]> => {
		const found = await arm.list(scaleSetSchema, home, versions.compute);
		return found.filter(each => tagOf(each, 'uid') === cluster.uid && tagOf(each, 'role') !== '' && tagOf(each, 'group') !== '');
	};
	const group = async (name: string): Promise<ScaleSet> => {
		const [found, ...others] = (await groups()).filter(each => tagOf(each, 'group') === name);
		if (others.length > 0)
			throw ambiguous(
				`node group ${name}`,
				[found, ...others].map(each => each?.name ?? ''),
			);
		return found ?? notFound(`node group ${name}`);
	};
	/** Reads the group, changes it as it was read, and does both again when somebody else was faster. */
	const changed = <T>(name: string, change: (found: ScaleSet) => Promise<T>): Promise<T> =>
		awaited(patience, `an end of the changes to node group ${name}`, async () => {
			try {
				return await change(await group(name));
			} catch (error) {
				if (error instanceof AppError && (busy.test(String(error.details['reason'])) || error.details['status'] === 412))
					return undefined;
				throw error;
			}
		});
	const patch = (found: ScaleSet, body: unknown) =>
		arm.begin('PATCH', `${home}/${found.name}`, versions.compute, body, found.etag === undefined ? {} : {'if-match': found.etag});

	const virtualsOf = (found: ScaleSet): Promise<Virtual[]> =>
		arm.list(machineSchema, `${home}/${found.name}/virtualMachines`, versions.compute, {$expand: 'instanceView'});
	const addressesOf = async (found: ScaleSet): Promise<Map<string, string>> => {
		const interfaces = await arm.list(interfaceSchema, `${home}/${found.name}/networkInterfaces`, versions.scaleSetNetwork);
		return new Map(
			interfaces.flatMap(({properties: {primary, virtualMachine, ipConfigurations}}) => {
				const address = ipConfigurations.find(each => each.properties.primary)?.properties.privateIPAddress;
				return primary && virtualMachine && address !== undefined ? [[virtualMachine.id.toLowerCase(), address] as const] : [];
			}),
		);
	};
	const machinesOf = async (found: ScaleSet): Promise<Machine[]> => {
		const [virtuals, addresses] = await Promise.all([virtualsOf(found), addressesOf(found)]);
		return virtuals.map(each => {
			const {provisioningState, storageProfile, instanceView} = each.properties;
			const statuses = instanceView?.statuses ?? [];
			const detail = cloudText(statuses.find(({message}) => message)?.message ?? '');
			return {
				name: nameOf(each),
				group: tagOf(found, 'group'),
				role: roleOf(found),
				image: imageOf(storageProfile),
				address: addresses.get(each.id.toLowerCase()) ?? '',
				state: azureMachineState([...statuses.map(({code}) => code), `ProvisioningState/${provisioningState}`]),
				...(detail !== '' && {detail}),
			};
		});
	};

	return {
		list: async () => (await groups()).map(described),
		get: async name => described(await group(name)),
		machines: async () => (await Promise.all((await groups()).map(machinesOf))).flat(),
		// The load balancer keeps the open connections of a machine that leaves its pool; there is nothing to switch off before.
		setDraining: () => Promise.resolve(),
		async setSize(name, size) {
			await changed(name, found => patch(found, {sku: {...found.sku, capacity: size}}));
		},
		async setImage(name, image) {
			const imageReference = imageReferenceOf(image);
			const done = await changed(name, found => {
				const storage = found.properties.virtualMachineProfile?.storageProfile;
				if (imageOf(storage).toLowerCase() === image.toLowerCase()) return Promise.resolve(() => Promise.resolve(true as const));
				return patch(found, {properties: {virtualMachineProfile: {storageProfile: {imageReference}}}});
			});
			await awaited(patience, `the image of node group ${name}`, done);
		},
		/**
		 * One more, noted in a tag by the very same change, which Azure only takes if nobody changed the group meanwhile: token and next
		 * instance number. Numbers only rise, so the first from there is the machine that was made, whoever asks and whoever else scales.
		 */
		async createNode(name, token = randomUUID()) {
			const digest = createHash('sha256').update(token).digest('hex').slice(0, 32);
			const {next, failed} = await changed(name, async found => {
				const virtuals = await virtualsOf(found);
				const noted = new RegExp(`^${digest}:(\\d+)$`, 'u').exec(tagOf(found, 'made'))?.[1];
				const there = virtuals.length < found.sku.capacity || virtuals.some(each => numberOf(each) >= Number(noted));
				if (noted !== undefined && there) return {next: Number(noted), failed: () => Promise.resolve(undefined)};
				const next = Math.max(-1, ...virtuals.map(numberOf)) + 1;
				const tags = {...found.tags, [tagKeys.made]: `${digest}:${next}`};
				return {next, failed: await patch(found, {tags, sku: {...found.sku, capacity: found.sku.capacity + 1}})};
			});
			return awaited(patience, `a new machine of node group ${name}`, async () => {
				const made = (await virtualsOf(await group(name))).filter(each => numberOf(each) >= next);
				const [first] = made.toSorted((one, other) => numberOf(one) - numberOf(other));
				if (first === undefined) await failed();
				return first === undefined ? undefined : nameOf(first);
			});
		},
		async deleteNode(name) {
			for (const found of await groups()) {
				const virtual = (await virtualsOf(found)).find(each => nameOf(each) === name.toLowerCase());
				if (virtual === undefined) continue;
				try {
					await arm.begin('POST', `${home}/${found.name}/delete`, versions.compute, {instanceIds: [virtual.instanceId]});
				} catch (error) {
					if (!isCode(error, 'cloud-object-missing')) throw error; // It is gone meanwhile.
				}
				return;
			}
		},
	};
};

/** Names of tags have no case on Azure, their values have. */
const tagOf = ({tags}: ScaleSet, key: keyof typeof tagKeys): string =>
	Object.entries(tags).find(([name]) => name.toLowerCase() === tagKeys[key])?.[1] ?? '';
const roleOf = (found: ScaleSet): NodeRole => (tagOf(found, 'role') === 'control-plane' ? 'control-plane' : 'worker');
const nameOf = ({name, properties}: Virtual): string => (properties.osProfile?.computerName ?? name).toLowerCase();
const numberOf = ({instanceId}: Virtual): number => Number(instanceId);
const imageOf = (storage: z.infer<typeof storageSchema> | undefined): string => {
	const {communityGalleryImageId, sharedGalleryImageId, id} = storage?.imageReference ?? {};
	return spelledId(communityGalleryImageId ?? sharedGalleryImageId ?? id ?? '');
};
const described = (found: ScaleSet): NodeGroup => ({
	name: tagOf(found, 'group'),
	role: roleOf(found),
	image: imageOf(found.properties.virtualMachineProfile?.storageProfile),
	size: found.sku.capacity,
});
