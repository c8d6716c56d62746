import {inspect} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {AppError} from '../../../src/errors.ts';
import {googleMachineState} from '../../../src/providers/gcp/machine-state.ts';
import {gcpNodeGroups} from '../../../src/providers/gcp/node-groups.ts';
import {computeApi} from '../../../src/providers/gcp/rest.ts';
import {googleHeaders, googleWords} from '../../../src/providers/gcp/sign-in.ts';
import {restClient} from '../../../src/providers/rest.ts';
import {type Asked, atFirst, cloudServer, quickPatience, type Reply} from '../../helpers/cloud-server.ts';

const canary = 'ya29.canary-token';
const project = '/compute/v1/projects/demo';
const zone = 'europe-west3-b';
const link = (path: string) => `https://www.googleapis.com/compute/v1/projects/demo/${path}`;

type Cloud = {
	templates: Map<string, {name: string; properties: Record<string, unknown>}>;
	managers: Record<string, unknown>[];
	managed: Map<string, Record<string, unknown>[]>;
	before: (asked: Asked) => Reply | undefined;
	operation: Record<string, unknown>;
};

const template = (name: string, group: string, image = 'projects/demo/global/images/one', uid = '0123abcd') => ({
	name,
	properties: {
		machineType: 'n2d-standard-4',
		labels: {
			'constellation-uid': uid,
			'constellation-role': group.startsWith('control') ? 'control-plane' : 'worker',
			'constellation-node-group': group,
		},
		disks: [
			{
				boot: true,
				mode: 'READ_WRITE',
				initializeParams: {
					sourceImage: link('').replace('demo/', `demo/${image.replace('projects/demo/', '')}`),
					diskSizeGb: '10',
				},
			},
			{deviceName: 'state-disk'},
		],
	},
});
const manager = (name: string, made: string, targetSize: number) => ({
	name,
	zone: link(`zones/${zone}`),
	baseInstanceName: name,
	instanceTemplate: link(`global/instanceTemplates/${made}`),
	targetSize,
});
const machine = (name: string, more: Record<string, unknown> = {}) => ({
	instance: link(`zones/${zone}/instances/${name}`),
	instanceStatus: 'RUNNING',
	currentAction: 'NONE',
	...more,
});

