import {z} from 'zod';
import {byValue, type Check, check, unfit, type WantedGroup} from '../check.ts';
import {isCode} from '../refusals.ts';
import type {Arm} from './arm.ts';
import {versions} from './node-groups.ts';
import {actionsOf} from './permissions.ts';
import {networkNeeds, quotaRoom} from './quotas.ts';
import {spelledId} from './resource-id.ts';

export type AzureWanted = {
	subscription: string;
	tenant?: string | undefined;
	location: string;
	resourceGroup: string;
	/** What machines have to be: confidential by AMD SEV-SNP or Intel TDX, or trusted launch. */
	technology: 'SNP' | 'TDX' | 'TrustedLaunch';
	attestationProvider: boolean;
	groups: readonly WantedGroup[];
};

const subscriptionSchema = z.object({displayName: z.string(), state: z.string(), tenantId: z.string().optional()});
const providerSchema = z.object({registrationState: z.string()});
const placeSchema = z.object({location: z.string()});
const permissionSchema = z.object({actions: z.array(z.string()).default([]), notActions: z.array(z.string()).default([])});
const skuSchema = z.object({
	name: z.string().default(''),
	resourceType: z.string().default(''),
	family: z.string().default(''),
	locationInfo: z.array(z.object({zones: z.array(z.string()).nullish()})).default([]),
	capabilities: z.array(z.object({name: z.string(), value: z.string()})).nullish(),
	restrictions: z
		.array(z.object({type: z.string(), restrictionInfo: z.object({zones: z.array(z.string()).nullish()}).nullish()}))
		.nullish(),
});
const definitionSchema = z.object({
	properties: z.object({
		hyperVGeneration: z.string().nullish(),
		features: z.array(z.object({name: z.string(), value: z.string()})).nullish(),
	}),
});

const needed = [
	'Microsoft.Compute/virtualMachineScaleSets/write',
	'Microsoft.Network/loadBalancers/write',
	'Microsoft.Network/virtualNetworks/write',
	'Microsoft.Network/networkSecurityGroups/write',
	'Microsoft.Network/publicIPAddresses/write',
	'Microsoft.Network/natGateways/write',
	'Microsoft.Insights/components/write',
	'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
];

