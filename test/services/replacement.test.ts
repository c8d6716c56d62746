import test, {type ExecutionContext} from 'ava';
import {readMachineRecords} from '../../src/kubernetes/machine-records.ts';
import {resources} from '../../src/kubernetes/resources.ts';
import {annotations} from '../../src/services/join/annotations.ts';
import {controlPlanes, Killed, pods, type RollWorld, rollWorld, systemEvents, workers} from '../helpers/roll-world.ts';

const prefix = 'constellation.edgeless.systems';

const running = ({machines}: RollWorld, role: string, image?: string) =>
	[...machines.values()].filter(
		each => each.role === role && each.state === 'running' && (image === undefined || each.image === image),
	);

/** Goes on until the condition holds; every tick one second, one look of the operator in between. */
const until = async (world: RollWorld, what: string, holds: () => boolean, ticks = 400) => {
	for (let count = 0; count < ticks; count++) {
		if (holds()) return count;
		await world.round();
		await world.tick();
	}
	throw new Error(`waited in vain for ${what}; waiting: ${world.version().waiting.join('; ')}`);
};

const isDone = (world: RollWorld, image: string) => () =>
	world.nodes().every(({metadata}) => metadata.annotations?.[`${prefix}/node-image`] === image) &&
	world.accepted().join() === image &&
	world.version().retire === undefined &&
	world.version().status.conditions[0]?.status === 'False';

/** What must hold after every write of an operator, whenever it was killed. */
const invariants = (world: RollWorld, sizes: {controlPlanes: number; workers: number}) => {
	const must = (holds: boolean, what: string) => {
		if (!holds) throw new Error(what);
	};
	return (what: string) => {
		const alive = [...world.machines.values()].filter(({state}) => state !== 'terminating');
		must(alive.length <= sizes.controlPlanes + sizes.workers + 1, `${what}: ${alive.length} machines`);
		for (const [role, size] of [
			['control-plane', sizes.controlPlanes],
			['worker', sizes.workers],
		] as const) {
			// A Node that was deleted while its machine lives registers again.
			const ready = running(world, role).filter(({name}) => world.isReady(name) || world.nodeOf(name) === undefined);
			must(ready.length >= size, `${what}: ${ready.length} of ${size} machines with role ${role}`);
		}
		const gone = world.machines.get(/^remove (.*)$/.exec(what)?.[1] ?? '');
		must(gone?.role !== 'control-plane' || gone.draining === true, `${what}: it is still in the load balancer`);
	};
};

const start = async (sizes: {controlPlanes: number; workers: number}) => {
	const world = rollWorld(sizes);
	await world.begin();
	await until(world, 'a quiet start', () => world.version().status.conditions[0]?.status === 'False');
	return world;
};

const expectRolled = async (
	t: ExecutionContext,
	world: RollWorld,
	sizes: {controlPlanes: number; workers: number},
	image: string,
) => {
	t.is(running(world, 'control-plane', image).length, sizes.controlPlanes);
	t.is(running(world, 'worker', image).length, sizes.workers);
	t.is(world.machines.size, sizes.controlPlanes + sizes.workers);
	t.is(world.nodes().length, world.machines.size);
	for (const resource of [resources.pendingNodes, resources.nodeMaintenances]) t.deepEqual(world.kube.all(resource), []);
	for (const {metadata, spec} of world.nodes()) {
		const left = Object.keys(metadata.annotations ?? {}).filter(key => /\/(heir|donor|obsolete)$/.test(key));
		t.deepEqual([left, (spec as {unschedulable?: boolean} | undefined)?.unschedulable ?? false], [[], false]);
		t.is(metadata.annotations?.[`${prefix}/attested-image`], image);
	}
	const records = [...(await readMachineRecords(world.kube)).values()];
	// Whose machine is gone gets no ticket any more.
	t.deepEqual(
		records
			.filter(({retired}) => retired !== true)
			.map(({name}) => name)
			.toSorted(),
		[...world.machines.keys()].toSorted(),
	);
	t.deepEqual(
		[...world.groups.values()].map(group => group.image),
		[image, image],
	);
	t.deepEqual(world.version().waiting, []);
	const [strategy] = world.kube.all(resources.autoscalingStrategies);
	t.like(strategy, {spec: {enabled: true}, status: {enabled: true}});
};

