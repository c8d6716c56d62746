import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {makeImage} from '../../../src/releases/make-image.ts';
import {until} from '../local-cluster.ts';
import {isOverloaded, rigLine, startRig} from '../rig.ts';
import {
	acceptedImages,
	actors,
	expectUpgraded,
	finishUpgrade,
	groupsOf,
	imageFile,
	killActor,
	lineOf,
	moments,
	replaceFile,
	runningImage,
	upgradeTo,
} from '../rolls.ts';
import {strict as t} from '../strict.ts';
import type {Line} from '../world.ts';
import {type SoakCase, sizeOf} from './case.ts';
import {addMachine, expectIn, restart} from './nodes.ts';

/** The load of clients during a whole roll: nothing fails. */
const load = (size: string): SoakCase => ({
	name: `load ${size}`,
	size,
	run: async (world, image) => {
		const args = await upgradeTo(t, world, image);
		const rig = await startRig(world);
		const {code, result} = await world.start(args).finished;
		const report = await rig.stop();
		t.is(code, 0, JSON.stringify(result));
		const busy = isOverloaded(report) ? 'this computer had too much else to do for a verdict; ' : '';
		t.is(report.failed, 0, `${busy}${rigLine(report)}\n${report.failures.slice(0, 20).join('\n')}`);
		await expectUpgraded(t, world, image, sizeOf(size));
		return rigLine(report);
	},
});

const kill = (actor: (typeof actors)[number], moment: string): SoakCase => ({
	name: `kill ${actor} when ${moment}`,
	size: '1+1',
	run: async (world, image) => {
		const args = await upgradeTo(t, world, image);
		const run = world.start(args);
		const seen = await lineOf(run, moment, line => moments[moment]?.(line) === true);
		const killed = seen !== undefined && (await killActor(world, actor, run));
		const {code, result} = await finishUpgrade(world, args, run);
		t.is(code, 0, JSON.stringify(result));
		await expectUpgraded(t, world, image, sizeOf('1+1'));
		t.true(killed, seen === undefined ? `the roll ended before ${moment}` : `nothing was left to kill when ${moment}`);
		return '';
	},
});

/** At one moment every machine, old and new, is switched off and on again, one after the other, and one more is made. */
const restartAll = (moment: string): SoakCase => ({
	name: `restart and grow when ${moment}`,
	size: '2+1',
	run: async (world, image, serial) => {
		const args = await upgradeTo(t, world, image);
		const run = world.start(args);
		t.true((await lineOf(run, moment, line => moments[moment]?.(line) === true)) !== undefined, `the run ended before ${moment}`);
		const more = addMachine(world, 'worker', `soak-${serial}`);
		const said: string[] = [];
		for (const {name, image: own} of await groupsOf(world).machines()) {
			const arrival = await restart(world, name);
			expectIn(`${name} of ${own}, restarted`, arrival);
			said.push(`${name} ${arrival === undefined ? 'left' : 'came back'}`);
		}
		const {name, arrival} = await more;
		expectIn(`${name}, made`, arrival);
		const {code, result} = await finishUpgrade(world, args, run);
		t.is(code, 0, JSON.stringify(result));
		// Terraform's records follow what was made beside them.
		await world.expect(t, 0, 'scale --workers 2 --yes');
		await expectUpgraded(t, world, image, sizeOf('2+2'));
		await world.expect(t, 0, 'scale --workers 1 --yes');
		return said.join(', ');
	},
});

