import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {inspect} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import type {AppError} from '../../../src/errors.ts';
import {connectOpenstack} from '../../../src/providers/openstack/connect.ts';
import {openstackMachineState} from '../../../src/providers/openstack/machine-state.ts';
import {proxiedFetch} from '../../../src/proxy.ts';
import {cloudServer, type Reply} from '../../helpers/cloud-server.ts';
import {httpsServer} from '../../helpers/https-server.ts';

const canary = 'canary-password';
const groups = [
	{name: 'worker_default', instanceType: 'c1.4', zone: 'nova', count: 3, image: '11111111-1111-1111-1111-111111111111'},
];
const wanted = {groups, pool: 'outside', diskTypes: ['fast', 'fast'], octavia: true};
const server = (name: string, more: Record<string, unknown> = {}, group = 'worker_default') => ({
	id: `id of ${name}`,
	name,
	status: 'ACTIVE',
	'OS-EXT-STS:task_state': null,
	image: {id: 'image-one'},
	metadata: {
		'constellation-uid': '0123abcd',
		'constellation-role': group.startsWith('control') ? 'control-plane' : 'worker',
		'constellation-node-group': group,
	},
	addresses: {
		demo: [
			{addr: '203.0.113.1', version: 4, 'OS-EXT-IPS:type': 'floating'},
			{addr: 'fd00::1', version: 6},
			{addr: '192.168.178.5', version: 4, 'OS-EXT-IPS:type': 'fixed'},
		],
	},
	...more,
});

