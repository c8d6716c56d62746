import {cpSync, existsSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {version} from '../../src/version.ts';
import {e2e, expectNothingLeft, type Line, newWorld} from '../helpers/e2e.ts';
import {until} from '../helpers/local-cluster.ts';
import {isOverloaded, rigLine, startRig} from '../helpers/rig.ts';
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
} from '../helpers/rolls.ts';

const world = newWorld();
const own = `v${version}`;
const size = {controlPlanes: 1, workers: 2};
const small = {controlPlanes: 1, workers: 1};

test.after.always(() => world.close());

e2e('what must not begin: each is refused with its reason, and nothing changes', async t => {
	await world.expect(t, 0, 'config generate local --name roll');
	await world.expect(t, 0, 'apply --yes');
	const args = (await upgradeTo(t, world, 'v0.2.0')).join(' ').replace(' --json', '');
	const state = () => [
		world.kubectl('get configmap join-config -n kube-system -o jsonpath={.metadata.resourceVersion}'),
		world.kubectl('get nodeversion constellation-version -o jsonpath={.spec}'),
	];
	const before = state();

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
	const bytesOf = (name: string) => readFileSync(imageFile(world, 'v0.2.0', name));
	const flipped = (name: string) => Buffer.from(bytesOf(name).map((byte, index) => (index === 20 ? byte ^ 1 : byte)));
	const ownFile = (name: string) => readFileSync(imageFile(world, own, name));
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
		for (const [name, content] of Object.entries(files)) replaceFile(imageFile(world, 'v0.2.0', name), content);
		const refused = await world.run(`${args} --json`);
		for (const [index, name] of names.entries()) replaceFile(imageFile(world, 'v0.2.0', name), originals[index] ?? '');
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
	t.deepEqual(state(), before);
	t.deepEqual(acceptedImages(world), [own]);
});

e2e('a whole roll under load: no request fails; who comes beside it is told who is at work', async t => {
	const args = await upgradeTo(t, world, 'v0.2.0');
	const other = join(world.home, 'o');
	cpSync(world.workspace, other, {recursive: true});
	rmSync(join(other, '.constellation', 'lock.json'), {force: true});
	// The whole load is for `npm run soak`: other tests run beside this one.
	const rig = await startRig(world, 0.4);
	t.teardown(() => rig.close());
	const run = world.start(args);
	t.truthy(await lineOf(run, 'a control plane to be made', line => moments['a control plane is made']?.(line) === true));
	for (const command of ['upgrade apply --yes', 'apply --yes']) {
		const beside = await world.expect(t, 3, command);
		t.is(beside['code'], 'workspace-busy', command);
		t.is((beside['holder'] as {pid: number}).pid, run.pid, command);
	}
	for (const command of ['upgrade apply --image v0.2.0 --yes', 'apply --yes', 'scale --workers 3 --yes', 'terminate --yes']) {
		const {code, result} = await world.run(`${command} --json`, {cwd: other});
		t.is(code, 3, `${command}: ${JSON.stringify(result)}`);
		t.regex(String(result['code']), /^upgrade-(?:busy|active|elsewhere)$/, command);
		t.truthy((result['holder'] as {identity?: string} | undefined)?.identity, `${command}: ${JSON.stringify(result)}`);
	}
	const finished = await run.finished;
	const report = await rig.stop();
	t.is(finished.code, 0, JSON.stringify(finished.result));
	t.log(rigLine(report));
	t.deepEqual([report.watch.lost, report.watch.doubled], [0, 0]);
	if (isOverloaded(report)) t.log(`NOT JUDGED: ${report.late} answers were late, the computer has too much else to do`);
	else t.is(report.failed, 0, report.failures.slice(0, 20).join('\n'));
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
	await world.expect(t, 0, 'scale --workers 1 --yes');
	const args = await upgradeTo(t, world, 'v0.2.1');
	const again = ['upgrade', 'continue', '--json'];
	const when = [
		'both policies are to be accepted',
		'a control plane is made',
		'a control plane leaves',
		'a worker is made',
		'a worker leaves',
	];
	let run = world.start(args);
	for (const [index, actor] of actors.entries()) {
		const moment = when[index] ?? '';
		const seen = await lineOf(run, moment, line => moments[moment]?.(line) === true);
		t.truthy(seen, `${actor}: the run ended before ${moment}`);
		t.true(await killActor(world, actor, run), `${actor} when ${moment}`);
		if (actor === 'the tool') {
			await run.finished;
			run = world.start(again);
		}
	}
	const {code, result} = await finishUpgrade(world, again, run);
	t.is(code, 0, JSON.stringify(result));
	await expectUpgraded(t, world, 'v0.2.1', small);
});

e2e(
	'an image that is changed after the consent shows in its evidence; no old node is lost for it, and abort leaves no trace',
	async t => {
		const base = runningImage(world);
		const names = async () => (await groupsOf(world).machines()).map(({name}) => name);
		const before = await names();
		const run = world.start(await upgradeTo(t, world, 'v0.2.2'));
		const original = readFileSync(imageFile(world, 'v0.2.2', 'node.mjs'));
		t.truthy(await lineOf(run, 'the policies', ({type, id, state}) => type === 'phase' && id === 'policies' && state === 'done'));
		replaceFile(imageFile(world, 'v0.2.2', 'node.mjs'), Buffer.concat([original, Buffer.from('\n')]));
		const finished = await run.finished;
		replaceFile(imageFile(world, 'v0.2.2', 'node.mjs'), original);
		t.is(finished.code, 5, JSON.stringify(finished.result));
		t.is(finished.result['code'], 'upgrade-stopped');
		t.regex(JSON.stringify(finished.result['next']), /control-plane-\d+ was not taken away/);
		t.deepEqual(acceptedImages(world), ['v0.2.2', base]);
		await until('the refused machine to be gone', async () => (await names()).length === before.length, 60_000);
		t.is((await world.expect(t, 0, 'upgrade abort --yes'))['state'], 'aborted');
		t.deepEqual(await names(), before);
		t.deepEqual(acceptedImages(world), [base]);
	},
);

e2e('pause, stay mixed, and back again in the middle of it', async t => {
	const base = runningImage(world);
	const run = world.start(await upgradeTo(t, world, 'v0.2.2'));
	t.truthy(await lineOf(run, 'a control plane to be made', line => moments['a control plane is made']?.(line) === true));
	await world.expect(t, 0, 'upgrade pause');
	const paused = await run.finished;
	t.deepEqual([paused.code, paused.result['state']], [130, 'paused']);
	const images = (await groupsOf(world).machines()).map(({role, image}) => `${role} ${image}`).sort();
	t.deepEqual(images, ['control-plane v0.2.2', `worker ${base}`]);

	t.is((await world.expect(t, 2, 'upgrade abort --yes'))['code'], 'usage');
	for (const command of ['scale --workers 3 --yes', 'apply --yes'])
		t.is((await world.expect(t, 3, command))['code'], 'upgrade-active', command);
	t.is((await world.run('upgrade abort --stay-mixed --yes --json')).result['state'], 'mixed');
	t.deepEqual(acceptedImages(world), ['v0.2.2', base]);
	t.is((await world.expect(t, 0, 'upgrade abort --roll-back --yes'))['state'], 'done');
	await expectUpgraded(t, world, base, small);
});

e2e('after all of that terminate finds everything', async t => {
	await world.expect(t, 0, 'terminate --yes');
	for (const name of readdirSync(world.workspace).filter(each => /^constellation-(?:receipts|upgrade)/.test(each)))
		rmSync(world.file(name), {recursive: true});
	await expectNothingLeft(t, world);
});
