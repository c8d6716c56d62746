import {inspect} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {AppError} from '../../../src/errors.ts';
import {armApi} from '../../../src/providers/azure/arm.ts';
import {azureMachineState} from '../../../src/providers/azure/machine-state.ts';
import {azureNodeGroups} from '../../../src/providers/azure/node-groups.ts';
import {imageReferenceOf, spelledId} from '../../../src/providers/azure/resource-id.ts';
import {azureHeaders, azureWords} from '../../../src/providers/azure/sign-in.ts';
import {restClient} from '../../../src/providers/rest.ts';
import {type Asked, atFirst, cloudServer, quickPatience, type Reply} from '../../helpers/cloud-server.ts';

const canary = 'canary.access.token';
const group = '/subscriptions/sub/resourceGroups/demo';
const home = `${group}/providers/Microsoft.Compute/virtualMachineScaleSets`;
const imageOne = '/communityGalleries/Gallery/images/Node/versions/1.0.0';
const imageTwo = '/communityGalleries/Gallery/images/Node/versions/2.0.0';

type ScaleSet = {
	name: string;
	etag: string;
	tags: Record<string, string>;
	sku: {name: string; capacity: number};
	properties: {virtualMachineProfile: {storageProfile: {imageReference: Record<string, string>}}};
};
type Virtual = {instanceId: string; computerName: string; statuses: [string, string?][]; provisioningState?: string};

const scaleSet = (name: string, nodeGroup: string, capacity: number, more: Record<string, string> = {}): ScaleSet => ({
	name,
	etag: '"1"',
	tags: {
		'Constellation-UID': '0123abcd',
		'constellation-role': nodeGroup.startsWith('control') ? 'control-plane' : 'worker',
		'constellation-node-group': nodeGroup,
		...more,
	},
	sku: {name: 'Standard_DC4as_v5', capacity},
	properties: {
		virtualMachineProfile: {
			storageProfile: {
				imageReference: {
					communityGalleryImageId: '/CommunityGalleries/Gallery/Images/Node/Versions/1.0.0',
					exactVersion: '1.0.0',
				},
			},
		},
	},
});

