import test from 'ava';
import type {Kube} from '../../../src/kubernetes/kube.ts';
import {inNamespace, resources} from '../../../src/kubernetes/resources.ts';
import {waitFor} from '../../../src/kubernetes/wait.ts';
import {carryOut, decide, readWorld} from '../../../src/services/operator/workloads/round.ts';
import {startWorkloadCluster} from '../../helpers/workload-cluster.ts';

const deployments = inNamespace(resources.deployments, 'default');
const until = (name: string, check: () => Promise<boolean>) =>
	waitFor({name, check: async () => ((await check()) ? true : undefined)}, {timeoutMs: 18_000, intervalMs: 10});

const web = (image: string) => ({
	apiVersion: 'apps/v1',
	kind: 'Deployment',
	metadata: {name: 'web'},
	spec: {
		replicas: 3,
		selector: {matchLabels: {app: 'web'}},
		strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}},
		template: {metadata: {labels: {app: 'web'}}, spec: {containers: [{name: 'web', image}]}},
	},
});
const isDone = async (kube: Kube) => {
	const {status, metadata} = await kube.get(deployments, 'web');
	const {observedGeneration, updatedReplicas, availableReplicas, replicas} = (status ?? {}) as Record<string, number>;
	return observedGeneration === metadata['generation'] && updatedReplicas === 3 && availableReplicas === 3 && replicas === 3;
};

test.serial(
	'controllers that die after any write are followed by others that end in the same state, with too many or too few pods never',
	async t => {
		const {kube, operator, addNode} = await startWorkloadCluster(t, {controllers: false});
		await addNode('a');
		await addNode('b');
		const log = (line: string) => t.log(line);
		/** One leader's life: it reads, decides, and dies after so many writes. */
		const live = async (writes: number) => {
			const {actions} = decide(await readWorld(operator, Date.now()));
			for (const action of actions.slice(0, writes)) t.true(await carryOut(operator, action, log));
		};
		const roll = async (image: string, floor: number, pattern: readonly number[]) => {
			let turn = 0;
			await until(`${image} is rolled out`, async () => {
				await live(pattern[turn++ % pattern.length] ?? 1);
				const {items: sets} = await kube.list(resources.replicaSets);
				const wanted = sets.reduce((sum, {spec}) => sum + (spec as {replicas: number}).replicas, 0);
				t.true(wanted <= 4, `${wanted} pods are wanted`);
				const {items} = await kube.list(resources.pods);
				const active = items.filter(({metadata}) => metadata.deletionTimestamp === undefined);
				const ready = active.filter(({status}) => JSON.stringify(status).includes('"type":"Ready","status":"True"'));
				t.true(ready.length >= floor, `${ready.length} ready pods`);
				return isDone(kube);
			});
		};
		await kube.create(deployments, web('example.test/web:1'));
		await roll('example.test/web:1', 0, [1]);
		await kube.patch(deployments, 'web', web('example.test/web:2'), 'merge');
		await roll('example.test/web:2', 3, [1]);
		await kube.patch(deployments, 'web', web('example.test/web:3'), 'merge');
		await roll('example.test/web:3', 3, [3, 1, 2, 1, 5]);
		const {items} = await kube.list(resources.replicaSets);
		t.deepEqual(items.map(({spec}) => (spec as {replicas: number}).replicas).sort(), [0, 0, 3]);
	},
);

test.serial('of two replicas one leads; the other takes over when the lease is over', async t => {
	const {kube, addNode, startControllers} = await startWorkloadCluster(t, {controllers: false});
	await addNode('a');
	const leases = inNamespace(resources.leases, 'kube-system');
	const holder = async () => {
		const {items} = await kube.list(leases, {fieldSelector: 'metadata.name=constellation-workloads'});
		return (items[0]?.['spec'] as {holderIdentity?: string} | undefined)?.holderIdentity;
	};
	const stopFirst = startControllers('one');
	await until('the first leads', async () => (await holder()) === 'one');
	let ahead = 0;
	startControllers('two', () => performance.now() + ahead);
	await kube.create(deployments, web('example.test/web:1'));
	await until('the deployment is there', () => isDone(kube));
	t.is(await holder(), 'one');
	await stopFirst();
	await kube.patch(deployments, 'web', {spec: {template: {metadata: {labels: {round: '2'}}}}}, 'merge');
	await until('the second has seen the last renewal', async () => {
		ahead += 1000;
		return (await holder()) === 'two';
	});
	await until('the second finishes what came meanwhile', () => isDone(kube));
	t.is((await kube.list(resources.replicaSets)).items.length, 2);
});
