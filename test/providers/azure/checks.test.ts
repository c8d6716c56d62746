import test, {type ExecutionContext} from 'ava';
import {armApi} from '../../../src/providers/azure/arm.ts';
import {type AzureWanted, azureChecks} from '../../../src/providers/azure/checks.ts';
import {actionsOf} from '../../../src/providers/azure/permissions.ts';
import {azureWords} from '../../../src/providers/azure/sign-in.ts';
import {restClient} from '../../../src/providers/rest.ts';
import {cloudServer, quickPatience, type Reply} from '../../helpers/cloud-server.ts';

const home = '/subscriptions/sub';
const gallery = `${home}/providers/Microsoft.Compute/locations/westeurope/communityGalleries/G/images/I`;
const wanted: AzureWanted = {
	subscription: 'sub',
	tenant: 'Tenant',
	location: 'westeurope',
	resourceGroup: 'demo',
	technology: 'SNP',
	attestationProvider: true,
	groups: [
		{
			name: 'worker_default',
			instanceType: 'Standard_DC4as_v5',
			zone: '1',
			count: 3,
			image: '/CommunityGalleries/G/Images/I/Versions/1.0.0',
		},
	],
};
const sku = (more: object = {}) => ({
	body: {
		value: [
			{name: 'Standard_DC4as_v5', resourceType: 'disks'},
			{
				name: 'Standard_DC4as_v5',
				resourceType: 'virtualMachines',
				family: 'standardDCASv5Family',
				locationInfo: [{zones: ['1', '2']}],
				capabilities: [
					{name: 'vCPUs', value: '4'},
					{name: 'ConfidentialComputingType', value: 'SNP'},
				],
				restrictions: [],
				...more,
			},
		],
	},
});
const usages = (free: number) => ({
	body: {
		value: [
			{name: {value: 'cores'}, currentValue: 0, limit: 100},
			{name: {value: 'StandardDCASv5Family', localizedValue: 'Standard DCASv5 Family vCPUs'}, currentValue: 24 - free, limit: 24},
		],
	},
});
const networkUsages = (free: number) => ({
	body: {
		value: [
			{name: {value: 'VirtualNetworks', localizedValue: 'Virtual Networks'}, currentValue: 3, limit: 1000},
			{
				name: {value: 'StandardSkuPublicIpAddresses', localizedValue: 'Public IP Addresses - Standard'},
				currentValue: 20 - free,
				limit: 20,
			},
			{name: {value: 'RouteTables'}, currentValue: 200, limit: 200},
		],
	},
});
const definition = (hyperVGeneration: string, value: string) => ({
	body: {properties: {hyperVGeneration, features: [{name: 'SecurityType', value}]}},
});

const results = async (t: ExecutionContext, changes: Record<string, Reply> = {}, more: Partial<AzureWanted> = {}) => {
	const routes: Record<string, Reply> = {
		[home]: {body: {displayName: 'Demo', state: 'Enabled', tenantId: 'tenant'}},
		[`${home}/resourcegroups/demo`]: {body: {location: 'westeurope'}},
		[`${home}/resourcegroups/demo/providers/Microsoft.Authorization/permissions`]: {
			body: {value: [{actions: ['*'], notActions: ['Microsoft.Authorization/*/write']}]},
		},
		[`${home}/providers/Microsoft.Compute/skus`]: sku(),
		[`${home}/providers/Microsoft.Compute/locations/westeurope/usages`]: usages(24),
		[`${home}/providers/Microsoft.Network/locations/westeurope/usages`]: networkUsages(2),
		[`${gallery}/versions/1.0.0`]: {body: {}},
		[gallery]: definition('V2', 'ConfidentialVmSupported'),
		...Object.fromEntries(
			['Compute', 'Insights', 'ManagedIdentity', 'Network', 'Attestation'].map(name => [
				`${home}/providers/Microsoft.${name}`,
				{body: {registrationState: 'Registered'}},
			]),
		),
		...changes,
	};
	const {url} = await cloudServer(
		t,
		({path}) => routes[path] ?? {status: 404, body: {error: {code: 'ResourceNotFound', message: 'gone'}}},
	);
	const rest = restClient({
		...azureWords,
		base: url,
		headers: () => Promise.resolve(new Headers()),
		fetch,
		wait: () => Promise.resolve(),
	});
	const checks = azureChecks(armApi(rest, quickPatience()), {...wanted, ...more});
	return new Map(await Promise.all(checks.map(async check => [check.id, await check.run()] as const)));
};

test('all is well', async t => {
	const found = await results(t);
	t.true(
		[...found.values()].every(({ok, fix}) => ok && fix === ''),
		JSON.stringify([...found.values()]),
	);
	t.is(found.get('quota')?.detail, '100 cores free, 24 Standard DCASv5 Family vCPUs free');
	t.is(found.get('network-quota')?.detail, '997 Virtual Networks free, 2 Public IP Addresses - Standard free');
});