/** Identity v3, Compute v2.1 (2.26) and Image v2 as their references describe them; pages of one. */
const world = async (t: ExecutionContext, changes: Record<string, Reply> = {}) => {
	const state = {valid: 1, tokens: 0, url: ''};
	const servers = [
		server('demo-0123abcd-control-plane-default-0', {}, 'control_plane_default'),
		server('demo-0123abcd-worker-default-0', {
			status: 'ERROR',
			image: '',
			fault: {message: 'No valid host was found. \u001b[2J', code: 500},
		}),
		server('copied-tag'),
		server('demo-0123abcd-worker-default-9', {metadata: {}}),
		server('demo-0123abcd-worker-default-8', {
			metadata: {'constellation-uid': 'ffffffff', 'constellation-node-group': 'worker_default'},
		}),
		server('demo-0123abcd-worker-default-1', {status: 'BUILD', addresses: {}}),
	];
	const {url, asked} = await cloudServer(t, call => {
		const changed = changes[call.path];
		if (changed !== undefined) return changed;
		if (call.path === '/identity/v3/auth/tokens') {
			state.tokens += 1;
			const endpoints = (path: string) => [
				{interface: 'internal', region_id: 'RegionOne', url: 'http://10.0.0.1'},
				{interface: 'public', region_id: 'other', url: 'http://10.0.0.2'},
				{interface: 'public', region_id: 'RegionOne', url: `${state.url}${path}/`},
			];
			return {
				status: 201,
				headers: {'x-subject-token': `token-${state.tokens}`},
				body: {
					token: {
						project: {id: 'p', name: 'demo'},
						user: {name: 'me'},
						catalog: [
							{type: 'compute', endpoints: endpoints('/compute')},
							{type: 'image', endpoints: endpoints('/image')},
							{type: 'network', endpoints: endpoints('/network')},
							{type: 'load-balancer', endpoints: endpoints('/balancer')},
							{type: 'volumev3', endpoints: endpoints('/volume')},
						],
					},
				},
			};
		}
		if (call.headers['x-auth-token'] !== `token-${state.valid}`)
			return {status: 401, body: {error: {code: 401, title: 'Unauthorized', message: 'requires authentication'}}};
		if (call.path === '/compute/servers/detail') {
			const marker = call.query.get('marker');
			const at = servers.findIndex(({id}) => id === marker) + 1;
			return {body: {servers: call.query.get('tags') === 'constellation-uid-0123abcd' ? servers.slice(at, at + 1) : []}};
		}
		if (call.path === '/compute/flavors/detail') return {body: {flavors: [{id: 'f', name: 'c1.4', vcpus: 4}]}};
		if (call.path === '/compute/os-availability-zone')
			return {
				body: {
					availabilityZoneInfo: [
						{zoneName: 'nova', zoneState: {available: true}},
						{zoneName: 'closed', zoneState: {available: false}},
					],
				},
			};
		if (call.path === '/network/v2.0/networks/outside') return {body: {network: {name: 'public', 'router:external': true}}};
		if (call.path === '/volume/types') return {body: {volume_types: [{id: 'v', name: 'fast'}]}};
		if (call.path === '/compute/limits')
			return {body: {limits: {absolute: {maxTotalInstances: -1, totalInstancesUsed: 2, maxTotalCores: 20, totalCoresUsed: 8}}}};
		if (call.path === `/image/v2/images/${groups[0]?.image ?? ''}`) return {body: {status: 'active', hw_firmware_type: 'uefi'}};
		return {status: 404, body: {itemNotFound: {message: 'gone', code: 404}}};
	});
	state.url = url;
	const folder = await mkdtemp(join(tmpdir(), 'openstack-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const env: NodeJS.ProcessEnv = {
		HOME: folder,
		OS_AUTH_URL: `${url}/identity`,
		OS_USERNAME: 'me',
		OS_PASSWORD: canary,
		OS_USER_DOMAIN_NAME: 'Default',
		OS_PROJECT_ID: 'p',
		OS_REGION_NAME: 'RegionOne',
	};
	const connect = (cloud = '', more: NodeJS.ProcessEnv = {}) =>
		connectOpenstack({cloud, folder}, {env: {...env, ...more}, fetch, wait: () => Promise.resolve()});
	return {state, asked, url, folder, connect};
};
const cluster = {uid: '0123abcd', name: 'demo', cloud: 'STACKIT'} as const;

test('machines and groups: every page, nothing that only carries a copied tag; a token that ended is renewed', async t => {
	const {connect, state, asked} = await world(t);
	const nodeGroups = await connect().nodeGroups(cluster);
	t.deepEqual(
		(await nodeGroups.machines()).map(({name, group, role, image, address, state: at, detail}) => [
			name,
			group,
			role,
			image,
			address,
			at,
			detail,
		]),
		[
			[
				'demo-0123abcd-control-plane-default-0',
				'control_plane_default',
				'control-plane',
				'image-one',
				'192.168.178.5',
				'running',
				undefined,
			],
			['demo-0123abcd-worker-default-0', 'worker_default', 'worker', '', '192.168.178.5', 'failed', 'No valid host was found. '],
			['demo-0123abcd-worker-default-1', 'worker_default', 'worker', 'image-one', '', 'creating', undefined],
		],
	);
	state.valid = 2;
	t.is((await nodeGroups.get('worker_default')).size, 2);
	t.is(state.tokens, 2);
	t.true(
		asked
			.filter(({path}) => path.startsWith('/compute'))
			.every(({headers}) => headers['x-openstack-nova-api-version'] === '2.26'),
	);
	const whole = {servers: [server('demo-0123abcd-worker-default-0'), server('demo-0123abcd-worker-default-1')]};
	const pageless = await world(t, {'/compute/servers/detail': {body: whole}});
	const all = await (await pageless.connect().nodeGroups(cluster)).machines();
	t.is(all.length, 2, 'a cloud that gives the same page again has each machine once');
});

test('there are no groups to change: one sentence and what to do', async t => {
	const nodeGroups = await (await world(t)).connect().nodeGroups(cluster);
	for (const change of [
		() => nodeGroups.setSize('w', 1),
		() => nodeGroups.setImage('w', 'i'),
		() => nodeGroups.createNode('w'),
		() => nodeGroups.deleteNode('n'),
	]) {
		const error = await t.throwsAsync<AppError>(change);
		t.like(error, {
			code: 'cloud-no-node-groups',
			message: 'STACKIT has no groups of machines: Terraform makes each server of this cluster by itself.',
		});
		t.regex(error.next.join(), /config.*constellation apply/);
	}
	await t.notThrowsAsync(nodeGroups.setDraining('n', true));
});

test('a cloud with an authority of its own is trusted by it, and by nothing else', async t => {
	const server = await httpsServer(t);
	const folder = await mkdtemp(join(tmpdir(), 'openstack-'));
	t.teardown(() => rm(folder, {recursive: true}));
	await writeFile(join(folder, 'ca.pem'), server.ca);
	await writeFile(join(folder, 'none.pem'), canary);
	const env = {HOME: folder, OS_AUTH_URL: `${server.url}/identity`, OS_USERNAME: 'me', OS_PASSWORD: canary};
	const asked = async (more: NodeJS.ProcessEnv, cloud = '') => {
		const world = {env: {...env, ...more}, fetch: proxiedFetch(env), wait: () => Promise.reject(new Error('asked again'))};
		const found = await connectOpenstack({cloud, folder}, world).checks(wanted)[0]?.run();
		return `${found?.detail ?? ''} ${found?.fix ?? ''}`;
	};
	t.regex(await asked({}), /^OpenStack was not asked .*nobody whom this machine trusts signed.*OS_CACERT/);
	t.deepEqual(server.asked, []);
	t.regex(await asked({OS_CACERT: '~/none.pem'}), /~\/none\.pem, which is no PEM file/);
	t.regex(await asked({OS_CACERT: '/nowhere'}), /\/nowhere, which is no PEM file/);
	t.regex(await asked({OS_CACERT: '~/ca.pem'}), /The cloud has no POST/);
	await writeFile(
		join(folder, 'clouds.yaml'),
		`clouds:\n  mine:\n    cacert: ${join(folder, 'ca.pem')}\n    auth: {auth_url: '${server.url}/identity', username: me, password: '${canary}'}\n`,
	);
	t.regex(await asked({}, 'mine'), /The cloud has no POST/);
	t.deepEqual(server.asked, ['POST /identity/v3/auth/tokens', 'POST /identity/v3/auth/tokens']);
});

test('signs in by clouds.yaml, its secure.yaml, an application credential', async t => {
	const {connect, folder, url, asked} = await world(t);
	await writeFile(
		join(folder, 'clouds.yaml'),
		`clouds:\n  mine:\n    region_name: RegionOne\n    auth: {auth_url: '${url}/identity/v3/', username: me, project_name: demo, user_domain_name: portal_mvp}\n`,
	);
	await writeFile(join(folder, 'secure.yaml'), `clouds:\n  mine:\n    auth: {password: '${canary}'}\n`);
	await mkdir(join(folder, '.config/openstack'), {recursive: true});
	await writeFile(
		join(folder, '.config/openstack/clouds.yaml'),
		`clouds:\n  other:\n    auth: {auth_url: '${url}/identity', application_credential_id: id, application_credential_secret: '${canary}'}\n`,
	);
	const bodies: unknown[] = [];
	for (const cloud of ['mine', 'other']) {
		await connect(cloud, {OS_USERNAME: ''}).checks(wanted)[0]?.run();
		bodies.push(JSON.parse(asked.at(-1)?.body ?? ''));
	}
	t.deepEqual(bodies, [
		{
			auth: {
				identity: {methods: ['password'], password: {user: {name: 'me', password: canary, domain: {name: 'portal_mvp'}}}},
				scope: {project: {name: 'demo', domain: {name: 'portal_mvp'}}},
			},
		},
		{auth: {identity: {methods: ['application_credential'], application_credential: {id: 'id', secret: canary}}}},
	]);
	await writeFile(join(folder, 'clouds.yaml'), `clouds: {mine: {auth: {password: "${canary}]`);
	t.regex((await connect('mine').checks(wanted)[0]?.run())?.detail ?? '', /is not what a clouds\.yaml looks like/);
	t.regex(
		(await connect('third', {OS_CLIENT_CONFIG_FILE: '/none'}).checks(wanted)[0]?.run())?.detail ?? '',
		/is not what|no clouds\.yaml has an entry third/,
	);
});

test('checks: all is well', async t => {
	const {connect} = await world(t);
	const found = await Promise.all(
		connect()
			.checks(wanted)
			.map(check => check.run()),
	);
	t.deepEqual(
		found.map(({id, ok, detail}) => [id, ok, detail]),
		[
			['identity', true, 'project demo, user me'],
			['machines', true, 'c1.4'],
			['network', true, 'addresses from public'],
			['disks', true, 'fast'],
			['quota', true, '3 servers and 12 virtual CPUs fit'],
			['image', true, groups[0]?.image],
		],
	);
});

const tokens = '/identity/v3/auth/tokens';
const cases: [string, Record<string, Reply>, NodeJS.ProcessEnv, string, RegExp][] = [
	[
		'wrong password',
		{
			[tokens]: {
				status: 401,
				body: {error: {code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.'}},
			},
		},
		{},
		'identity',
		/no valid credentials.*Unauthorized/,
	],
	['nothing set', {}, {OS_AUTH_URL: undefined}, 'identity', /OS_\* variables lack/],
	['no password', {}, {OS_PASSWORD: undefined}, 'identity', /neither a password nor an application credential/],
	['not https', {}, {OS_AUTH_URL: 'http://keystone.example/v3'}, 'identity', /not https/],
	['no project', {[tokens]: {status: 201, body: {token: {user: {name: 'me'}}}}}, {}, 'identity', /for no project/],
	['other region', {}, {OS_REGION_NAME: 'elsewhere'}, 'machines', /no service compute in region elsewhere/],
	['no flavor', {'/compute/flavors/detail': {body: {flavors: []}}}, {}, 'machines', /no flavor c1\.4/],
	[
		'no zone',
		{'/compute/os-availability-zone': {body: {availabilityZoneInfo: [{zoneName: 'nova', zoneState: {available: false}}]}}},
		{},
		'machines',
		/no zone nova/,
	],
	[
		'quota',
		{'/compute/limits': {body: {limits: {absolute: {maxTotalCores: 12, totalCoresUsed: 8}}}}},
		{},
		'quota',
		/12 virtual CPUs are needed, 4 of 12 are free/,
	],
	['no network', {'/network/v2.0/networks/outside': {status: 404}}, {}, 'network', /There is no network outside/],
	[
		'a network inside',
		{'/network/v2.0/networks/outside': {body: {network: {name: 'mine', 'router:external': false}}}},
		{},
		'network',
		/mine \(outside\) gives no public addresses/,
	],
	['no volume type', {'/volume/types': {body: {volume_types: [{id: 'v', name: 'slow'}]}}}, {}, 'disks', /no volume type fast/],
	['no image', {[`/image/v2/images/${groups[0]?.image ?? ''}`]: {status: 404}}, {}, 'image', /not there/],
	[
		'image without UEFI',
		{[`/image/v2/images/${groups[0]?.image ?? ''}`]: {body: {status: 'active'}}},
		{},
		'image',
		/hw_firmware_type=uefi/,
	],
];
for (const [title, changes, env, id, detail] of cases) {
	test(`checks: ${title}`, async t => {
		const {connect} = await world(t, changes);
		const found = await connect('', env)
			.checks(wanted)
			.find(check => check.id === id)
			?.run();
		t.false(found?.ok);
		t.regex(found?.detail ?? '', detail);
		t.not(found?.fix, '');
		t.notRegex(inspect(found, {depth: 9}), /canary/);
	});
}

test('checks: a cloud without Octavia is named; STACKIT has a load balancer of its own', async t => {
	const {url} = await world(t);
	const endpoints = [{interface: 'public', region_id: 'RegionOne', url: `${url}/network`}];
	const token = {project: {id: 'p', name: 'demo'}, user: {name: 'me'}, catalog: [{type: 'network', endpoints}]};
	const bare = await world(t, {[tokens]: {status: 201, headers: {'x-subject-token': 'token-1'}, body: {token}}});
	const network = (octavia: boolean) =>
		bare
			.connect()
			.checks({...wanted, octavia})
			.find(({id}) => id === 'network')
			?.run();
	t.like(await network(true), {ok: false, detail: 'The cloud has no load balancers (Octavia).'});
	t.like(await network(false), {ok: true});
});

test('states', t => {
	const rows: [string, string | null, string][] = [
		['BUILD', 'spawning', 'creating'],
		['ACTIVE', null, 'running'],
		['ACTIVE', 'deleting', 'terminating'],
		...['REBOOT', 'SHUTOFF', 'SUSPENDED', 'PAUSED', 'SHELVED_OFFLOADED', 'RESCUE', 'MIGRATING', 'VERIFY_RESIZE', 'REBUILD'].map(
			(status): [string, null, string] => [status, null, 'stopped'],
		),
		['SOFT_DELETED', null, 'terminated'],
		['DELETED', null, 'terminated'],
		['ERROR', null, 'failed'],
		['UNKNOWN', null, 'failed'],
	];
	for (const [status, task, state] of rows)
		t.is(openstackMachineState(status, task), state as ReturnType<typeof openstackMachineState>, status);
});
