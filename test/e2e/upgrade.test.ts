import {chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {makeImage} from '../../src/releases/make-image.ts';
import {version} from '../../src/version.ts';
import {e2e, expectNothingLeft, type Line, newWorld} from '../helpers/e2e.ts';
import {until} from '../helpers/local-cluster.ts';
import {isOverloaded, rigLine, startRig} from '../helpers/rig.ts';
import {
	acceptedImages,
	expectUpgraded,
	finishUpgrade,
	groupsOf,
	killActor,
	lineOf,
	moments,
	runningImage,
	upgradeTo,
} from '../helpers/rolls.ts';

const world = newWorld();
const own = `v${version}`;
const size = {controlPlanes: 1, workers: 2};

test.after.always(() => world.close());

const imageFile = (image: string, name: string) => join(world.dataHome, 'images', image, name);
const put = (path: string, content: string | Uint8Array) => {
	const mode = 0o400;
	chmodSync(path, 0o600);
	writeFileSync(path, content);
	chmodSync(path, mode);
};

e2e('what must not begin: each is refused with its reason, and nothing changes', async t => {
	await world.expect(t, 0, 'config generate local --name roll');
	await world.expect(t, 0, 'apply --yes');
	const args = (await upgradeTo(t, world, 'v0.2.0')).join(' ').replace(' --json', '');
	const objects = () =>
		['nodes', 'configmap/join-config -n kube-system', 'nodeversion'].map(what =>
			world.kubectl(`get ${what} -o jsonpath={..resourceVersion}`).replace(/\S+ \S+ \S+/, ''),
		);
	const before = objects();

	t.is((await world.expect(t, 5, 'upgrade apply --image v0.2.0 --yes'))['code'], 'measurements-not-accepted');
	t.is(
		(await world.expect(t, 5, `upgrade apply --image v0.2.0 --accept-measurements sha256:${'0'.repeat(64)} --yes`))['code'],
		'measurements-not-accepted',
	);
	t.is((await world.expect(t, 3, 'upgrade apply --image v0.0.9 --yes'))['code'], 'upgrade-impossible');
	t.is((await world.expect(t, 3, 'upgrade apply --kubernetes v1.31.13 --yes'))['code'], 'upgrade-impossible');
	for (const command of ['pause', 'continue', 'abort --yes'])
		t.is((await world.expect(t, 3, `upgrade ${command}`))['code'], 'no-upgrade', command);

	// One byte of the program, of what is signed, of the signature; and all of another image.
	const bytesOf = (name: string) => readFileSync(imageFile('v0.2.0', name));
	const flipped = (name: string) => Buffer.from(bytesOf(name).map((byte, index) => (index === 20 ? byte ^ 1 : byte)));
	const ownFile = (name: string) => readFileSync(imageFile(own, name));
	const forgeries: readonly [string, Record<string, Uint8Array>][] = [
		['image-changed', {'node.mjs': flipped('node.mjs')}],
		['image-unsigned', {'measurements.json': flipped('measurements.json')}],
		['image-unsigned', {'measurements.json.sig': flipped('measurements.json.sig')}],
		['image-unsigned', {'measurements.json': ownFile('measurements.json')}],
		[
			'image-unsigned',
			{'measurements.json': ownFile('measurements.json'), 'measurements.json.sig': ownFile('measurements.json.sig')},
		],
	];
	for (const [code, files] of forgeries) {
		const names = Object.keys(files);
		const originals = names.map(name => bytesOf(name));
		for (const [name, content] of Object.entries(files)) put(imageFile('v0.2.0', name), content);
		const refused = await world.run(`${args} --json`);
		for (const [index, name] of names.entries()) put(imageFile('v0.2.0', name), originals[index] ?? '');
		t.deepEqual([refused.code, refused.result['code']], [5, code], names.join(' and '));
	}

	world.kubectl('create deployment db --image=example.org/db --replicas=1');
	world.kubectl('create poddisruptionbudget db --selector=app=db --min-available=1');
	await until(
		'the budget to allow nothing',
		() => world.kubectl('get pdb db -o jsonpath={.status.expectedPods}') === '1',
		30_000,
	);
	const blocked = await world.expect(t, 3, args);
	t.is(blocked['code'], 'upgrade-blocked');
	t.regex(JSON.stringify(blocked['problems']), /default\/db/);
	world.kubectl('delete poddisruptionbudget db');
	world.kubectl('scale deployment db --replicas=2');
	t.deepEqual(objects().at(1), before.at(1));
	t.deepEqual(acceptedImages(world), [own]);
});

e2e('a whole roll under load: no request fails; who comes beside it is told who is at work', async t => {
	const args = await upgradeTo(t, world, 'v0.2.0');
	const other = join(world.home, 'o');
	cpSync(world.workspace, other, {recursive: true});
	rmSync(join(other, '.constellation', 'lock.json'), {force: true});
	const rig = await startRig(world);
	t.teardown(() => rig.close());
	const run = world.start(args);
	t.truthy(await lineOf(run, 'a control plane to be made', line => moments['a control plane is made']?.(line) === true));
	for (const command of ['upgrade apply --yes', 'scale --workers 3 --yes', 'terminate --yes']) {
		const beside = await world.expect(t, 3, command);
		t.is(beside['code'], 'workspace-busy', command);
		t.is((beside['holder'] as {pid: number}).pid, run.pid, command);
	}
	for (const command of ['upgrade apply --image v0.2.0 --yes', 'scale --workers 3 --yes', 'terminate --yes']) {
		const {code, result} = await world.run(`${command} --json`, {cwd: other});
		t.is(code, 3, `${command}: ${JSON.stringify(result)}`);
		t.regex(String(result['code']), /^upgrade-(?:busy|active|elsewhere)$/, command);
		t.truthy((result['holder'] as {identity?: string} | undefined)?.identity, `${command}: ${JSON.stringify(result)}`);
	}
	const finished = await run.finished;
	const report = await rig.stop();
	t.is(finished.code, 0, JSON.stringify(finished.result));
	t.log(rigLine(report));
	const overloaded = report.late > 0 && isOverloaded();
	if (overloaded) t.log(`NOT JUDGED: ${report.late} answers were late, the computer has too much else to do`);
	t.is(report.failed - (overloaded ? report.late : 0), 0, report.failures.slice(0, 20).join('\n'));
	await expectUpgraded(t, world, 'v0.2.0', size);
	const receipt = readdirSync(world.file('constellation-receipts')).find(name => name.endsWith('-upgrade.cbor'));
	await world.expect(t, 0, `receipt verify constellation-receipts/${String(receipt)}`);
	const folder = join(world.file('constellation-upgrade'), String(finished.result['id']));
	for (const name of ['plan.json', 'backup.json']) t.true(existsSync(join(folder, name)), name);
	const nothing = await world.run(`upgrade apply --image v0.2.0 --yes --json`);
	t.is(nothing.code, 0, nothing.stdout);
	t.is(nothing.result['upToDate'], true);
});

e2e('a machine of the image before gets no ticket any more', async t => {
	const groups = groupsOf(world);
	const [group] = (await groups.list()).filter(({role}) => role === 'worker');
	await groups.setImage(group?.name ?? '', own);
	const old = await groups.createNode(group?.name ?? '', 'old');
	const watch = world.start(['watch', '--json']);
	const refused = await lineOf(watch, 'its refusal', ({type, node}) => type === 'lane-refused' && node === old);
	t.is((refused?.['refusal'] as Line | undefined)?.['register'], 9, JSON.stringify(refused));
	watch.child.kill('SIGINT');
	await watch.finished;
	await groups.deleteNode(old);
	await groups.setImage(group?.name ?? '', 'v0.2.0');
});

e2e('whoever carries the roll is killed, one after the other: the same end', async t => {
	const args = await upgradeTo(t, world, 'v0.2.1');
	const when = [
		'both policies are to be accepted',
		'a control plane is made',
		'a control plane leaves',
		'a worker is made',
		'a worker leaves',
	];
	let run = world.start(args);
	for (const [index, actor] of (
		['the tool', 'the JoinServices', 'the operators', 'the API servers', 'the machine service'] as const
	).entries()) {
		const moment = when[index] ?? '';
		const seen = await lineOf(run, moment, line => moments[moment]?.(line) === true);
		t.truthy(seen, `${actor}: the run ended before ${moment}`);
		t.true(await killActor(world, actor, run), `${actor} when ${moment}`);
		if (actor === 'the tool') {
			await run.finished;
			run = world.start(args);
		}
	}
	const {code, result} = await finishUpgrade(world, args, run);
	t.is(code, 0, JSON.stringify(result));
	await expectUpgraded(t, world, 'v0.2.1', size);
});

const failing: readonly {what: string; image: string; program: string; code: 4 | 5 | 6}[] = [
	{what: 'ends at once', image: 'v0.2.2', program: 'process.exit(3);\n', code: 4},
	{what: 'never joins', image: 'v0.2.3', program: 'setInterval(() => {}, 1000);\n', code: 6},
];

e2e('a replacement that does not become one costs no old node, and abort leaves no trace', async t => {
	const base = runningImage(world);
	const names = async () => (await groupsOf(world).machines()).map(({name}) => name);
	const before = await names();
	const bundle = join(world.home, 'broken.mjs');
	world.kubectl('annotate nodeversion constellation-version constellation.edgeless.systems/upgrade-join-seconds=8');
	for (const {what, image, program, code} of failing) {
		writeFileSync(bundle, program);
		const [launcher, runtime] = [imageFile(base, 'machine.mjs'), imageFile(base, 'node')];
		await makeImage({version: image, dataHome: world.dataHome, from: {bundle, launcher, runtime}});
		// A tool knows images of its own program; what it says of that is signed by nobody, what the nodes have to show is.
		const [made, known] = [image, base].map(each => JSON.parse(readFileSync(imageFile(each, 'manifest.json'), 'utf8')) as Line);
		put(imageFile(image, 'manifest.json'), JSON.stringify({...made, source: known?.['source']}));
		const finished = await world.start(await upgradeTo(t, world, image)).finished;
		t.is(finished.code, code, `${what}: ${JSON.stringify(finished.result)}`);
		t.is(finished.result['code'], 'upgrade-stopped', what);
		t.regex(JSON.stringify(finished.result['next']), /control-plane-\d+ was not taken away/, what);
		t.deepEqual(acceptedImages(world), [image, base], what);
		await until('the broken machine to be gone', async () => (await names()).length === before.length, 60_000);
		t.is((await world.expect(t, 0, 'upgrade abort --yes'))['state'], 'aborted', what);
		t.deepEqual(await names(), before, what);
	}
	// Changed between the consent and the boot, it shows in its evidence.
	const args = await upgradeTo(t, world, 'v0.2.4');
	const run = world.start(args);
	const original = readFileSync(imageFile('v0.2.4', 'node.mjs'));
	t.truthy(await lineOf(run, 'the policies', ({type, id, state}) => type === 'phase' && id === 'policies' && state === 'done'));
	put(imageFile('v0.2.4', 'node.mjs'), Buffer.concat([original, Buffer.from('\n')]));
	const finished = await run.finished;
	t.is(finished.code, 5, JSON.stringify(finished.result));
	put(imageFile('v0.2.4', 'node.mjs'), original);
	t.is((await world.expect(t, 0, 'upgrade abort --yes'))['state'], 'aborted');
	world.kubectl('annotate nodeversion constellation-version constellation.edgeless.systems/upgrade-join-seconds-');
	await expectUpgraded(t, world, base, size);
});

e2e('pause, continue, stay mixed, and back again in the middle of it', async t => {
	const base = runningImage(world);
	const args = await upgradeTo(t, world, 'v0.2.5');
	const run = world.start(args);
	t.truthy(await lineOf(run, 'a control plane to be made', line => moments['a control plane is made']?.(line) === true));
	await world.expect(t, 0, 'upgrade pause');
	const paused = await run.finished;
	t.deepEqual([paused.code, paused.result['state']], [130, 'paused']);
	const images = async () => (await groupsOf(world).machines()).map(({role, image}) => `${role} ${image}`).sort();
	t.deepEqual(await images(), ['control-plane v0.2.5', `worker ${base}`, `worker ${base}`]);

	t.is((await world.expect(t, 2, 'upgrade abort --yes'))['code'], 'usage');
	t.is((await world.expect(t, 3, 'scale --workers 3 --yes'))['code'], 'upgrade-active');
	t.is((await world.run('upgrade abort --stay-mixed --yes --json')).result['state'], 'mixed');
	t.deepEqual(acceptedImages(world), ['v0.2.5', base]);

	const going = world.start(['upgrade', 'continue', '--json']);
	t.truthy(await lineOf(going, 'a worker to be made', line => moments['a worker is made']?.(line) === true));
	await world.expect(t, 0, 'upgrade pause');
	t.is((await going.finished).code, 130);
	t.deepEqual(await images(), ['control-plane v0.2.5', `worker ${base}`, 'worker v0.2.5']);

	t.is((await world.expect(t, 0, 'upgrade abort --roll-back --yes'))['state'], 'done');
	await expectUpgraded(t, world, base, size);
});

e2e('after all of that terminate finds everything', async t => {
	await world.expect(t, 0, 'terminate --yes');
	for (const name of readdirSync(world.workspace).filter(each => /^constellation-(?:receipts|upgrade)/.test(each)))
		rmSync(world.file(name), {recursive: true});
	await expectNothingLeft(t, world);
});
