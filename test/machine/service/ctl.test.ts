import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {isAlive, isProcessRecord, processesIn, recordOf} from '../../../src/process.ts';
import {cloudStatus} from '../../../src/providers/local/control.ts';
import {clusterRecords} from '../../../src/providers/local/leftovers.ts';
import {networkOf} from '../../../src/providers/local/network.ts';
import {type LocalCluster, localCluster, sleepingProgram, until} from '../../helpers/local-cluster.ts';

/** Runs the machine program as Terraform does. */
const ctl = (cluster: LocalCluster, args: string[], spec?: unknown) => {
	const child = spawn(
		process.execPath,
		['--disable-warning=ExperimentalWarning', sleepingProgram, 'ctl', '--folder', cluster.folder, ...args],
		{
			stdio: ['ignore', 'pipe', 'pipe'],
			env: {PATH: '/usr/bin:/bin', ...(spec !== undefined && {CONSTELLATION_SPEC: JSON.stringify(spec)})},
		},
	);
	let output = '';
	for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
	const done = new Promise<{code: number | null; output: string}>(resolve => child.on('close', code => resolve({code, output})));
	return {child, done};
};

const workers = (size: number, image = 'v0.1.0') => ({role: 'worker', image, size});

const servicePid = async ({folder}: LocalCluster): Promise<number> => {
	const record: unknown = JSON.parse(await readFile(join(folder, 'service.json'), 'utf8'));
	return isProcessRecord(record) ? record.pid : 0;
};

test('start, again start, group-apply, group-delete, stop, again stop: each says what it did, nothing is left', async t => {
	const cluster = await localCluster(t);
	const run = async (args: string[], spec?: unknown) => {
		const {code, output} = await ctl(cluster, args, spec).done;
		t.is(code, 0, output);
		return output.replaceAll(/process \d+/g, 'process N').replaceAll(cluster.folder, 'FOLDER');
	};
	t.is(await run(['start'], cluster.spec), 'machine service started (process N)\n');
	t.is(await run(['start'], cluster.spec), 'machine service runs (process N)\n');
	t.is(await run(['group-apply', 'worker_default'], workers(2)), 'worker-0 running\nworker-1 running\nworker_default: 2 of 2\n');
	t.is(await run(['group-apply', 'worker_default'], workers(2)), 'worker_default: 2 of 2\n');
	t.is(await run(['group-apply', 'more'], workers(1)), 'worker-2 running\nmore: 1 of 1\n');
	t.is(await run(['group-delete', 'more']), 'worker-2 removed\n');
	t.is(await run(['stop']), 'machine service stopped\nworker-0 removed\nworker-1 removed\nnetwork released\nFOLDER removed\n');
	t.is(await run(['stop']), 'nothing to stop: this cluster has no machine service here\n');
	t.is(await run(['group-delete', 'worker_default']), 'worker_default: nothing to remove\n');
	t.deepEqual(processesIn(cluster.folder), []);
	t.is(await clusterRecords(cluster.dataHome, cluster.uid), undefined);
	t.deepEqual(await readdir(join(cluster.dataHome, 'clusters')), []);
});

test('many starts at once make one machine service', async t => {
	const cluster = await localCluster(t);
	const results = await Promise.all(Array.from({length: 4}, () => ctl(cluster, ['start'], cluster.spec).done));
	t.deepEqual(
		results.map(({code}) => code),
		[0, 0, 0, 0],
	);
	t.is(results.filter(({output}) => output.includes('started')).length, 1);
	t.is(processesIn(cluster.folder).length, 1);
});

test('stop ends the orphans of a machine service that was killed', async t => {
	const cluster = await localCluster(t);
	await ctl(cluster, ['start'], cluster.spec).done;
	await ctl(cluster, ['group-apply', 'worker_default'], workers(2)).done;
	process.kill(await servicePid(cluster), 'SIGKILL');
	await until('the service to be gone', async () => (await cloudStatus(cluster.socket)) === undefined);
	t.like(await clusterRecords(cluster.dataHome, cluster.uid), {
		name: 'demo',
		machines: [
			{name: 'worker-0', alive: true},
			{name: 'worker-1', alive: true},
		],
	});
	const {code, output} = await ctl(cluster, ['stop']).done;
	t.is(code, 0, output);
	t.regex(output, /worker-1 removed/);
	t.deepEqual(processesIn(cluster.folder), []);
	t.false(existsSync(cluster.folder));
});

test('a machine service that starts again ends what an earlier one left; its machines are off', async t => {
	const cluster = await localCluster(t);
	await ctl(cluster, ['start'], cluster.spec).done;
	await ctl(cluster, ['group-apply', 'worker_default'], workers(1)).done;
	process.kill(await servicePid(cluster), 'SIGKILL');
	await until('the service to be gone', async () => (await cloudStatus(cluster.socket)) === undefined);
	t.regex((await ctl(cluster, ['start']).done).output, /started/);
	t.is((await cloudStatus(cluster.socket))?.machines[0]?.state, 'stopped');
	t.is(processesIn(cluster.folder).length, 1);
});

