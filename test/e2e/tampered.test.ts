import {chmodSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {sha256} from '../../src/attestation/variants/local/measured-boot.ts';
import {version} from '../../src/version.ts';
import {e2e, expectNothingLeft, type Line, newWorld} from '../helpers/e2e.ts';
import {until} from '../helpers/local-cluster.ts';

const world = newWorld();

test.after.always(() => world.close());

const imageVersion = `v${version}`;
const bundle = () => join(world.dataHome, 'images', imageVersion, 'node.mjs');

/** Makes the line break at the end of the bundle a blank: the program does the same, and is another one. Gives the old content. */
const changeOneByte = (): Buffer => {
	const original = readFileSync(bundle());
	if (original.at(-1) !== 0x0a) throw new Error('the bundle does not end with a line break');
	const changed = Buffer.from(original);
	changed[changed.length - 1] = 0x20;
	write(changed);
	return original;
};

const write = (content: Buffer) => {
	chmodSync(bundle(), 0o600);
	writeFileSync(bundle(), content);
	chmodSync(bundle(), 0o400);
};

const readyNodes = () =>
	world
		.kubectl('get nodes --no-headers')
		.split('\n')
		.filter(line => / Ready /.test(line))
		.map(line => line.split(' ')[0]);

e2e('one changed byte in the node program: checks find it, and a node that ran it anyway is refused by name', async t => {
	await world.expect(t, 0, 'config generate local --name tampered --workers 1');
	await world.expect(t, 0, 'apply --yes');
	const before = world.kubectl('get nodes -o jsonpath={.items[*].metadata.uid}');

	// The tool itself starts nothing from a changed image.
	const original = changeOneByte();
	t.is((await world.expect(t, 5, 'image check'))['code'], 'image-changed');
	t.is((await world.expect(t, 5, 'scale --workers 2 --yes'))['code'], 'image-changed');
	t.deepEqual(readyNodes(), ['control-plane-0', 'worker-0']);

	// Changed between that check and the boot, it runs, and shows so in its evidence.
	write(original);
	const planned = world.journal().length;
	const run = world.start(['scale', '--workers', '2', '--yes', '--json']);
	await until('the scale to begin', () => world.journal().slice(planned).includes('scale intent'), 60_000);
	changeOneByte();
	const {code, lines, result} = await run.finished;
	t.is(code, 5, JSON.stringify(result));
	t.is(result['code'], 'nodes-refused');
	const [refused] = result['refused'] as {name: string; refusal: Line}[];
	t.is(refused?.name, 'worker-1');
	t.is(refused?.refusal['register'], 9);
	t.is(refused?.refusal['actual'], registerOf(readFileSync(bundle())));
	t.is(refused?.refusal['expected'], registerOf(original));
	const views = lines.filter(({type}) => type === 'lane-refused');
	t.true(views.length > 0);
	t.deepEqual([...new Set(views.map(({node}) => node))], ['worker-1']);
	t.false(
		lines.some(
			({type, node, state}) =>
				type === 'lane' && node === 'worker-1' && ['attested', 'ticket', 'kubelet', 'ready'].includes(String(state)),
		),
	);

	// Nobody else noticed, and the refusal is seen by whoever looks later.
	t.deepEqual(readyNodes(), ['control-plane-0', 'worker-0']);
	t.is(world.kubectl('get nodes -o jsonpath={.items[*].metadata.uid}'), before);
	await world.expect(t, 0, 'verify');
	const watch = await world.expect(t, 5, 'watch --until-ready');
	t.is((watch['refused'] as {name: string}[])[0]?.name, 'worker-1');

	// Repaired, the same machine joins after it was switched off and on.
	write(original);
	await world.expect(t, 0, 'image check');
	await world.expect(t, 0, 'stop --yes');
	const started = await world.expect(t, 0, 'start');
	t.is((started['nodes'] as unknown[]).length, 3);
	t.deepEqual(readyNodes(), ['control-plane-0', 'worker-0', 'worker-1']);

	await world.expect(t, 0, 'terminate --yes');
	await expectNothingLeft(t, world);
});

/** Register 9 in hex after the bundle was measured into it. */
const registerOf = (content: Uint8Array): string =>
	Buffer.from(sha256(Buffer.concat([new Uint8Array(32), sha256(content)]))).toString('hex');