/** Microsoft.Compute and the interfaces of scale sets as their references describe them; pages of one, ids in another case. */
const world = async (t: ExecutionContext) => {
	const sets = [
		scaleSet('demo-control', 'control_plane_default', 1),
		scaleSet('demo-Workers', 'Workers_B', 2),
		scaleSet('foreign', 'Workers_B', 1, {'Constellation-UID': 'ffffffff'}),
		{...scaleSet('half', 'half', 1), tags: {'constellation-uid': '0123abcd'}},
	];
	const virtuals: Record<string, Virtual[]> = {
		'demo-control': [
			{instanceId: '0', computerName: 'demo-CONTROL-000000', statuses: [['ProvisioningState/succeeded'], ['PowerState/running']]},
		],
		'demo-Workers': [
			{
				instanceId: '3',
				computerName: 'demo-worker-000003',
				statuses: [
					['ProvisioningState/failed/AllocationFailed', 'We do not have sufficient capacity\nsecond line'],
					['PowerState/running'],
				],
			},
			{instanceId: '12', computerName: 'demo-worker-00000C', statuses: [], provisioningState: 'Creating'},
		],
	};
	const state = {before: (_asked: Asked): Reply | undefined => undefined, operations: [] as Reply[], made: 13, url: ''};
	const pages = (call: Asked, items: unknown[]): Reply => {
		const at = Number(call.query.get('$skiptoken') ?? 0);
		const next = `${state.url}${encodeURI(call.path)}?api-version=x&$skiptoken=${at + 1}`;
		return {body: {value: items.slice(at, at + 1), ...(at + 1 < items.length && {nextLink: next})}};
	};
	const {url, asked} = await cloudServer(t, call => {
		const early = state.before(call);
		if (early !== undefined) return early;
		if (call.path === '/operations/1') return state.operations.shift() ?? {body: {status: 'Succeeded'}};
		if (call.path === home)
			return pages(
				call,
				sets.map(each => ({id: `${home}/${each.name}`.toUpperCase(), ...each})),
			);
		const [name = '', rest = ''] = call.path.replace(`${home}/`, '').split('/');
		const found = sets.find(each => each.name === name);
		const members = virtuals[name] ?? [];
		if (found === undefined) return {status: 404, body: {error: {code: 'ResourceNotFound', message: 'gone'}}};
		if (rest === 'virtualMachines') {
			return pages(
				call,
				members.map(({instanceId, computerName, statuses, provisioningState = 'Succeeded'}) => ({
					id: `${home}/${name}/virtualMachines/${instanceId}`.toUpperCase(),
					name: `${name}_${instanceId}`,
					instanceId,
					properties: {
						provisioningState,
						osProfile: {computerName},
						storageProfile: found.properties.virtualMachineProfile.storageProfile,
						...(call.query.get('$expand') === 'instanceView' &&
							statuses.length > 0 && {instanceView: {statuses: statuses.map(([code, message]) => ({code, message}))}}),
					},
				})),
			);
		}
		if (rest === 'networkInterfaces')
			return pages(
				call,
				members.map(({instanceId}) => ({
					properties: {
						primary: true,
						virtualMachine: {id: `${home}/${name}/virtualMachines/${instanceId}`},
						ipConfigurations: [{properties: {primary: true, privateIPAddress: `10.9.0.${instanceId}`}}],
					},
				})),
			);
		const accepted = {status: 202, headers: {'azure-asyncoperation': `${url}/operations/1`}};
		if (rest === 'delete') {
			const {instanceIds} = JSON.parse(call.body) as {instanceIds: string[]};
			virtuals[name] = members.filter(({instanceId}) => !instanceIds.includes(instanceId));
			return accepted;
		}
		if (call.headers['if-match'] !== found.etag)
			return {status: 412, body: {error: {code: 'PreconditionFailed', message: 'changed'}}};
		const sent = JSON.parse(call.body) as {
			sku?: {capacity: number};
			tags?: Record<string, string>;
			properties?: ScaleSet['properties'];
		};
		const missing = (sent.sku?.capacity ?? 0) - found.sku.capacity;
		Object.assign(found.sku, sent.sku);
		if (sent.tags !== undefined) found.tags = sent.tags;
		if (sent.properties !== undefined) found.properties = sent.properties;
		found.etag = `"${Number(found.etag.slice(1, -1)) + 1}"`;
		for (let count = 0; count < missing; count += 1) {
			members.push({instanceId: String(state.made), computerName: `demo-worker-${state.made}`, statuses: []});
			state.made += 1;
		}
		return accepted;
	});
	state.url = url;
	const tokens: string[] = [];
	const credential = {
		getToken: () => {
			tokens.push(canary);
			return Promise.resolve({token: `${canary}${tokens.length}`, expiresOnTimestamp: 3_600_000});
		},
	};
	const rest = restClient({
		...azureWords,
		base: url,
		headers: azureHeaders(credential, () => 0),
		fetch,
		wait: () => Promise.resolve(),
	});
	const cluster = {uid: '0123abcd', subscription: 'sub', resourceGroup: 'demo'};
	return {state, sets, virtuals, asked, tokens, groups: azureNodeGroups(armApi(rest, quickPatience()), cluster, quickPatience())};
};

test('groups and machines: every page, any case of ids and tag names, names as they are written', async t => {
	const {groups, asked, tokens} = await world(t);
	t.deepEqual(await groups.list(), [
		{name: 'control_plane_default', role: 'control-plane', image: imageOne, size: 1},
		{name: 'Workers_B', role: 'worker', image: imageOne, size: 2},
	]);
	t.is((await t.throwsAsync<AppError>(groups.get('workers_b'))).code, 'cloud-object-missing');
	t.deepEqual(
		(await groups.machines()).map(({name, group: of, image, address, state, detail}) => [
			name,
			of,
			image,
			address,
			state,
			detail,
		]),
		[
			['demo-control-000000', 'control_plane_default', imageOne, '10.9.0.0', 'running', undefined],
			['demo-worker-000003', 'Workers_B', imageOne, '10.9.0.3', 'failed', 'We do not have sufficient capacity'],
			['demo-worker-00000c', 'Workers_B', imageOne, '10.9.0.12', 'creating', undefined],
		],
	);
	t.true(asked.every(({headers, query}) => headers.authorization === `Bearer ${canary}1` && query.has('api-version')));
	t.is(tokens.length, 1, 'a token is kept');
});