/** Compute Engine v1 as its reference describes it, as far as groups need it: pages of one, POST for listManagedInstances, operations. */
const world = async (t: ExecutionContext) => {
	const cloud: Cloud = {
		templates: new Map(
			[
				template('demo-0123abcd-c-1', 'control_plane_default'),
				template('demo-0123abcd-w-1', 'worker_default'),
				template('copied', 'worker_default', undefined, 'ffffffff'),
			].map(each => [each.name, each]),
		),
		managers: [
			manager('demo-0123abcd-control-plane-default', 'demo-0123abcd-c-1', 1),
			manager('demo-0123abcd-worker-default', 'demo-0123abcd-w-1', 2),
			manager('demo-0123abcd-other', 'copied', 1),
		],
		managed: new Map([
			['demo-0123abcd-control-plane-default', [machine('demo-cp-0')]],
			[
				'demo-0123abcd-worker-default',
				[
					machine('demo-w-0', {version: {instanceTemplate: link('global/instanceTemplates/swept')}}),
					{
						...machine('demo-w-1'),
						instanceStatus: undefined,
						currentAction: 'CREATING',
						lastAttempt: {errors: {errors: [{code: 'QUOTA_EXCEEDED', message: "Quota 'N2D_CPUS' exceeded.\u001b[31m"}]}},
					},
				],
			],
		]),
		before: () => undefined,
		operation: {name: 'op', status: 'DONE'},
	};
	const pages = (items: unknown[], token: string | null, wrap: (page: unknown[]) => Record<string, unknown>): Reply => {
		const at = Number(token ?? 0);
		return {body: {...wrap(items.slice(at, at + 1)), ...(at + 1 < items.length && {nextPageToken: String(at + 1)})}};
	};
	const {url, asked} = await cloudServer(t, call => {
		const {method, query, body} = call;
		const path = call.path.replace(`${project}/`, '');
		const early = cloud.before(call);
		if (early !== undefined) return early;
		if (path === 'aggregated/instanceGroupManagers')
			return pages(cloud.managers, query.get('pageToken'), page => ({
				items: {[`zones/${zone}`]: {instanceGroupManagers: page}, 'zones/other': {warning: {code: 'NO_RESULTS_ON_PAGE'}}},
			}));
		const found = /^global\/instanceTemplates\/(.+)$/.exec(path)?.[1];
		if (found !== undefined)
			return cloud.templates.has(found)
				? {body: cloud.templates.get(found)}
				: {status: 404, body: {error: {code: 404, message: 'not found', errors: [{reason: 'notFound'}]}}};
		if (path === `zones/${zone}/instances`)
			return pages(
				[
					{name: 'demo-cp-0', networkInterfaces: [{networkIP: '10.0.0.2'}]},
					{name: 'foreign', networkInterfaces: [{networkIP: '10.0.0.9'}]},
					{name: 'demo-w-0', networkInterfaces: [{networkIP: '10.0.0.3'}]},
				],
				query.get('pageToken'),
				items => ({items}),
			);
		if (path.includes('/operations/')) return {body: cloud.operation};
		if (method !== 'POST') return {status: 404};
		const [, group = '', verb] = /^zones\/[^/]+\/instanceGroupManagers\/([^/]+)\/(\w+)$/.exec(path) ?? [];
		const managed = cloud.managed.get(group) ?? [];
		const sent = JSON.parse(body === '' ? '{}' : body) as {
			name: string;
			properties: Record<string, unknown>;
			instanceTemplate: string;
			instances: {name: string}[];
		};
		if (verb === 'listManagedInstances') return pages(managed, query.get('pageToken'), managedInstances => ({managedInstances}));
		if (path === 'global/instanceTemplates') cloud.templates.set(sent.name, sent);
		if (verb === 'setInstanceTemplate')
			Object.assign(cloud.managers.find(({name}) => name === group) ?? {}, {instanceTemplate: sent.instanceTemplate});
		if (verb === 'resize')
			Object.assign(cloud.managers.find(({name}) => name === group) ?? {}, {targetSize: Number(query.get('size'))});
		if (verb === 'createInstances') managed.push(...sent.instances.map(({name}) => machine(name)));
		return {body: {name: 'op', status: 'RUNNING', zone: link(`zones/${zone}`)}};
	});
	const waited: number[] = [];
	const rest = restClient({
		...googleWords,
		base: `${url}${project}`,
		headers: googleHeaders({getRequestHeaders: () => Promise.resolve(new Headers({authorization: `Bearer ${canary}`}))}),
		fetch,
		wait: milliseconds => {
			waited.push(milliseconds);
			return Promise.resolve();
		},
	});
	return {cloud, asked, waited, groups: gcpNodeGroups(computeApi(rest, quickPatience()), {uid: '0123abcd', name: 'demo'})};
};

const posts = (asked: Asked[]) =>
	asked
		.filter(({method, path}) => method === 'POST' && !path.endsWith('listManagedInstances'))
		.map(({path}) => path.replace(`${project}/`, ''));

test('groups and machines: every page, addresses by name, nothing that only carries copied labels', async t => {
	const {groups, asked} = await world(t);
	t.deepEqual(await groups.list(), [
		{name: 'control_plane_default', role: 'control-plane', image: 'projects/demo/global/images/one', size: 1},
		{name: 'worker_default', role: 'worker', image: 'projects/demo/global/images/one', size: 2},
	]);
	t.deepEqual(
		(await groups.machines()).map(({name, group, image, address, state, detail}) => [
			name,
			group,
			image.split('/').at(-1),
			address,
			state,
			detail,
		]),
		[
			['demo-cp-0', 'control_plane_default', 'one', '10.0.0.2', 'running', undefined],
			['demo-w-0', 'worker_default', '', '10.0.0.3', 'running', undefined],
			['demo-w-1', 'worker_default', 'one', '', 'creating', "Quota 'N2D_CPUS' exceeded."],
		],
	);
	t.is(asked.find(({path}) => path.includes('aggregated'))?.query.get('filter'), 'name eq "demo-0123abcd-.*"');
	t.true(asked.every(({headers}) => headers.authorization === `Bearer ${canary}`));
});

