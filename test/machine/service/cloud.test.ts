import {execFile} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {chmod, readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import {writeJson} from '../../../src/machine/service/files.ts';
import {startService} from '../../../src/machine/service/serve.ts';
import {isAlive, isProcessRecord} from '../../../src/process.ts';
import {localNodeGroups} from '../../../src/providers/local/node-groups.ts';
import {metadataClient} from '../../../src/services/metadata.ts';
import {metadataNodeGroups} from '../../../src/services/node-groups.ts';
import {UnixHttpError, unixRequest} from '../../../src/unix-http.ts';
import {sleepingMachine} from '../../fixtures/machine/sleeping-machine.ts';
import {localCluster, someHash, until} from '../../helpers/local-cluster.ts';
import {nobody, openRuntime} from '../../helpers/nobody.ts';

const run = promisify(execFile);

const service = async (t: Parameters<typeof localCluster>[0]) => {
	const cluster = await localCluster(t);
	writeJson(join(cluster.folder, 'spec.json'), cluster.spec);
	const running = await startService(cluster.folder, sleepingMachine);
	t.teardown(() => running.stop());
	const put = (name: string, role: string, size: number, image = 'v0.1.0') =>
		unixRequest({socketPath: cluster.socket, method: 'PUT', path: `/groups/${name}`, body: {role, image, size}});
	return {...cluster, ...running, put, groups: localNodeGroups(cluster.socket)};
};

const processOf = async (folder: string, name: string) => {
	const record: unknown = JSON.parse(await readFile(join(folder, 'machines', name, 'machine.json'), 'utf8'));
	const {process} = record as {process?: unknown};
	if (!isProcessRecord(process)) throw new Error(`${name} has no process`);
	return process;
};

test('a group grows and shrinks to its size, survivors stay, names are never given twice', async t => {
	const {put, groups, folder, network} = await service(t);
	await put('control_plane_default', 'control-plane', 1);
	await put('worker_default', 'worker', 2);
	const before = await processOf(folder, 'worker-0');
	await put('worker_default', 'worker', 3);
	await put('worker_default', 'worker', 1);
	await put('worker_default', 'worker', 2);
	t.deepEqual(before, await processOf(folder, 'worker-0'));
	const machines = await groups.machines();
	t.deepEqual(
		machines.map(({name, state, role}) => [name, state, role]),
		[
			['control-plane-0', 'running', 'control-plane'],
			['worker-0', 'running', 'worker'],
			['worker-3', 'running', 'worker'],
		],
	);
	t.is(new Set(machines.map(machine => machine.address)).size, network.kind === 'addresses' ? 3 : 1);
	t.deepEqual(
		(await groups.list()).map(({name, size}) => [name, size]),
		[
			['control_plane_default', 1],
			['worker_default', 2],
		],
	);
});

test('metadata answers in the form that node services read, on sockets that only this user can open', async t => {
	const {put, folder, uid, dataHome, spec} = await service(t);
	await put('control_plane_default', 'control-plane', 1);
	await put('worker_default', 'worker', 1);
	const at = join(folder, 'machines', 'worker-0');
	for (const path of [
		join(at, 'metadata.sock'),
		join(folder, 'control.sock'),
		join(at, 'machine.json'),
		join(folder, 'maker.pem'),
	]) {
		t.is((await stat(path)).mode & 0o777, 0o600, path);
	}
	const metadata = metadataClient(join(at, 'metadata.sock'));
	const self = await metadata.self();
	t.is(self.providerId, `local://${uid}/worker-0`);
	t.is(self.role, 'worker');
	t.is(self.endpoints.kubelet, `${self.address}:10250`);
	t.deepEqual(
		(await metadata.list()).map(({name}) => name),
		['control-plane-0', 'worker-0'],
	);
	t.is(await metadata.initSecretHash(), someHash);
	t.is(await metadata.loadBalancer('kubernetes'), spec.loadBalancer.kubernetes ?? '');
	t.regex((await metadata.disk()).uuid, /^[0-9a-f-]{36}$/);
	t.is((await metadata.disk()).store, join(dataHome, 'clusters', uid, 'store.db'));
	t.is((await metadata.keys()).maker.length, 91);
	await metadata.log('joined\u001b[31m the \u202ecluster');
	const log = await readFile(join(at, 'serial.log'), 'utf8');
	t.regex(log, /joined \[31m the {2}cluster/);
	t.notRegex(log, /[\u001b\u202e]/u);
});

const asNobody = process.getuid?.() === 0 ? test : test.skip;

asNobody('another user of this computer reaches no socket, key, log or record of a cluster', async t => {
	const {put, folder, home, dataHome} = await service(t);
	await put('worker_default', 'worker', 1);
	// Everything above the cluster's own folder stands open: its own modes have to do.
	for (const open of [home, dataHome, join(dataHome, 'clusters')]) await chmod(open, 0o755);
	const machine = join(folder, 'machines', 'worker-0');
	const names = ['control.sock', 'metadata.sock', 'maker.pem', 'serial.log', 'machine.json', 'spec.json'];
	const paths = names.flatMap(name => [join(folder, name), join(machine, name)]);
	const attempt = `
		const {readFileSync} = require('node:fs');
		const {connect} = require('node:net');
		for (const path of ${JSON.stringify(paths)}) {
			if (path.endsWith('.sock')) connect(path).on('connect', () => console.log('reached', path)).on('error', error => console.log(error.code));
			else try { console.log('read', path, readFileSync(path)); } catch (error) { console.log(error.code); }
		}`;
	const {stdout} = await run(openRuntime(t), ['-e', attempt], {...nobody, cwd: '/', env: {}});
	t.deepEqual(
		stdout.trim().split('\n'),
		Array.from(paths, () => 'EACCES'),
	);
});

test('a machine whose process is killed stays off, is named as dead, and starts again when somebody asks', async t => {
	const {put, groups, folder} = await service(t);
	await put('worker_default', 'worker', 2);
	const victim = await processOf(folder, 'worker-1');
	const disk = join(folder, 'machines', 'worker-1', 'disk', 'state');
	writeFileSync(disk, 'kept');
	process.kill(victim.pid, 'SIGKILL');
	const dead = await until('worker-1 to be off', async () =>
		(await groups.machines()).find(machine => machine.state === 'stopped'),
	);
	t.is(dead.name, 'worker-1');
	t.is(dead.detail, 'SIGKILL');
	await t.notThrowsAsync(until('its whole group to end', () => groupIsGone(victim.pid)));
	await put('worker_default', 'worker', 2);
	t.is((await groups.machines()).find(machine => machine.name === 'worker-1')?.state, 'stopped');
	t.is((await groups.startMachine('worker-1')).state, 'running');
	t.is(await readFile(disk, 'utf8'), 'kept');
	t.is((await groups.stopMachine('worker-1')).detail, 'switched off');
});

test('a group shrinks by its dead machines first', async t => {
	const {put, groups} = await service(t);
	await put('worker_default', 'worker', 3);
	await groups.stopMachine('worker-0');
	await groups.setSize('worker_default', 2);
	t.deepEqual(
		(await groups.machines()).map(machine => machine.name),
		['worker-1', 'worker-2'],
	);
});

test('one node is made and one removed without touching the others: what a rolling replacement does', async t => {
	const {put, groups} = await service(t);
	await put('worker_default', 'worker', 1);
	await groups.setImage('worker_default', 'v0.2.0');
	t.is(await groups.createNode('worker_default'), 'worker-1');
	await until('worker-1 to run', async () => (await groups.machines()).every(machine => machine.state === 'running'));
	await groups.deleteNode('worker-0');
	t.like(await groups.get('worker_default'), {size: 1, image: 'v0.2.0'});
	t.deepEqual(
		(await groups.machines()).map(({name, image}) => [name, image]),
		[['worker-1', 'v0.2.0']],
	);
});

test('control planes reach the node groups over their metadata, workers do not; the same token makes one machine', async t => {
	const {put, groups, folder} = await service(t);
	await put('control_plane_default', 'control-plane', 2);
	await put('worker_default', 'worker', 1);
	const of = (name: string) => metadataNodeGroups(join(folder, 'machines', name, 'metadata.sock'));
	const own = of('control-plane-0');
	for (const ask of [() => of('worker-0').list(), () => of('worker-0').deleteNode('control-plane-0')])
		await t.throwsAsync(ask(), {instanceOf: UnixHttpError, message: /for control planes/});
	t.like(await own.get('worker_default'), {role: 'worker', size: 1});
	await own.setImage('worker_default', 'v0.2.0');
	t.is(await own.createNode('worker_default', 'heir-of-worker-0'), 'worker-1');
	t.is(await of('control-plane-1').createNode('worker_default', 'heir-of-worker-0'), 'worker-1');
	t.is((await own.get('worker_default')).size, 2);
	await own.setDraining('control-plane-1', true);
	const machines = await own.machines();
	t.deepEqual(
		machines.filter(({draining}) => draining).map(({name}) => name),
		['control-plane-1'],
	);
	t.is(machines.find(({name}) => name === 'worker-1')?.image, 'v0.2.0');
	// A machine may ask for its own end.
	await of('control-plane-1').deleteNode('control-plane-1');
	await own.setSize('worker_default', 1);
	await until('control-plane-1 to be gone', async () => !(await groups.machines()).some(({name}) => name === 'control-plane-1'));
	t.deepEqual(
		(await own.list()).map(({name, size}) => [name, size]),
		[
			['control_plane_default', 1],
			['worker_default', 1],
		],
	);
	await t.throwsAsync(own.createNode('none'), {message: /no node group/});
	await t.throwsAsync(own.setSize('worker_default', 1000), {message: /size/});
});

test('Terraform’s own wish for a group, once a roll is over, changes no machine', async t => {
	const {put, groups, folder} = await service(t);
	await put('worker_default', 'worker', 2);
	await groups.setImage('worker_default', 'v0.2.0');
	for (const old of ['worker-0', 'worker-1']) {
		await groups.createNode('worker_default', `heir-of-${old}`);
		await groups.deleteNode(old);
	}
	const before = await groups.machines();
	const control = unixRequest({
		socketPath: join(folder, 'control.sock'),
		method: 'PUT',
		path: '/groups/worker_default',
		body: {role: 'worker', image: 'v0.2.0', size: 2},
	});
	t.like(await control, {added: [], removed: []});
	t.deepEqual(
		(await groups.machines()).map(({name}) => name),
		before.map(({name}) => name),
	);
});

test('a machine that does not boot is named with its reason', async t => {
	const {put, groups} = await service(t);
	const answer = await put('worker_default', 'worker', 1, 'v0.0.13');
	t.like(answer, {failed: [{name: 'worker-0', state: 'failed', detail: 'the image is not there'}]});
	t.is((await groups.machines())[0]?.state, 'failed');
	await groups.deleteNode('worker-0');
	t.deepEqual(await groups.machines(), []);
});

test('bad requests are refused with a sentence, and nothing happens', async t => {
	const {socket, put, groups} = await service(t);
	const cases: [string, string, unknown][] = [
		['PUT', '/groups/worker_default', {role: 'king', image: 'v0.1.0', size: 1}],
		['PUT', '/groups/worker_default', {role: 'worker', image: '../../etc', size: 1}],
		['PUT', '/groups/worker_default', {role: 'worker', image: 'v0.1.0', size: -1}],
		['PUT', '/groups/worker_default', {role: 'worker', image: 'v0.1.0', size: 201}],
		['PUT', '/groups/..%2Fx', {role: 'worker', image: 'v0.1.0', size: 1}],
		['PUT', '/init-secret-hash', {hash: 'plain'}],
		['POST', '/groups/none/machines', undefined],
		['GET', '/machines/worker-9/log', undefined],
		['GET', '/unknown', undefined],
	];
	for (const [method, path, body] of cases) {
		const error = await t.throwsAsync(unixRequest({socketPath: socket, method, path, body}), {instanceOf: UnixHttpError}, path);
		t.true(error.status < 500, path);
	}
	await t.throwsAsync(put('worker_default', 'worker', 1, 'x'.repeat(100_000)), {instanceOf: UnixHttpError});
	t.deepEqual(await groups.machines(), []);
});

test('a second machine service for the same cluster is refused, and leaves the first alone', async t => {
	const {folder, groups, put} = await service(t);
	await put('worker_default', 'worker', 1);
	await t.throwsAsync(startService(folder, sleepingMachine), {message: /runs already/});
	t.is((await groups.machines())[0]?.state, 'running');
});

test('after a restart everything is off and keeps its place; folders that are no machines are removed', async t => {
	const {folder, groups, put, stop} = await service(t);
	await put('control_plane_default', 'control-plane', 1);
	await put('worker_default', 'worker', 1);
	const before = await processOf(folder, 'worker-0');
	await stop();
	t.false(isAlive(before));
	mkdirSync(join(folder, 'machines', 'half-made'));
	const again = await startService(folder, sleepingMachine);
	t.teardown(() => again.stop());
	t.deepEqual(
		(await groups.machines()).map(({name, state}) => [name, state]),
		[
			['control-plane-0', 'stopped'],
			['worker-0', 'stopped'],
		],
	);
	t.true((await groups.startAll()).every(machine => machine.state === 'running'));
	t.is(await stat(join(folder, 'machines', 'half-made')).catch(() => undefined), undefined);
	await put('worker_default', 'worker', 2);
	t.is((await groups.machines()).at(-1)?.name, 'worker-1');
});

const groupIsGone = (pid: number): boolean => {
	try {
		process.kill(-pid, 0);
		return false;
	} catch {
		return true;
	}
};