test('size and image: the field of the gallery, once; a failed operation is an error', async t => {
	const {groups, sets, state, asked} = await world(t);
	await groups.setSize('Workers_B', 3);
	t.deepEqual(sets[1]?.sku, {name: 'Standard_DC4as_v5', capacity: 3});
	state.operations.push({body: {status: 'InProgress'}});
	await groups.setImage('Workers_B', imageTwo);
	t.is((await groups.get('Workers_B')).image, imageTwo);
	t.deepEqual(sets[1]?.properties.virtualMachineProfile.storageProfile.imageReference, {communityGalleryImageId: imageTwo});
	await groups.setImage('Workers_B', imageTwo.toUpperCase());
	t.is(asked.filter(({method}) => method === 'PATCH').length, 2);
	state.operations.push({
		body: {status: 'Failed', error: {code: 'GalleryImageNotFound', message: 'The gallery image is not there'}},
	});
	const error = await t.throwsAsync<AppError>(groups.setImage('Workers_B', imageOne), {
		message: /The gallery image is not there/,
	});
	t.like(error, {code: 'cloud-refused', details: {reason: 'GalleryImageNotFound'}});
});

test('a machine by token, although somebody else scales at the same time; a machine less', async t => {
	const {groups, sets, virtuals, state, asked} = await world(t);
	let meanwhile = true;
	state.before = ({method}) => {
		if (method !== 'PATCH' || !meanwhile) return undefined;
		meanwhile = false;
		Object.assign(sets[1] ?? {}, {etag: '"7"', sku: {name: 'Standard_DC4as_v5', capacity: 3}});
		virtuals['demo-Workers']?.push({instanceId: '13', computerName: 'by-hand', statuses: []});
		state.made = 14;
		return undefined;
	};
	const name = await groups.createNode('Workers_B', 'one');
	t.is(name, 'demo-worker-14');
	t.is(sets[1]?.sku.capacity, 4);
	t.is(await groups.createNode('Workers_B', 'one'), name);
	t.is(sets[1]?.sku.capacity, 4);
	t.is(await groups.createNode('Workers_B', 'two'), 'demo-worker-15');
	t.like(sets[1]?.tags, {'Constellation-UID': '0123abcd', 'constellation-node-group': 'Workers_B'});
	await groups.deleteNode('DEMO-worker-14');
	await groups.deleteNode('of somebody else');
	t.deepEqual(
		asked.filter(({path}) => path.endsWith('/delete')).map(({body}) => JSON.parse(body) as unknown),
		[{instanceIds: ['14']}],
	);
});

test('busy: waits and asks again, and takes a fresh token after a refused one', async t => {
	const {groups, sets, state, tokens} = await world(t);
	const conflict = {status: 409, body: {error: {code: 'AnotherOperationInProgress', message: 'wait'}}};
	const replies = atFirst({status: 429, headers: {'retry-after': '3'}}, conflict, {
		status: 401,
		body: {error: {code: 'ExpiredAuthenticationToken', message: 'old'}},
	});
	const none: Reply = {status: 0};
	state.before = ({method}) => {
		const reply = method === 'PATCH' ? replies(() => none) : none;
		return reply === none ? undefined : reply;
	};
	await groups.setSize('Workers_B', 5);
	t.is(sets[1]?.sku.capacity, 5);
	t.is(tokens.length, 2);
});

const refusals: [string, Reply, string, RegExp][] = [
	[
		'expired token',
		{
			status: 401,
			body: {error: {code: 'ExpiredAuthenticationToken', message: 'The access token expiry UTC time is in the past.'}},
		},
		'cloud-credentials',
		/Azure has no valid credentials.*ExpiredAuthenticationToken/,
	],
	[
		'permission',
		{
			status: 403,
			body: {
				error: {
					code: 'AuthorizationFailed',
					message: "does not have authorization to perform action 'Microsoft.Compute/virtualMachineScaleSets/write'",
				},
			},
		},
		'cloud-refused',
		/virtualMachineScaleSets\/write/,
	],
	[
		'quota',
		{
			status: 409,
			body: {
				error: {
					code: 'OperationNotAllowed',
					message: 'Operation could not be completed as it results in exceeding approved standardDCASv5Family Cores quota.',
				},
			},
		},
		'cloud-refused',
		/standardDCASv5Family/,
	],
	['outage', {status: 503}, 'cloud-unreachable', /503/],
	['next page elsewhere', {body: {value: [], nextLink: 'https://attacker.example/next'}}, 'cloud-refused', /attacker\.example/],
];
for (const [title, reply, code, message] of refusals) {
	test(`refusal: ${title}; no error holds the token`, async t => {
		const {groups, state} = await world(t);
		state.before = ({method, path}) =>
			method === 'PATCH' || (title === 'next page elsewhere' && path === home) ? reply : undefined;
		const error = await t.throwsAsync<AppError>(groups.setSize('Workers_B', 3), {instanceOf: AppError, message});
		t.is(error.code, code);
		t.notRegex(inspect(error, {depth: 9, showHidden: true}), /canary/);
	});
}