for (const sizes of [
	{controlPlanes: 1, workers: 2},
	{controlPlanes: 3, workers: 2},
	{controlPlanes: 2, workers: 0},
]) {
	test(`a roll of ${sizes.controlPlanes}+${sizes.workers}: control planes first, one at a time, then workers, then the old policy`, async t => {
		const world = await start(sizes);
		const order: string[] = [];
		const holds = invariants(world, sizes);
		world.onWrite(
			() => undefined,
			what => {
				holds(what);
				if (/^(remove|image|machine of|draining|update configmaps join-config)/.test(what)) order.push(what);
			},
		);
		await world.want('v1.1.0');
		await until(world, 'the roll', isDone(world, 'v1.1.0'));
		await until(world, 'the autoscaler', () =>
			JSON.stringify(world.kube.all(resources.autoscalingStrategies)).includes('"enabled":true'),
		);
		await world.round();
		await world.round();
		await expectRolled(t, world, sizes, 'v1.1.0');
		t.is(order[0], `image ${controlPlanes}`);
		t.is(order.at(-1), 'update configmaps join-config');
		const lastControlPlane = order.findLastIndex(what => what.startsWith('remove control-plane'));
		t.true(order.indexOf(`image ${workers}`) > lastControlPlane);
		t.is(order.filter(what => what.startsWith('machine of')).length, sizes.controlPlanes + sizes.workers);
	});
}

test('an operator killed right before or right after any write: the next one ends the same roll', async t => {
	const sizes = {controlPlanes: 1, workers: 1};
	let writes = 0;
	const first = await start(sizes);
	first.onWrite(() => void (writes += 1));
	await first.want('v1.1.0');
	await until(first, 'the roll', isDone(first, 'v1.1.0'));
	t.true(writes > 60);
	// All of them in a soak; neighbours in turn keep this one short.
	const step = process.env['SOAK'] === '1' ? 1 : 2;
	for (let kill = 1; kill <= writes; kill += step) {
		const world = await start(sizes);
		let count = 0;
		world.onWrite(
			() => {
				count += 1;
				if (count === kill) throw new Killed();
			},
			invariants(world, sizes),
		);
		await world.want('v1.1.0');
		await until(world, `the roll after a kill at write ${kill}`, isDone(world, 'v1.1.0'));
		for (let more = 0; more < 3; more++) await world.round();
		await expectRolled(t, world, sizes, 'v1.1.0');
	}
	t.log(`${writes} boundaries`);
});

/** Small and repeatable (mulberry32). */
const random = (seed: number) => () => {
	seed = (seed + 0x6d2b79f5) | 0;
	let value = Math.imul(seed ^ (seed >>> 15), 1 | seed);
	value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
	return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
};

test('random kills, lagging JoinServices, pauses and changes of direction end in what is wanted, and never below strength', async t => {
	for (let seed = 1; seed <= (process.env['SOAK'] === '1' ? 500 : 25); seed++) {
		const next = random(seed);
		const sizes = {controlPlanes: 1 + Math.floor(next() * 3), workers: Math.floor(next() * 3)};
		const world = await start(sizes);
		world.onWrite(
			() => {
				if (next() < 0.04) throw new Killed();
			},
			invariants(world, sizes),
		);
		let image = 'v1.1.0';
		await world.want(image);
		for (let step = 0; step < 60; step++) {
			if (next() < 0.03) {
				image = image === 'v1.1.0' ? 'v1.0.0' : 'v1.1.0';
				await world.want(image, {[`${prefix}/upgrade-direction`]: image === 'v1.0.0' ? 'back' : 'forward'});
			}
			if (next() < 0.05) await world.annotate({[`${prefix}/upgrade-paused`]: 'true'});
			if (next() < 0.3) await world.annotate({[`${prefix}/upgrade-paused`]: null});
			const [some] = world.machines.keys();
			if (next() < 0.1 && some !== undefined) world.lagging.add(some);
			if (next() < 0.3) world.lagging.clear();
			if (next() < 0.8) await world.round();
			if (next() < 0.8) await world.tick();
		}
		world.lagging.clear();
		await world.annotate({[`${prefix}/upgrade-paused`]: null});
		await until(world, `the end of seed ${seed}`, isDone(world, image), 900);
		world.onWrite(() => undefined);
		for (let more = 0; more < 4; more++) await world.round();
		await expectRolled(t, world, sizes, image);
	}
});

const failures = [
	['refused', 'attest', /Register 9/],
	['never-ready', 'ready', /to be Ready/],
	['does-not-boot', 'create', /does not run/],
	['attested-as-old', 'ready', /attested as v1\.1\.0, it was as v1\.0\.0/],
] as const;