/** A replacement whose program is another one: the old node stays, and abort leaves no trace. */
const broken = (what: string, program: string, exitCode: number): SoakCase => ({
	name: `a replacement ${what}`,
	size: '1+1',
	run: async (world, image) => {
		const base = runningImage(world);
		const names = async () => (await groupsOf(world).machines()).map(({name}) => name);
		const before = await names();
		const bundle = join(world.home, 'broken.mjs');
		writeFileSync(bundle, program);
		const [launcher, runtime] = [imageFile(world, base, 'machine.mjs'), imageFile(world, base, 'node')];
		await makeImage({version: image, dataHome: world.dataHome, from: {bundle, launcher, runtime}});
		// A tool knows images of its own program; what it says of that is signed by nobody, what the nodes have to show is.
		const manifest = (of: string) => JSON.parse(readFileSync(imageFile(world, of, 'manifest.json'), 'utf8')) as Line;
		replaceFile(imageFile(world, image, 'manifest.json'), JSON.stringify({...manifest(image), source: manifest(base)['source']}));
		world.kubectl(
			'annotate --overwrite nodeversion constellation-version constellation.edgeless.systems/upgrade-join-seconds=30',
		);
		const finished = await world.start(await upgradeTo(t, world, image)).finished;
		t.is(finished.code, exitCode, JSON.stringify(finished.result));
		t.is(finished.result['code'], 'upgrade-stopped');
		t.deepEqual(acceptedImages(world), [image, base]);
		await until('the broken machine to be gone', async () => (await names()).length === before.length, 60_000);
		t.is((await world.expect(t, 0, 'upgrade abort --yes'))['state'], 'aborted');
		t.deepEqual(await names(), before);
		world.kubectl('annotate nodeversion constellation-version constellation.edgeless.systems/upgrade-join-seconds-');
		await expectUpgraded(t, world, base, sizeOf('1+1'));
		return '';
	},
});

const pauses: SoakCase = {
	name: 'pause twice, stay mixed between, and go back',
	size: '1+2',
	run: async (world, image) => {
		const base = runningImage(world);
		const images = async () => (await groupsOf(world).machines()).map(({role, image: own}) => `${role} ${own}`).sort();
		const first = world.start(await upgradeTo(t, world, image));
		await lineOf(first, 'a control plane to be made', line => moments['a control plane is made']?.(line) === true);
		await world.expect(t, 0, 'upgrade pause');
		t.is((await first.finished).code, 130);
		t.deepEqual(await images(), [`control-plane ${image}`, `worker ${base}`, `worker ${base}`]);
		t.is((await world.run('upgrade abort --stay-mixed --yes --json')).result['state'], 'mixed');
		const second = world.start(['upgrade', 'continue', '--json']);
		await lineOf(second, 'a worker to be made', line => moments['a worker is made']?.(line) === true);
		await world.expect(t, 0, 'upgrade pause');
		t.is((await second.finished).code, 130);
		t.deepEqual(await images(), [`control-plane ${image}`, ...[`worker ${base}`, `worker ${image}`].sort()]);
		t.is((await world.expect(t, 0, 'upgrade abort --roll-back --yes'))['state'], 'done');
		await expectUpgraded(t, world, base, sizeOf('1+2'));
		return '';
	},
};

/** Whoever holds the way to the cluster is held for longer than a request may take; then all goes on. */
const cut: SoakCase = {
	name: 'the network is cut for 15 s when a control plane leaves',
	size: '1+1',
	run: async (world, image) => {
		const args = await upgradeTo(t, world, image);
		const run = world.start(args);
		const moment = 'a control plane leaves';
		t.true((await lineOf(run, moment, line => moments[moment]?.(line) === true)) !== undefined);
		const {pid} = JSON.parse(readFileSync(join(world.cluster(), 'service.json'), 'utf8')) as {pid: number};
		process.kill(pid, 'SIGSTOP');
		await new Promise(resolve => setTimeout(resolve, 15_000));
		process.kill(pid, 'SIGCONT');
		const {code, result} = await finishUpgrade(world, args, run);
		t.is(code, 0, JSON.stringify(result));
		await expectUpgraded(t, world, image, sizeOf('1+1'));
		return '';
	},
};

const boundaries = Object.keys(moments);
const whileRolling = boundaries.filter(moment => /^(?:a |both |the old)/.test(moment));

export const rollCases: readonly SoakCase[] = [
	load('1+2'),
	load('3+2'),
	broken('ends at once', 'process.exit(3);\n', 4),
	broken('never joins', 'setInterval(() => {}, 1000);\n', 6),
	pauses,
	cut,
	...actors.flatMap(actor => boundaries.map(moment => kill(actor, moment))),
	...whileRolling.map(moment => restartAll(moment)),
];
