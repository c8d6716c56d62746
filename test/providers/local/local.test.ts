import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {AppError} from '../../../src/errors.ts';
import type {Event} from '../../../src/events.ts';
import {findTerraform} from '../../../src/infrastructure/binary.ts';
import {moduleFolder} from '../../../src/infrastructure/module-folder.ts';
import {renderFolder} from '../../../src/infrastructure/render.ts';
import {terraform} from '../../../src/infrastructure/terraform.ts';
import {isProcessRecord, processesIn} from '../../../src/process.ts';
import {cloudStatus} from '../../../src/providers/local/control.ts';
import {machineLanes, serialLog} from '../../../src/providers/local/lanes.ts';
import {allClusterRecords, type ClusterRecords, clusterRecords} from '../../../src/providers/local/leftovers.ts';
import {removeMachineService, startMachineService, stopMachineService} from '../../../src/providers/local/machine-program.ts';
import {claimNetwork, releaseNetwork} from '../../../src/providers/local/network.ts';
import {localNodeGroups} from '../../../src/providers/local/node-groups.ts';
import {localPreflight} from '../../../src/providers/local/preflight.ts';
import {describeLocalChange, localVariables} from '../../../src/providers/local/variables.ts';
import {localCluster, sleepingProgram, someHash, until} from '../../helpers/local-cluster.ts';

const binary = await findTerraform({env: process.env, dataHome: tmpdir()}).catch((error: unknown) => {
	if (error instanceof AppError && process.env.REQUIRE_E2E !== '1') return undefined;
	throw error;
});
if (binary === undefined) console.log('SKIPPED: no terraform');
const withTerraform = binary === undefined ? test.serial.skip : test.serial;

const applyProgram = join(import.meta.dirname, '..', '..', 'fixtures', 'machine', 'apply.ts');

const setUp = async (t: Parameters<typeof localCluster>[0], runtime = process.execPath) => {
	const cluster = await localCluster(t);
	const {dataHome, uid, network, home} = cluster;
	const folder = join(home, 'workspace', 'constellation-terraform');
	const render = (workers: number | undefined, image = 'v0.1.0', program = sleepingProgram) =>
		renderFolder(
			folder,
			moduleFolder('local'),
			localVariables({
				name: 'demo',
				uid,
				nodeGroups: {
					control_plane_default: {role: 'control-plane', image, count: 1},
					...(workers !== undefined && {worker_default: {role: 'worker', image, count: workers}}),
				},
				initSecretHash: someHash,
				dataHome,
				network,
				program: {runtime, program},
			}),
		);
	const tf = terraform({
		binary: binary ?? {path: '', product: 'terraform', version: ''},
		folder,
		env: process.env,
		describe: describeLocalChange,
	});
	const apply = async () => {
		const {result: plan} = await drain(tf.plan());
		return {plan, seen: (await drain(tf.apply(plan))).seen};
	};
	const names = async () => (await cloudStatus(cluster.socket))?.machines.map(machine => machine.name);
	const nothingLeft = async (when: string) => {
		t.deepEqual(processesIn(home), [], when);
		t.is(await clusterRecords(dataHome, uid), undefined, when);
		t.deepEqual(await readdir(join(dataHome, 'clusters')), [], when);
		t.deepEqual(await readdir(join(dataHome, 'networks')), [], when);
		t.deepEqual(await tf.resources(), [], when);
	};
	return {...cluster, tfFolder: folder, render, tf, apply, names, nothingLeft};
};

const drain = async <T>(events: AsyncGenerator<Event, T, void>): Promise<{result: T; seen: Event[]}> => {
	const seen: Event[] = [];
	for (;;) {
		const {value, done} = await events.next();
		if (done === true) return {result: value, seen};
		seen.push(value);
	}
};

const processIn = async (path: string): Promise<number> => {
	const record: unknown = JSON.parse(await readFile(path, 'utf8'));
	return isProcessRecord(record) ? record.pid : 0;
};