test('an image is set by a copy of the template, which is found again after a kill', async t => {
	const {groups, cloud, asked} = await world(t);
	let dead = true;
	cloud.before = ({path}) =>
		dead && path.endsWith('setInstanceTemplate') ? {status: 400, body: {error: {message: 'killed here'}}} : undefined;
	await t.throwsAsync(groups.setImage('worker_default', 'projects/demo/global/images/two'), {message: /killed here/});
	dead = false;
	await groups.setImage('worker_default', 'projects/demo/global/images/two');
	t.is((await groups.get('worker_default')).image, 'projects/demo/global/images/two');
	const made = [...cloud.templates.values()].at(-1);
	t.like(made?.properties, {
		machineType: 'n2d-standard-4',
		disks: [{boot: true, mode: 'READ_WRITE'}, {deviceName: 'state-disk'}],
	});
	await groups.setImage('worker_default', 'projects/demo/global/images/two');
	t.is(posts(asked).filter(path => path === 'global/instanceTemplates').length, 1);
	t.is(posts(asked).filter(path => path.endsWith('setInstanceTemplate')).length, 2);
});

test('size, a machine more, a machine less; the same token makes no second machine', async t => {
	const {groups, cloud, asked} = await world(t);
	await groups.setSize('worker_default', 4);
	t.is((await groups.get('worker_default')).size, 4);
	const name = await groups.createNode('worker_default', 'token one');
	t.regex(name, /^demo-0123abcd-worker-default-[0-9a-f]{8}$/);
	t.is(await groups.createNode('worker_default', 'token one'), name);
	t.not(await groups.createNode('worker_default', 'token two'), name);
	t.is(posts(asked).filter(path => path.endsWith('createInstances')).length, 2);
	await groups.deleteNode(name);
	await groups.deleteNode('of somebody else');
	Object.assign(cloud.managed.get('demo-0123abcd-worker-default')?.[0] ?? {}, {currentAction: 'DELETING'});
	await groups.deleteNode('demo-w-0');
	t.deepEqual(
		asked.filter(({path}) => path.endsWith('deleteInstances')).map(({body}) => JSON.parse(body) as unknown),
		[{instances: [`zones/${zone}/instances/${name}`]}],
	);
	t.true(
		asked
			.filter(({path}) => path.endsWith('createInstances'))
			.every(({query}) => /^[\da-f-]{36}$/.test(query.get('requestId') ?? '')),
	);
});

test('busy: waits as long as it is told and asks again; an operation may not be readable at once', async t => {
	const {groups, cloud, waited, asked} = await world(t);
	const limited = {status: 403, body: {error: {message: 'slow down', errors: [{reason: 'rateLimitExceeded'}]}}};
	const replies = atFirst(
		{status: 429, headers: {'retry-after': '7'}},
		limited,
		{status: 503, text: '<html>'},
		{cut: true},
		{status: 401},
	);
	const lookups = atFirst({status: 404}, {body: {name: 'op', status: 'RUNNING'}});
	cloud.before = ({path}) => {
		const none: Reply = {status: 0};
		const reply = path.includes('/operations/') ? lookups(() => none) : path.endsWith('/resize') ? replies(() => none) : none;
		return reply === none ? undefined : reply;
	};
	await groups.setSize('worker_default', 3);
	t.deepEqual(waited, [7000, 2000, 4000, 8000]);
	t.is((await groups.get('worker_default')).size, 3);
	const ids = asked.filter(({path}) => path.endsWith('/resize')).map(({query}) => query.get('requestId'));
	t.deepEqual([ids.length, new Set(ids).size], [6, 1], 'a repeated request is known as such');
});

