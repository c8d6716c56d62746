import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {isAlive, isProcessRecord, processesIn} from '../../src/process.ts';
import {e2e, expectNothingLeft, type Finished, newWorld, nodePid, type Running, servicePid} from '../helpers/e2e.ts';
import {until} from '../helpers/local-cluster.ts';

const world = newWorld();
const limitMs = 90_000;

test.after.always(() => world.close());

const apply = ['apply', '--yes', '--json'];

/** The run of Terraform that this tool recorded, while it lives. */
const terraformPid = (): number | undefined => {
	const file = join(world.file('constellation-terraform'), 'run.json');
	if (!existsSync(file)) return undefined;
	try {
		const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
		return isProcessRecord(found) && isAlive(found) && (found as {command?: unknown}).command === 'apply' ? found.pid : undefined;
	} catch {
		return undefined; // It ended between the two looks.
	}
};

/** Waits for something while a command runs; fails with what the command said when it ends before. */
const during = async (run: Running, what: string, look: () => number | boolean | undefined): Promise<void> => {
	let ended: Finished | undefined;
	void run.finished.then(finished => (ended = finished));
	await until(
		what,
		() => {
			const found = look();
			if (found !== undefined && found !== false) return true;
			if (ended !== undefined)
				throw new Error(`ended with ${String(ended.code)} before ${what}: ${ended.stdout.slice(-1500)} ${ended.stderr}`);
			return undefined;
		},
		limitMs,
	);
};

e2e('of two runs in one workspace the second is refused and told who works there', async t => {
	await world.expect(t, 0, 'config generate local --name kills --workers 1');
	const first = world.start(apply);
	await during(first, 'the lock', () => existsSync(world.file('.constellation/lock.json')));
	const holder = {
		pid: first.pid,
		since: (JSON.parse(readFileSync(world.file('.constellation/lock.json'), 'utf8')) as {since: string}).since,
	};
	const second = await world.expect(t, 3, 'apply --yes');
	t.is(second['code'], 'workspace-busy');
	t.like(second['holder'], holder);
	t.true(Date.parse(holder.since) > 0);
	await during(first, 'config done', () => world.journal().includes('config done'));
	t.is((await world.expect(t, 3, 'terminate --yes'))['code'], 'workspace-busy');
	first.child.kill('SIGKILL');
	t.is((await first.finished).signal, 'SIGKILL');
});

// Each run continues where the one before was killed, so that a whole apply is killed at every step of its journal.
const boundaries = [
	'plan intent',
	'apply intent',
	'apply done',
	'master-secret intent',
	'master-secret done',
	'init intent',
	'init done',
	'acknowledge intent',
];

e2e('a SIGKILL at every step of the journal, of Terraform, and of both is made good by the next apply', async t => {
	const terraform = world.start(apply);
	await during(terraform, 'Terraform with a machine service', () => world.hasInCluster('service.json') && terraformPid());
	process.kill(terraformPid() ?? 0, 'SIGKILL');
	const {code, result} = await terraform.finished;
	// Where Terraform was quick it had nothing left to do when it was killed.
	t.true(code === 4 || code === 0, JSON.stringify(result));

	const both = world.start(apply);
	await during(
		both,
		'a machine of both',
		() => world.hasInCluster('machines', 'control-plane-0', 'machine.json') && terraformPid(),
	);
	const pid = terraformPid();
	both.child.kill('SIGKILL');
	if (pid !== undefined) process.kill(pid, 'SIGKILL');
	t.is((await both.finished).signal, 'SIGKILL');

	for (const boundary of boundaries) {
		const count = () => world.journal().filter(entry => entry === boundary).length;
		const before = count();
		const run = world.start(apply);
		const ended = await Promise.race([run.finished, during(run, boundary, () => count() > before).catch(() => run.finished)]);
		if (ended !== undefined) {
			// Terraform goes on when the tool is killed: where it was quick enough, there is nothing left to kill.
			t.is(ended.code, 0, `${boundary}: ${ended.stdout.slice(-1500)}${ended.stderr}`);
			t.log(`nothing was left to do at ${boundary}`);
			break;
		}
		run.child.kill('SIGKILL');
		t.is((await run.finished).signal, 'SIGKILL', boundary);
	}
	await world.expect(t, 0, 'apply --yes');
	t.false(readFileSync(world.file('constellation-id.json'), 'utf8').includes('initsecret'));
	await expectSize(2);
	const status = await world.expect(t, 0, 'status');
	t.is(status['state'], 'running');
	await world.expect(t, 0, 'verify');
});

/** As many Ready nodes as machines, and no process but those of the machine service and its machines. */
const expectSize = async (size: number) => {
	await until(
		`${size} ready nodes`,
		() => {
			const ready = world
				.kubectl('get nodes --no-headers')
				.split('\n')
				.filter(line => / Ready /.test(line));
			return ready.length === size;
		},
		limitMs,
	);
};

e2e('killed services come back by themselves and serve again', async t => {
	for (const service of ['kube-apiserver', 'key-service', 'join-service']) {
		const old = servicePid(world, 'control-plane-0', service);
		t.truthy(old, service);
		process.kill(old ?? 0, 'SIGKILL');
		await until(
			`another ${service}`,
			() => {
				const now = servicePid(world, 'control-plane-0', service);
				return now !== undefined && now !== old;
			},
			limitMs,
		);
	}
	await until('the API server', () => answers(() => world.kubectl('get --raw /readyz')), limitMs);
	// A ticket needs all three.
	const {nodes} = await world.expect(t, 0, 'scale --workers 2 --yes');
	t.is((nodes as unknown[]).length, 3);
});

const answers = (ask: () => unknown): boolean => {
	try {
		ask();
		return true;
	} catch {
		return false; // Not yet.
	}
};

e2e('a killed worker is shown as lost, and apply brings it back', async t => {
	const watch = world.start(['watch', '--json']);
	await during(watch, 'worker-1 in the view', () =>
		watch.lines.some(({type, node, state}) => type === 'lane' && node === 'worker-1' && state === 'ready'),
	);
	process.kill(nodePid(world, 'worker-1') ?? 0, 'SIGKILL');
	await during(watch, 'the loss', () => watch.lines.some(({type, node}) => type === 'lane-lost' && node === 'worker-1'));
	watch.child.kill('SIGINT');
	t.is((await watch.finished).code, 130);
	const lost = await world.expect(t, 0, 'status');
	t.is(lost['state'], 'degraded');
	t.like(
		(lost['machines'] as {name: string; state: string}[]).find(({name}) => name === 'worker-1'),
		{state: 'stopped'},
	);
	t.is(processesIn(join(world.cluster(), 'machines', 'worker-1')).length, 0);
	await world.expect(t, 0, 'apply --yes');
	await expectSize(3);
});

e2e('terminate, killed in the middle too, leaves nothing', async t => {
	const run = world.start(['terminate', '--yes', '--json']);
	await during(run, 'destroy intent', () => world.journal().includes('destroy intent'));
	run.child.kill('SIGKILL');
	t.is((await run.finished).signal, 'SIGKILL');
	const {removed} = await world.expect(t, 0, 'terminate --yes');
	t.true((removed as string[]).length > 0);
	await expectNothingLeft(t, world);
	const again = await world.expect(t, 2, 'terminate --yes');
	t.is(again['code'], 'no-cluster');
});
