import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {statusLines} from '../../../src/commands/cloud-groups.ts';
import {AppError} from '../../../src/errors.ts';
import {connectCloud} from '../../../src/flows/cloud/connect.ts';
import {applyCloudScale, planCloudScale} from '../../../src/flows/cloud/scale.ts';
import {cloudPlace, cloudStatus} from '../../../src/flows/cloud/status.ts';
import {workspaceOf} from '../../../src/flows/session.ts';
import type {NodeGroups} from '../../../src/providers/node-groups.ts';
import {writeIds} from '../../../src/workspace/id-file.ts';

const config = `# mine
version: v3
image: ami-0123456789abcdef0
name: demo
kubernetesVersion: v1.32.9
microserviceVersion: v0.1.0
debugCluster: false
provider:
  aws:
    region: eu-west-1
    zone: eu-west-1a
    instanceType: m6a.xlarge
    stateDiskType: gp3
    iamProfileControlPlane: a
    iamProfileWorkerNodes: b
nodeGroups:
  control_plane_default: { role: control-plane, count: 3 }
  worker_default: { role: worker, count: 2 } # the office
  batch: { role: worker, initialCount: 1 }
attestation:
  awsSEVSNP:
    measurements: {}
    bootloaderVersion: 3
    teeVersion: 0
    snpVersion: 8
    microcodeVersion: 115
    acceptUnknownKeys: true
    acceptUnknownMachineImages: true
`;

/** Groups that remember their sizes; `refuse` stands for a quota. */
const memoryGroups = () => {
	const sizes = new Map([
		['control_plane_default', 3],
		['worker_default', 2],
		['batch', 1],
	]);
	const state = {refuse: false, calls: [] as string[]};
	const roleOf = (name: string) => (name.startsWith('control') ? 'control-plane' : 'worker');
	const groupOf = (name: string) => ({name, role: roleOf(name), image: 'ami', size: sizes.get(name) ?? 0}) as const;
	const nothing = () => Promise.reject(new Error('not asked for'));
	const groups: NodeGroups = {
		list: () => Promise.resolve([...sizes.keys()].map(groupOf)),
		get: name => Promise.resolve(groupOf(name)),
		machines: () =>
			Promise.resolve([
				{name: 'i-1', group: 'worker_default', role: 'worker', image: 'ami', address: '10.0.0.1', state: 'running'},
				{
					name: 'i-2',
					group: 'worker_default',
					role: 'worker',
					image: 'ami',
					address: '',
					state: 'creating',
					detail: 'no capacity',
				},
			]),
		setSize(name, size) {
			state.calls.push(`${name} ${size}`);
			if (state.refuse) return Promise.reject(new AppError('quota', {code: 'cloud-refused', exitCode: 4}));
			sizes.set(name, size);
			return Promise.resolve();
		},
		setImage: nothing,
		createNode: nothing,
		deleteNode: nothing,
		setDraining: nothing,
	};
	return {groups, state};
};

const world = async (t: ExecutionContext) => {
	const folder = await mkdtemp(join(tmpdir(), 'cloud-groups-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const workspace = workspaceOf(folder);
	t.is(await cloudPlace(workspace), undefined, 'an empty folder is not on a cloud');
	await writeFile(workspace.path('config'), config);
	t.is(await cloudPlace(workspace), undefined, 'nothing was made yet');
	await writeIds(workspace, {
		cloudProvider: 'AWS',
		uid: '0123abcd',
		clusterID: '',
		ownerID: '',
		ip: '192.0.2.1',
		attestationURL: '',
	});
	const place = await cloudPlace(workspace);
	if (place === undefined) throw new Error('the workspace is on a cloud');
	const text = () => readFile(workspace.path('config'), 'utf8');
	return {folder, workspace, place, text, ...memoryGroups()};
};

test('status: groups and machines as the cloud says, and that nobody attested them', async t => {
	const {place, groups} = await world(t);
	const found = await cloudStatus(place, groups);
	t.like(found, {name: 'demo', provider: 'aws', uid: '0123abcd', ip: '192.0.2.1'});
	const lines = statusLines(found).join('\n');
	t.regex(lines, /control_plane_default 0 of 3 running, worker_default 1 of 2 running, batch 0 of 1 running/);
	t.regex(lines, /nothing of this is attested/);
	t.regex(lines, /i-2 +worker +creating: no capacity/);
});

test('scale: sizes in the cloud, then in the config, comments kept; a refusal leaves the config, the next run goes on', async t => {
	const {workspace, place, text, groups, state} = await world(t);
	const planned = await planCloudScale(place, groups, {workers: 4, group: {name: 'batch', nodes: 0}});
	t.deepEqual(planned.changes, [
		{group: 'worker_default', from: 2, to: 4},
		{group: 'batch', from: 1, to: 0},
	]);
	state.refuse = true;
	await t.throwsAsync(applyCloudScale(workspace, place, groups, planned), {message: 'quota'});
	t.is(await text(), config);
	state.refuse = false;
	await applyCloudScale(workspace, place, groups, planned);
	t.is(await text(), config.replace('count: 2', 'count: 4').replace('initialCount: 1', 'initialCount: 0'));
	t.deepEqual((await planCloudScale(place, groups, {workers: 4, controlPlanes: 3})).changes, []);
	t.deepEqual(state.calls, ['worker_default 4', 'worker_default 4', 'batch 0']);
});

test('scale: never fewer control planes; what the config may not say is set nowhere', async t => {
	const {place, groups, state} = await world(t);
	for (const wishes of [{controlPlanes: 1}, {group: {name: 'control_plane_default', nodes: 2}}]) {
		const error = await t.throwsAsync<AppError>(planCloudScale(place, groups, wishes), {message: /has 3/});
		t.is(error.exitCode, 2);
	}
	t.is((await t.throwsAsync<AppError>(planCloudScale(place, groups, {workers: 201}))).code, 'invalid-config');
	const openstack: unknown = {...place, config: {...place.config, provider: {openstack: {}}}};
	const {code, next} = await t.throwsAsync<AppError>(planCloudScale(openstack as typeof place, groups, {workers: 4}));
	t.is(code, 'cloud-no-node-groups');
	t.regex(next.join(' '), /nodeGroups\.worker_default\.count: 4 into the config.*constellation apply/);
	t.deepEqual(state.calls, []);
});

test('each cloud gets its own library; QEMU has none', async t => {
	const {place} = await world(t);
	const at = {env: {}, folder: '/nowhere'};
	t.is(typeof (await (await connectCloud(place.config, at)).nodeGroups('0123abcd')).list, 'function');
	const {attestation, nodeGroups} = place.config;
	const qemu = {name: 'demo', provider: {qemu: {}}, attestation, nodeGroups} as unknown;
	await t.throwsAsync(connectCloud(qemu as typeof place.config, at), {message: /QEMU/});
	const openstack = {name: 'demo', provider: {openstack: {cloud: 'none', regionName: 'r'}}, attestation, nodeGroups} as unknown;
	const {checks, nodeGroups: groups, outside} = await connectCloud(openstack as typeof place.config, at);
	for (const asked of [async () => groups('0123abcd'), () => outside('0123abcd')])
		await t.throwsAsync(asked, {message: /no clouds\.yaml has an entry none/});
	t.regex((await checks()[0]?.run())?.detail ?? '', /no clouds\.yaml has an entry none/);
});