for (const [fate, step, message] of failures) {
	test(`a replacement that is ${fate} stops the roll and costs no old node; continued, the roll ends`, async t => {
		const sizes = {controlPlanes: 1, workers: 1};
		const world = await start(sizes);
		const before = [...world.machines.keys()];
		world.onWrite(() => undefined, invariants(world, sizes));
		world.setFate(fate);
		await world.want('v1.1.0', {[`${prefix}/upgrade-join-seconds`]: '20'});
		await until(world, 'the failure', () => world.version().failure !== undefined);
		t.like(world.version().failure, {node: 'control-plane-1', donor: 'control-plane-0', step});
		t.regex(world.version().failure?.message ?? '', message);
		await until(world, 'the refused machine to be gone', () => world.machines.size === before.length);
		for (let more = 0; more < 5; more++) {
			await world.round();
			await world.tick();
		}
		t.deepEqual([...world.machines.keys()], before);
		t.regex(world.version().waiting.join(), /failure of control-plane-1/);
		t.deepEqual(world.accepted(), ['v1.1.0', 'v1.0.0']);
		world.setFate('joins');
		await world.annotate({[`${prefix}/upgrade-failure`]: null});
		await until(world, 'the roll', isDone(world, 'v1.1.0'));
	});
}

test('a replacement that is no longer Ready keeps the old node where it is', async t => {
	const world = await start({controlPlanes: 1, workers: 0});
	await world.want('v1.1.0');
	const [ready] = [{conditions: [{type: 'Ready', status: 'True'}]}];
	const isPaired = () => world.nodeOf('control-plane-1')?.metadata.annotations?.[`${prefix}/donor`] === 'control-plane-0';
	await until(world, 'the pair', () => isPaired() && world.kube.all(resources.pendingNodes).length === 0);
	world.fates.set('control-plane-1', 'never-ready');
	const set = (status: unknown) => world.kube.patch(resources.nodes, 'control-plane-1', {status}, 'merge', 'status');
	await set({conditions: [{type: 'Ready', status: 'False'}]});
	for (let count = 0; count < 20; count++) {
		await world.round();
		await world.tick();
	}
	t.false(world.machines.get('control-plane-0')?.draining ?? false);
	t.is(world.kube.all(resources.nodeMaintenances).length, 0);
	t.regex(world.version().waiting.join(), /control-plane-1 to be Ready/);
	await set(ready);
	await until(world, 'the roll', isDone(world, 'v1.1.0'));
});

test('a pod that may not go is named and waited for; after the deadline the roll stops, continued it goes on', async t => {
	const sizes = {controlPlanes: 1, workers: 1};
	const world = await start(sizes);
	await world.kube.create(pods, {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name: 'db', namespace: 'default', labels: {blocked: ''}},
		spec: {nodeName: 'worker-0'},
	});
	await world.want('v1.1.0', {[`${prefix}/upgrade-drain-seconds`]: '30'});
	await until(world, 'the budget to be named', () => world.version().waiting.some(text => /default\/db/.test(text)));
	await until(world, 'the deadline', () => world.version().failure !== undefined);
	t.like(world.version().failure, {node: 'worker-0', step: 'drain'});
	for (let more = 0; more < 5; more++) await world.round();
	t.true(world.machines.has('worker-0'));
	await world.kube.patch(pods, 'db', {metadata: {labels: {blocked: null}}}, 'merge');
	await world.annotate({[`${prefix}/upgrade-failure`]: null});
	await until(world, 'the roll', isDone(world, 'v1.1.0'));
});