const skus = `${home}/providers/Microsoft.Compute/skus`;
const cases: [string, Record<string, Reply>, string, RegExp, RegExp][] = [
	[
		'expired credentials',
		{[home]: {status: 401, body: {error: {code: 'ExpiredAuthenticationToken', message: 'old'}}}},
		'identity',
		/no valid credentials/,
		/az login/,
	],
	['switched off', {[home]: {body: {displayName: 'Demo', state: 'Disabled'}}}, 'identity', /is Disabled/, /another subscription/],
	[
		'other tenant',
		{[home]: {body: {displayName: 'Demo', state: 'Enabled', tenantId: 'other'}}},
		'identity',
		/belongs to tenant other/,
		/Correct the tenant/,
	],
	[
		'no resource group',
		{[`${home}/resourcegroups/demo`]: {status: 404}},
		'resource-group',
		/no resource group demo/,
		/iam create azure/,
	],
	[
		'unregistered',
		{[`${home}/providers/Microsoft.Attestation`]: {body: {registrationState: 'NotRegistered'}}},
		'providers',
		/not registered Microsoft\.Attestation/,
		/az provider register --namespace Microsoft\.Attestation/,
	],
	[
		'permission',
		{[`${home}/resourcegroups/demo/providers/Microsoft.Authorization/permissions`]: {body: {value: [{actions: ['*/read']}]}}},
		'permissions',
		/may not Microsoft\.Compute/,
		/Contributor.*15 minutes/,
	],
	['not offered', {[skus]: {body: {value: []}}}, 'machines', /not offered in westeurope/, /config instance-types/],
	[
		'closed region',
		{[skus]: sku({restrictions: [{type: 'Location', reasonCode: 'NotAvailableForSubscription'}]})},
		'machines',
		/closed to this subscription/,
		/another region/,
	],
	[
		'closed zone',
		{[skus]: sku({restrictions: [{type: 'Zone', restrictionInfo: {zones: ['1']}}]})},
		'machines',
		/not offered in zone 1/,
		/zone/,
	],
	[
		'not confidential',
		{[skus]: sku({capabilities: [{name: 'vCPUs', value: '4'}]})},
		'machines',
		/no machine for confidential VMs with SNP/,
		/machine type/,
	],
	[
		'quota',
		{[`${home}/providers/Microsoft.Compute/locations/westeurope/usages`]: usages(8)},
		'quota',
		/12 of Standard DCASv5 Family vCPUs are needed, 8 of 24 are free/,
		/raised/,
	],
	[
		'addresses',
		{[`${home}/providers/Microsoft.Network/locations/westeurope/usages`]: networkUsages(1)},
		'network-quota',
		/^2 of Public IP Addresses - Standard are needed, 1 of 20 are free\.$/,
		/quota of westeurope raised .*remove what is not used/,
	],
	[
		'no image',
		{[`${gallery}/versions/1.0.0`]: {status: 404}},
		'image',
		/no image \/communityGalleries\/G\/images\/I\/versions\/1\.0\.0/,
		/replicated/,
	],
	['image without TPM', {[gallery]: definition('V1', 'ConfidentialVmSupported')}, 'image', /generation 2/, /replicated/],
	['image of another kind', {[gallery]: definition('V2', 'TrustedLaunch')}, 'image', /security type TrustedLaunch/, /replicated/],
];
for (const [title, changes, id, detail, fix] of cases) {
	test(title, async t => {
		const found = (await results(t, changes)).get(id);
		t.false(found?.ok);
		t.regex(found?.detail ?? '', detail);
		t.regex(found?.fix ?? '', fix);
	});
}

test('trusted launch: other machines, no community gallery', async t => {
	const found = await results(t, {}, {technology: 'TrustedLaunch'});
	t.regex(found.get('machines')?.detail ?? '', /no machine for trusted launch/);
	t.regex(found.get('image')?.detail ?? '', /Community galleries serve no images/);
});

test('actions: wildcards anywhere, any case, what a role takes away only from itself', t => {
	const granted = (actions: string[], notActions: string[] = []) =>
		actionsOf([{actions, notActions}])('Microsoft.Network/loadBalancers/write');
	t.true(granted(['*']));
	t.true(granted(['microsoft.network/*']));
	t.true(granted(['Microsoft.*/loadBalancers/*']));
	t.true(granted(['*/write']));
	t.false(granted(['*/read']));
	t.false(granted(['Microsoft.Network/loadBalancers']));
	t.false(granted(['Microsoft.Network/loadBalancers/write/*']));
	t.false(granted(['*'], ['*/WRITE']));
	t.true(
		actionsOf([
			{actions: ['*'], notActions: ['*']},
			{actions: ['*/write'], notActions: []},
		])('a/write'),
	);
});