test('two groups of one name; a machine that does not come', async t => {
	const {groups, sets, virtuals, state} = await world(t);
	state.operations.push(
		{body: {status: 'InProgress'}},
		{body: {status: 'Failed', error: {code: 'AllocationFailed', message: 'no capacity'}}},
	);
	Object.freeze(virtuals['demo-control']);
	state.before = ({method}) =>
		method === 'PATCH' ? {status: 202, headers: {'azure-asyncoperation': `${state.url}/operations/1`}} : undefined;
	await t.throwsAsync(groups.createNode('control_plane_default'), {message: /no capacity/});
	sets[2] = scaleSet('twin', 'Workers_B', 1);
	t.is(
		(await t.throwsAsync<AppError>(groups.deleteNode('x').then(() => groups.setSize('Workers_B', 1)))).code,
		'cloud-ambiguous',
	);
});

const signIn: [string, Error, RegExp][] = [
	['expired', new Error(`AADSTS70043: The refresh token has expired. Trace ID ${canary}`), /AADSTS70043$/],
	['no az login', new Error("Please run 'az login' from a command prompt"), /not signed in/],
	[
		'nothing',
		new Error('Azure CLI could not be found. Please visit https://aka.ms/azure-cli'),
		/no ARM_\* variables and no Azure CLI/,
	],
	['other', new Error(canary), /could not be read/],
];
for (const [title, cause, message] of signIn) {
	test(`no credentials: ${title}`, async t => {
		const error = await t.throwsAsync<AppError>(azureHeaders({getToken: () => Promise.reject(cause)}, () => 0)('', false), {
			message,
		});
		t.is(error.code, 'cloud-credentials');
		t.regex(error.next.join(), /az login.*ARM_CLIENT_ID/);
		t.notRegex(inspect(error, {depth: 9, showHidden: true}), /canary/);
	});
}

test('a sign-in that nobody answers says nothing of the credentials', async t => {
	for (const message of ['network_error: See https://aka.ms/msal.js.errors', 'getaddrinfo ENOTFOUND login.microsoftonline.com'])
		await t.throwsAsync(azureHeaders({getToken: () => Promise.reject(new Error(message))}, () => 0)('', false), {
			code: 'cloud-unreachable',
		});
});

test('states by the first status that says one', t => {
	const rows: [string[], ReturnType<typeof azureMachineState>][] = [
		[['ProvisioningState/creating'], 'creating'],
		[['ProvisioningState/succeeded', 'PowerState/starting'], 'creating'],
		[['ProvisioningState/succeeded', 'PowerState/running'], 'running'],
		[['ProvisioningState/updating', 'PowerState/running'], 'stopped'],
		[['ProvisioningState/migrating'], 'stopped'],
		...['stopping', 'stopped', 'deallocating', 'deallocated'].map((power): [string[], 'stopped'] => [
			['ProvisioningState/succeeded', `PowerState/${power}`],
			'stopped',
		]),
		[['ProvisioningState/deleting', 'PowerState/running'], 'terminating'],
		[['ProvisioningState/failed/AllocationFailed', 'PowerState/running'], 'failed'],
		[['PROVISIONINGSTATE/FAILED'], 'failed'],
		[['ProvisioningState/succeeded'], 'creating'],
		[[], 'creating'],
	];
	for (const [codes, state] of rows) t.is(azureMachineState(codes), state, codes.join());
});

test('resource ids: fixed words in the usual case, names as they are', t => {
	t.is(
		spelledId('/CommunityGalleries/Images/Images/Versions/VERSIONS/1.0.0'),
		'/communityGalleries/Images/images/Versions/versions/1.0.0',
	);
	t.is(
		spelledId('/SUBSCRIPTIONS/S/resourcegroups/RG/PROVIDERS/microsoft.compute/Galleries/G/Images/I/Versions/1.0.0'),
		'/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/G/images/I/versions/1.0.0',
	);
	t.deepEqual(imageReferenceOf('/SharedGalleries/G/images/I/versions/1.0.0'), {
		sharedGalleryImageId: '/sharedGalleries/G/images/I/versions/1.0.0',
	});
	t.deepEqual(Object.keys(imageReferenceOf('/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/images/I')), ['id']);
});