test('a process that only has the pid of an old record is left alone', async t => {
	const cluster = await localCluster(t);
	await ctl(cluster, ['start'], cluster.spec).done;
	await ctl(cluster, ['group-apply', 'worker_default'], workers(1)).done;
	await ctl(cluster, ['halt']).done;
	const stranger = spawn('/bin/sleep', ['1000'], {cwd: '/', detached: true, stdio: 'ignore'});
	t.teardown(() => stranger.kill('SIGKILL'));
	const pid = stranger.pid ?? 0;
	const own = recordOf(pid);
	if (own === undefined) throw new Error('the stranger runs');
	const path = join(cluster.folder, 'machines', 'worker-0', 'machine.json');
	const record = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
	await writeFile(path, JSON.stringify({...record, process: {...own, startTime: '1'}}));
	await writeFile(join(cluster.folder, 'service.json'), JSON.stringify({...own, bootId: 'an earlier boot'}));
	t.like(await clusterRecords(cluster.dataHome, cluster.uid), {machines: [{name: 'worker-0', alive: false}]});
	t.regex((await ctl(cluster, ['start']).done).output, /started/);
	t.is((await ctl(cluster, ['stop']).done).code, 0);
	t.true(isAlive(own));
});

test('a folder removed by hand takes the machine service and its machines with it', async t => {
	const cluster = await localCluster(t);
	await ctl(cluster, ['start'], cluster.spec).done;
	await ctl(cluster, ['group-apply', 'worker_default'], workers(2)).done;
	await rm(cluster.folder, {recursive: true});
	await until('everything to end', () => processesIn(cluster.folder).length === 0);
	t.regex((await ctl(cluster, ['stop']).done).output, /nothing to stop/);
	t.pass();
});

test('halt switches everything off and keeps it; group-apply brings the service back', async t => {
	const cluster = await localCluster(t);
	await ctl(cluster, ['start'], cluster.spec).done;
	await ctl(cluster, ['group-apply', 'worker_default'], workers(1)).done;
	const halted = await ctl(cluster, ['halt']).done;
	t.is(halted.output, 'machine service stopped\n');
	t.deepEqual(processesIn(cluster.folder), []);
	t.truthy(await networkOf(cluster.dataHome, cluster.uid));
	t.regex(
		(await ctl(cluster, ['group-apply', 'worker_default'], workers(2)).done).output,
		/worker-1 running\nworker_default: 2 of 2/,
	);
	t.deepEqual(
		(await cloudStatus(cluster.socket))?.machines.map(machine => machine.state),
		['stopped', 'running'],
	);
});

test('killed at any moment of a start or of making machines, a stop still leaves nothing', async t => {
	for (const delayMs of [30, 90, 130, 180, 240]) {
		const cluster = await localCluster(t);
		const starting = ctl(cluster, ['start'], cluster.spec);
		const timer = setTimeout(() => starting.child.kill('SIGKILL'), delayMs);
		await starting.done;
		clearTimeout(timer);
		const applying = ctl(cluster, ['group-apply', 'worker_default'], workers(3));
		const second = setTimeout(() => applying.child.kill('SIGKILL'), delayMs);
		await applying.done;
		clearTimeout(second);
		const {code, output} = await ctl(cluster, ['stop']).done;
		t.is(code, 0, output);
		t.deepEqual(processesIn(cluster.folder), [], `after ${delayMs} ms`);
		t.deepEqual(await readdir(join(cluster.dataHome, 'clusters')), [], `after ${delayMs} ms`);
	}
});

test('what cannot start says why: no maker key, a taken port, another cluster in the folder', async t => {
	const cluster = await localCluster(t);
	const {kubernetes} = cluster.spec.loadBalancer;
	const taken = await localCluster(t);
	await ctl(taken, ['start'], taken.spec).done;
	const spec = {...cluster.spec, loadBalancer: {kubernetes: taken.spec.loadBalancer.kubernetes}};
	const busy = await ctl(cluster, ['start'], spec).done;
	t.is(busy.code, 4);
	t.regex(busy.output, /EADDRINUSE/);
	t.deepEqual(processesIn(cluster.folder), []);
	const other = await ctl(taken, ['start'], {...taken.spec, uid: '00000000'}).done;
	t.regex(other.output, /belongs to another cluster/);
	const keyless = await localCluster(t);
	await writeFile(join(keyless.folder, 'maker.pem'), 'no key');
	t.regex((await ctl(keyless, ['start'], keyless.spec).done).output, /the machine service ended/);
	t.truthy(kubernetes);
});