test('nothing new begins while a JoinService lags, somebody else’s machine joins, components are missing, or it is paused', async t => {
	const world = await start({controlPlanes: 3, workers: 0});
	const made: string[] = [];
	world.onWrite(
		() => undefined,
		what => {
			if (/^(machine of|image)/.test(what)) made.push(what);
		},
	);
	const stays = async (reason: RegExp) => {
		for (let count = 0; count < 40; count++) {
			await world.round();
			await world.tick();
		}
		t.deepEqual(made, [], reason.source);
		t.regex(world.version().waiting.join(), reason);
	};
	world.lagging.add('control-plane-2');
	await world.want('v1.1.0');
	await stays(/control-plane-2: its JoinService/);
	world.lagging.clear();
	const foreign = {name: 'worker-9', group: workers, role: 'worker', image: 'v1.0.0', address: '', state: 'running'} as const;
	world.machines.set('worker-9', foreign);
	world.fates.set('worker-9', 'refused');
	await stays(/worker-9 to join/);
	world.machines.delete('worker-9');
	await world.kube.patch(
		resources.nodeVersions,
		'constellation-version',
		{spec: {kubernetesComponentsReference: 'others'}},
		'merge',
	);
	await stays(/ConfigMap others/);
	await world.kube.patch(
		resources.nodeVersions,
		'constellation-version',
		{spec: {kubernetesComponentsReference: 'components'}},
		'merge',
	);
	await world.annotate({[`${prefix}/upgrade-paused`]: 'true'});
	await stays(/paused/);
	await world.annotate({[`${prefix}/upgrade-paused`]: null, [`${prefix}/upgrade-direction`]: 'stay'});
	await until(world, 'nothing', () => world.version().waiting.length === 0);
	t.deepEqual(made, []);
	await world.annotate({[`${prefix}/upgrade-direction`]: null});
	await until(world, 'the roll', isDone(world, 'v1.1.0'));
});

test('a stopped machine of the old image keeps the old policy; labels and taints of people move along', async t => {
	const world = await start({controlPlanes: 1, workers: 1});
	const taints = [
		{key: 'dedicated', value: 'db', effect: 'NoSchedule'},
		{key: 'node.kubernetes.io/not-ready', effect: 'NoExecute'},
	];
	await world.kube.patch(
		resources.nodes,
		'worker-0',
		{metadata: {labels: {tier: 'db', 'kubernetes.io/hostname': 'worker-0'}}, spec: {taints}},
		'merge',
	);
	world.machines.set('worker-9', {
		name: 'worker-9',
		group: workers,
		role: 'worker',
		image: 'v1.0.0',
		address: '',
		state: 'stopped',
	});
	await world.want('v1.1.0');
	await until(
		world,
		'the workers',
		() => running(world, 'worker', 'v1.1.0').length === 1 && running(world, 'worker', 'v1.0.0').length === 0,
	);
	await until(world, 'the reason', () => world.version().waiting.join().includes('worker-9'));
	t.deepEqual(world.accepted(), ['v1.1.0', 'v1.0.0']);
	const heir = world.nodeOf(running(world, 'worker', 'v1.1.0')[0]?.name ?? '');
	t.is(heir?.metadata.labels?.['tier'], 'db');
	t.is(heir?.metadata.labels?.['kubernetes.io/hostname'], undefined);
	t.deepEqual((heir?.['spec'] as {taints?: unknown}).taints, [taints[0]]);
	world.machines.delete('worker-9');
	await until(world, 'the old policy to go', isDone(world, 'v1.1.0'));
});

test('a node that calls itself new and was attested as old is replaced', async t => {
	const sizes = {controlPlanes: 1, workers: 1};
	const world = await start(sizes);
	const annotations = {[`${prefix}/node-image`]: 'v1.1.0'};
	await world.kube.patch(resources.nodes, 'worker-0', {metadata: {annotations}}, 'merge');
	await world.want('v1.1.0');
	await until(world, 'the roll', isDone(world, 'v1.1.0'));
	t.false(world.machines.has('worker-0'));
});

test('a status whose content stays is not written again, and its condition keeps its time', async t => {
	const world = await start({controlPlanes: 1, workers: 1});
	for (let count = 0; count < 3; count++) await world.round();
	const {status} = world.version();
	const writes: string[] = [];
	world.onWrite(
		() => undefined,
		what => void writes.push(what),
	);
	for (let count = 0; count < 10; count++) {
		await world.round();
		await world.tick();
	}
	t.deepEqual(writes, []);
	t.is(world.version().status.conditions[0]?.lastTransitionTime, status.conditions[0]?.lastTransitionTime);
});

test('an Event that any node may write does not stop a roll by not being what it should be', async t => {
	const world = await start({controlPlanes: 1, workers: 1});
	for (const [index, refusal] of [
		'{',
		'[]',
		'"worker"',
		'{"node":1}',
		'{"node":"worker-0","message":"no","last":"late"}',
	].entries())
		await world.kube.create(systemEvents, {
			apiVersion: 'v1',
			kind: 'Event',
			metadata: {name: `hostile-${index}`, annotations: {[annotations.refusal]: refusal}},
		});
	await world.want('v1.1.0');
	await until(world, 'the roll', isDone(world, 'v1.1.0'));
	t.is(world.version().failure, undefined);
});