const refusals: [string, Reply, {code: string; message: RegExp; reason?: string}][] = [
	[
		'expired token',
		{status: 401, body: {error: {code: 401, message: 'Invalid Credentials', status: 'UNAUTHENTICATED'}}},
		{code: 'cloud-credentials', message: /Google Cloud has no valid credentials.*UNAUTHENTICATED/},
	],
	[
		'permission',
		{
			status: 403,
			body: {
				error: {
					code: 403,
					message: "Required 'compute.instanceGroupManagers.update' permission",
					errors: [{reason: 'forbidden'}],
				},
			},
		},
		{code: 'cloud-refused', message: /compute\.instanceGroupManagers\.update/, reason: 'forbidden'},
	],
	['outage', {status: 500}, {code: 'cloud-unreachable', message: /status 500/}],
	['unreadable', {body: ['?']}, {code: 'cloud-refused', message: /not what its reference says/, reason: 'unreadable'}],
	['sent elsewhere', {status: 302, headers: {location: '/stolen'}}, {code: 'cloud-unreachable', message: /no answer/}],
];
for (const [title, reply, expected] of refusals) {
	test(`refusal: ${title}; no error holds the token`, async t => {
		const {groups, cloud, asked} = await world(t);
		cloud.before = ({path}) => (path.endsWith('/resize') ? reply : undefined);
		const error = await t.throwsAsync<AppError>(groups.setSize('worker_default', 3), {
			instanceOf: AppError,
			message: expected.message,
		});
		t.is(error.code, expected.code);
		t.false(asked.some(({path}) => path === '/stolen'));
		if (expected.reason !== undefined) t.is(error.details['reason'], expected.reason);
		t.notRegex(inspect(error, {depth: 9, showHidden: true}), new RegExp(canary));
	});
}

test("quota: the end of an operation is an error; two groups of one name are nobody's", async t => {
	const {groups, cloud} = await world(t);
	cloud.operation = {
		name: 'op',
		status: 'DONE',
		error: {errors: [{code: 'QUOTA_EXCEEDED', message: "Quota 'N2D_CPUS' exceeded. Limit: 8.0"}]},
	};
	const error = await t.throwsAsync<AppError>(groups.createNode('worker_default'), {message: /Limit: 8\.0/});
	t.like(error, {code: 'cloud-refused', exitCode: 4, details: {reason: 'QUOTA_EXCEEDED'}});
	cloud.templates.set('copied', template('copied', 'worker_default'));
	t.is((await t.throwsAsync<AppError>(groups.setSize('worker_default', 9))).code, 'cloud-ambiguous');
	t.is((await t.throwsAsync<AppError>(groups.get('none'))).code, 'cloud-object-missing');
});

test('credentials that cannot be had: what to do, and no more than a short code of what the library says', async t => {
	const failing = (error: Error) => googleHeaders({getRequestHeaders: () => Promise.reject(error)})('');
	const error = await t.throwsAsync<AppError>(failing(Object.assign(new Error('invalid_grant: bad'), {config: {data: canary}})));
	t.regex(error.message, /: invalid_grant$/);
	t.is(error.code, 'cloud-credentials');
	t.regex(error.next.join(), /gcloud auth application-default login.*GOOGLE_APPLICATION_CREDENTIALS/);
	t.notRegex(inspect(error, {depth: 9, showHidden: true}), new RegExp(canary));
});

test('states', t => {
	const states = {
		PROVISIONING: 'creating',
		STAGING: 'creating',
		RUNNING: 'running',
		STOPPING: 'stopped',
		SUSPENDING: 'stopped',
		SUSPENDED: 'stopped',
		REPAIRING: 'stopped',
		TERMINATED: 'stopped',
		DEPROVISIONING: 'terminating',
		NEW: 'failed',
	};
	for (const [status, state] of Object.entries(states))
		t.is(googleMachineState(status, 'NONE'), state as ReturnType<typeof googleMachineState>);
	t.is(googleMachineState(undefined, 'CREATING'), 'creating');
	t.is(googleMachineState('RUNNING', 'DELETING'), 'terminating');
});