/** What can be asked of Azure before anything is made. */
export const azureChecks = (arm: Arm, wanted: AzureWanted): Check[] => {
	const {subscription, tenant, location, resourceGroup, technology, groups} = wanted;
	const home = `subscriptions/${subscription}`;
	const skus = () =>
		arm.list(skuSchema, `${home}/providers/Microsoft.Compute/skus`, '2021-07-01', {$filter: `location eq '${location}'`});
	let list: ReturnType<typeof skus> | undefined;
	const skuOf = async (type: string) => {
		list ??= skus();
		return (await list).find(
			({name, resourceType}) => resourceType === 'virtualMachines' && name.toLowerCase() === type.toLowerCase(),
		);
	};
	const capability = (sku: z.infer<typeof skuSchema>, name: string) =>
		sku.capabilities?.find(each => each.name === name)?.value ?? '';

	const identity = check('identity', 'Azure subscription', async () => {
		const found = await arm.get(subscriptionSchema, home, '2022-12-01');
		if (found.state !== 'Enabled')
			throw unfit([`Subscription ${found.displayName} is ${found.state}.`], 'Name another subscription in the config.');
		if (tenant !== undefined && found.tenantId !== undefined && found.tenantId.toLowerCase() !== tenant.toLowerCase()) {
			throw unfit(
				[`Subscription ${subscription} belongs to tenant ${found.tenantId}; the config names ${tenant}.`],
				'Correct the tenant or the subscription in the config.',
			);
		}
		return `${found.displayName} (${subscription})`;
	});

	const group = check('resource-group', 'Resource group', async () => {
		const found = await arm.get(placeSchema, `${home}/resourcegroups/${resourceGroup}`, '2021-04-01').catch((error: unknown) => {
			if (!isCode(error, 'cloud-object-missing')) throw error;
			throw unfit(
				[`There is no resource group ${resourceGroup}.`],
				'Run `constellation iam create azure`, or name an existing group in the config.',
			);
		});
		return `${resourceGroup} in ${found.location}`;
	});

	const providers = check('providers', 'Resource providers', async () => {
		const names = [
			'Microsoft.Compute',
			'Microsoft.Insights',
			'Microsoft.ManagedIdentity',
			'Microsoft.Network',
			...(wanted.attestationProvider ? ['Microsoft.Attestation'] : []),
		];
		const states = await Promise.all(names.map(name => arm.get(providerSchema, `${home}/providers/${name}`, '2021-04-01')));
		const missing = names.filter((_, index) => states[index]?.registrationState !== 'Registered');
		if (missing.length > 0)
			throw unfit(
				[`The subscription has not registered ${missing.join(', ')}.`],
				missing.map(name => `Run \`az provider register --namespace ${name}\`.`).join(' '),
			);
		return `${names.length} are registered`;
	});

	const permissions = check('permissions', 'Permissions', async () => {
		const path = `${home}/resourcegroups/${resourceGroup}/providers/Microsoft.Authorization/permissions`;
		const granted = actionsOf(await arm.list(permissionSchema, path, '2022-04-01'));
		const missing = [
			...needed,
			...(wanted.attestationProvider ? ['Microsoft.Attestation/attestationProviders/write'] : []),
		].filter(each => !granted(each));
		if (missing.length > 0)
			throw unfit(
				[`In ${resourceGroup} you may not ${missing.join(', ')}.`],
				`Ask an owner of ${resourceGroup} for the role Contributor, and wait up to 15 minutes after it was given.`,
			);
		return `what is made in ${resourceGroup} is allowed`;
	});

	const machines = check('machines', 'Machine types', async () => {
		const problems: string[] = [];
		for (const [type, wanting] of byValue(groups, ({instanceType}) => instanceType)) {
			const sku = await skuOf(type);
			const offered = new Set(sku?.locationInfo.flatMap(({zones}) => zones ?? []));
			const blocked = new Set(
				sku?.restrictions?.filter(each => each.type === 'Zone').flatMap(each => each.restrictionInfo?.zones ?? []),
			);
			const zones = wanting.flatMap(({zone}) => (zone === undefined || (offered.has(zone) && !blocked.has(zone)) ? [] : [zone]));
			const confidential = sku === undefined ? '' : capability(sku, 'ConfidentialComputingType');
			if (sku === undefined) problems.push(`${type} is not offered in ${location}.`);
			else if (sku.restrictions?.some(each => each.type === 'Location') === true)
				problems.push(`${type} in ${location} is closed to this subscription.`);
			else if (zones.length > 0) problems.push(`${type} is not offered in zone ${zones.join(', ')} of ${location}.`);
			else if (
				technology === 'TrustedLaunch'
					? confidential !== '' || capability(sku, 'TrustedLaunchDisabled') === 'True'
					: confidential !== technology
			) {
				problems.push(
					`${type} is no machine for ${technology === 'TrustedLaunch' ? 'trusted launch' : `confidential VMs with ${technology}`}.`,
				);
			}
		}
		if (problems.length > 0)
			throw unfit(
				problems,
				'Choose another region, zone or machine type; `constellation config instance-types` lists what fits.',
			);
		return [...byValue(groups, ({instanceType}) => instanceType).keys()].join(', ');
	});

	const quota = check('quota', 'Quota of virtual CPUs', async () => {
		const cores = new Map<string, number>();
		for (const {instanceType, count} of groups) {
			const sku = await skuOf(instanceType);
			const cpus = sku === undefined ? 0 : Number(capability(sku, 'vCPUs')) * count;
			for (const name of ['cores', (sku?.family ?? '').toLowerCase()]) cores.set(name, (cores.get(name) ?? 0) + cpus);
		}
		const path = `${home}/providers/Microsoft.Compute/locations/${location}/usages`;
		const place = {path, version: versions.compute, location, remedy: 'use another region or smaller machines'};
		return quotaRoom(arm, place, cores);
	});

	const network = check('network-quota', 'Quota of networks and addresses', async () => {
		const path = `${home}/providers/Microsoft.Network/locations/${location}/usages`;
		const place = {path, version: '2024-05-01', location, remedy: 'remove what is not used'};
		return quotaRoom(arm, place, networkNeeds);
	});

	const image = check('image', 'Node image', async () => {
		const problems: string[] = [];
		const ids = [...byValue(groups, each => (each.image === undefined ? undefined : spelledId(each.image))).keys()];
		for (const id of ids) {
			const path = id
				.replace(/^\/(communityGalleries|sharedGalleries)\//u, `/${home}/providers/Microsoft.Compute/locations/${location}/$1/`)
				.slice(1);
			if (technology === 'TrustedLaunch' && id.startsWith('/communityGalleries/')) {
				problems.push(`Community galleries serve no images for trusted launch, such as ${id}.`);
				continue;
			}
			try {
				await arm.get(z.object({}), path, '2023-07-03');
				const {properties} = await arm.get(definitionSchema, path.replace(/\/versions\/[^/]+$/u, ''), '2023-07-03');
				const security = properties.features?.find(({name}) => name === 'SecurityType')?.value ?? '';
				if (properties.hyperVGeneration !== 'V2') problems.push(`Image ${id} is not of generation 2: it starts without a TPM.`);
				else if (!security.includes(technology === 'TrustedLaunch' ? 'TrustedLaunch' : 'Confidential'))
					problems.push(`Image ${id} has the security type ${security || 'Standard'}.`);
			} catch (error) {
				if (!isCode(error, 'cloud-object-missing')) throw error;
				problems.push(`There is no image ${id} in ${location}.`);
			}
		}
		if (problems.length > 0)
			throw unfit(problems, 'Name an image that is replicated to this region and was made for this kind of machine.');
		return ids.length === 0 ? 'none is named' : ids.join(', ');
	});
	return [identity, group, providers, permissions, machines, quota, network, image];
};