withTerraform('apply, scale up and down without touching survivors, remove a group, destroy: nothing is left', async t => {
	const {render, tf, apply, names, folder, nothingLeft, network} = await setUp(t);
	await render(2);
	const first = await apply();
	t.like(first.plan, {create: 3, update: 0, destroy: 0});
	t.deepEqual(
		first.plan.changes.map(change => change.kind),
		['machine service', 'node group', 'node group'],
	);
	t.true(first.seen.some(event => event.type === 'log' && event.line === 'worker_default: 2 of 2'));
	const outputs = await tf.outputs();
	t.is(outputs.ip, network.kind === 'addresses' ? `${network.prefix}.1` : '127.0.0.1');
	t.is(outputs.endpoints.kubernetes?.split(':')[0], outputs.ip);
	const survivor = await readFile(join(folder, 'machines', 'worker-0', 'machine.json'), 'utf8');
	t.true((await drain(tf.plan())).result.empty);
	await render(3);
	t.like((await apply()).plan, {create: 0, update: 1, destroy: 0});
	t.deepEqual(await names(), ['control-plane-0', 'worker-0', 'worker-1', 'worker-2']);
	await render(1);
	await apply();
	t.deepEqual(await names(), ['control-plane-0', 'worker-0']);
	t.is(await readFile(join(folder, 'machines', 'worker-0', 'machine.json'), 'utf8'), survivor);
	await render(undefined);
	t.like((await apply()).plan, {create: 0, update: 0, destroy: 1});
	t.deepEqual(await names(), ['control-plane-0']);
	await drain(tf.destroy());
	await nothingLeft('after destroy');
});

withTerraform(
	'no secret is in state or variables, and children start with the runtime given, never with one from PATH',
	async t => {
		const {render, apply, tf, tfFolder, home, folder} = await setUp(t);
		const trap = join(home, 'trap');
		await mkdir(trap);
		for (const name of ['node', 'sh']) {
			await writeFile(join(trap, name), `#!/bin/sh\ntouch ${join(home, 'trapped')}\n`);
			await chmod(join(trap, name), 0o700);
		}
		const before = process.env.PATH ?? '';
		process.env.PATH = `${trap}:${before}`;
		t.teardown(() => (process.env.PATH = before));
		await render(1);
		await apply();
		t.false(existsSync(join(home, 'trapped')));
		const maker = await readFile(join(folder, 'maker.pem'), 'utf8');
		for (const name of ['terraform.tfstate', 'terraform.tfvars.json', 'last-run.jsonl']) {
			const text = await readFile(join(tfFolder, name), 'utf8');
			t.false(text.includes('PRIVATE KEY') || text.includes(maker.split('\n')[1] ?? '-'), name);
		}
		await drain(tf.destroy());
	},
);

withTerraform('a machine that does not boot fails the apply by name; the tainted resource is destroyed all the same', async t => {
	const {render, apply, tf, nothingLeft} = await setUp(t);
	await render(1, 'v0.0.13');
	const error = await t.throwsAsync(apply(), {instanceOf: AppError});
	t.regex(JSON.stringify(error.problems), /worker-0 failed: the image is not there|control-plane-0 failed/);
	await drain(tf.destroy());
	await nothingLeft('after a failed apply');
});

withTerraform(
	'killed in the middle of an apply (Terraform, the CLI, both): apply again, then destroy leaves nothing',
	async t => {
		t.timeout(240_000);
		for (const victims of [['cli'], ['terraform'], ['cli', 'terraform']]) {
			for (const moment of ['guard', 'service', 'machine']) {
				const when = `${victims.join(' and ')} killed at the ${moment}`;
				const {render, apply, tf, tfFolder, folder, dataHome, names, nothingLeft} = await setUp(t);
				await render(2);
				const cli = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', applyProgram, tfFolder, dataHome], {
					stdio: 'ignore',
				});
				const ended = new Promise(resolve => cli.on('exit', resolve));
				await until(when, () => {
					if (moment === 'guard') return existsSync(join(tfFolder, 'terraform.tfstate'));
					if (moment === 'service') return existsSync(join(folder, 'service.json'));
					return existsSync(join(folder, 'machines', 'worker-0', 'machine.json'));
				});
				const tfPid = await processIn(join(tfFolder, 'run.json')).catch(() => 0);
				if (victims.includes('cli')) cli.kill('SIGKILL');
				if (victims.includes('terraform') && tfPid > 0) process.kill(tfPid, 'SIGKILL');
				await ended;
				await apply();
				t.deepEqual(await names(), ['control-plane-0', 'worker-0', 'worker-1'], when);
				await drain(tf.destroy());
				await nothingLeft(when);
			}
		}
	},
);

withTerraform(
	'a machine service that was killed is found by its records, starts again with its machines off, and is destroyed',
	async t => {
		const {render, apply, tf, folder, dataHome, uid, socket, names, nothingLeft} = await setUp(t);
		await render(2);
		await apply();
		process.kill(await processIn(join(folder, 'service.json')), 'SIGKILL');
		const records = await until<ClusterRecords>('the service to be gone', async () => {
			const found = await clusterRecords(dataHome, uid);
			return found?.service === undefined ? found : undefined;
		});
		t.is(await cloudStatus(socket), undefined);
		t.true(records.machines.every(machine => machine.alive));
		await drain(startMachineService(dataHome, uid));
		t.true((await cloudStatus(socket))?.machines.every(machine => machine.state === 'stopped'));
		t.true((await localNodeGroups(socket).startAll()).every(machine => machine.state === 'running'));
		await drain(stopMachineService(dataHome, uid));
		t.deepEqual(processesIn(folder), []);
		await t.throwsAsync(localNodeGroups(socket).machines(), {instanceOf: AppError, message: /does not run/});
		await render(3);
		await apply();
		t.is((await names())?.length, 4);
		process.kill(await processIn(join(folder, 'service.json')), 'SIGKILL');
		await drain(tf.destroy());
		await nothingLeft('after destroy with a killed service');
	},
);

withTerraform(
	'killed in the middle of a destroy, or an apply given up for a destroy: a destroy still leaves nothing',
	async t => {
		for (const destroying of [true, false]) {
			const when = destroying ? 'killed while it destroyed' : 'killed while it applied';
			const {render, apply, tf, tfFolder, folder, nothingLeft} = await setUp(t);
			await render(2);
			if (destroying) await apply();
			const {result: plan} = await drain(tf.plan({destroy: destroying}));
			const abandoned = tf.apply(plan);
			await abandoned.next();
			const machine = join(folder, 'machines', 'worker-0', 'machine.json');
			await until(when, () => existsSync(machine) !== destroying);
			process.kill(await processIn(join(tfFolder, 'run.json')), 'SIGKILL');
			await t.throwsAsync(drain(abandoned), {instanceOf: AppError});
			await drain(tf.destroy());
			await nothingLeft(when);
		}
	},
);

withTerraform('a removed image does not make a cluster impossible to remove', async t => {
	const {render, apply, tf, home, dataHome, uid, nothingLeft} = await setUp(t);
	const program = join(home, 'image', 'machine.mjs');
	await mkdir(join(home, 'image'));
	await copyFile(sleepingProgram, program);
	await render(1, 'v0.1.0', program);
	await apply();
	await rm(join(home, 'image'), {recursive: true});
	const {seen} = await drain(tf.destroy());
	t.true(
		seen.some(event => event.type === 'log' && event.line.includes('is gone; constellation terminate removes what is left')),
	);
	t.truthy(await clusterRecords(dataHome, uid));
	await drain(removeMachineService(dataHome, uid));
	await nothingLeft('after its image was removed');
});

withTerraform('a lost Terraform state: the records still find the cluster, and removing it says what it removed', async t => {
	const {render, apply, tfFolder, dataHome, uid, home} = await setUp(t);
	await render(1);
	await apply();
	await rm(join(tfFolder, 'terraform.tfstate'));
	t.like(await allClusterRecords(dataHome), [{uid, name: 'demo', workspace: home}]);
	const {seen} = await drain(removeMachineService(dataHome, uid));
	const lines = seen.map(event => (event.type === 'log' ? event.line : ''));
	t.true(lines.includes('worker-0 removed') && lines.includes('network released'));
	t.is(await clusterRecords(dataHome, uid), undefined);
	const again = await drain(removeMachineService(dataHome, uid));
	t.like(again.seen, [{line: 'nothing to stop: this cluster has no machine service here'}]);
});

withTerraform('lanes tell every machine from its request to what was measured, and what was lost; logs can be read', async t => {
	const {render, apply, tf, socket} = await setUp(t);
	const stop = new AbortController();
	const seen: Event[] = [];
	const watching = (async () => {
		for await (const event of machineLanes(socket, stop.signal)) seen.push(event);
	})();
	await render(1);
	await apply();
	const lane = (node: string) => seen.flatMap(event => (event.type === 'lane' && event.node === node ? [event.state] : []));
	await until('the lane of worker-0', () => lane('worker-0').includes('measured'));
	t.deepEqual(lane('worker-0').slice(0, 2), ['requested', 'booting']);
	const lines: string[] = [];
	for await (const line of serialLog(socket, 'worker-0')) lines.push(line);
	t.regex(lines.join('\n'), /booting v0\.1\.0 as worker\n.*measured 9 = 0{64}/);
	await localNodeGroups(socket).stopMachine('worker-0');
	await until('worker-0 to be lost', () =>
		seen.some(event => event.type === 'lane-lost' && event.node === 'worker-0' && event.reason === 'stopped'),
	);
	await drain(tf.destroy());
	await until(
		'all lanes to be lost',
		() => seen.filter(event => event.type === 'lane-lost' && event.reason === 'removed').length === 2,
	);
	stop.abort();
	await watching;
	t.pass();
});

test.serial('a cluster keeps its network, two clusters never share one, a dead claim is taken over', async t => {
	const {dataHome, uid, network} = await localCluster(t);
	t.deepEqual(await claimNetwork(dataHome, uid), network);
	await mkdir(join(dataHome, 'clusters', '11111111'));
	t.notDeepEqual(await claimNetwork(dataHome, '11111111'), network);
	await rm(join(dataHome, 'clusters', uid), {recursive: true});
	const file = join(
		dataHome,
		'networks',
		network.kind === 'addresses' ? `${network.prefix}.json` : `ports-${network.firstPort}.json`,
	);
	await writeFile(file, JSON.stringify({uid: '22222222', claimer: {pid: 1, startTime: 'x', bootId: 'gone'}}));
	t.deepEqual(await claimNetwork(dataHome, uid), network);
	await releaseNetwork(dataHome, uid);
	t.false(existsSync(file));
	const onMac = await claimNetwork(dataHome, '33333333', {platform: 'darwin', canListen: () => Promise.resolve(true)});
	t.is(onMac.kind, 'ports');
	const busy = claimNetwork(dataHome, '44444444', {canListen: () => Promise.resolve(false)});
	t.like(await t.throwsAsync(busy, {instanceOf: AppError}), {code: 'no-network', exitCode: 3});
});

test.serial('pre-flight tells everything that is wrong at once, with who holds a port', async t => {
	const home = await mkdtemp(join(tmpdir(), 'constellation-'));
	t.teardown(() => rm(home, {recursive: true, force: true}));
	const holder = createServer();
	const probeAddress = '127.254.253.252';
	await once(holder.listen(30_090, process.platform === 'linux' ? probeAddress : '127.0.0.1'), 'listening');
	t.teardown(() => holder.close());
	const dataHome = join(home, 'x'.repeat(90));
	const options = {dataHome, workspace: join(home, 'ws'), env: {PATH: '/nowhere'}, platform: process.platform, probeAddress};
	const error = await t.throwsAsync(drain(localPreflight(options)), {instanceOf: AppError});
	t.like(error, {code: 'preflight', exitCode: 3});
	const failed = error.problems.map(problem => problem.path);
	t.deepEqual(failed, process.platform === 'linux' ? ['terraform', 'sockets', 'addresses'] : ['terraform', 'sockets']);
	if (process.platform === 'linux') t.like(error.details.holders, [{pid: process.pid, problem: 'EADDRINUSE'}]);
	t.is(error.message, `${failed.length} things are in the way.`);
	t.truthy(error.details.offer);
	t.true(error.next.length >= failed.length);
	const asked: string[] = [];
	const downloading = {
		...options,
		fetch: () => Promise.resolve(new Response('not the archive')),
		mayDownload: (offer: {version: string}) => Promise.resolve(asked.push(offer.version) > 1),
	};
	const terraform = async () =>
		(await t.throwsAsync(drain(localPreflight(downloading)), {instanceOf: AppError})).problems[0]?.message ?? '';
	t.regex(await terraform(), /on the PATH/);
	t.regex(await terraform(), /not the file it should be/);
	t.deepEqual(asked, ['1.13.1', '1.13.1']);
	const windows = await t.throwsAsync(drain(localPreflight({...options, platform: 'win32'})), {instanceOf: AppError});
	t.is(windows.problems[0]?.path, 'platform');
	t.regex(windows.problems[0]?.fix ?? '', /WSL2/);
});

withTerraform('pre-flight of a sound computer gives the Terraform to use', async t => {
	const {dataHome, home, uid} = await localCluster(t);
	const {result, seen} = await drain(localPreflight({dataHome, workspace: home, env: process.env, uid}));
	t.deepEqual(result, binary);
	t.deepEqual([...new Set(seen.map(event => (event.type === 'check' ? event.state : '')))], ['running', 'ok']);
	const here = seen.flatMap(event => (event.type === 'check' && event.only === 'local' ? [event.id] : []));
	t.deepEqual([...new Set(here)], ['platform', 'sockets', 'addresses'], 'a cloud does without these');
});
