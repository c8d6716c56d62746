import test from 'ava';
import type {Kube, KubeObject} from '../../../src/kubernetes/kube.ts';
import {inNamespace, resources} from '../../../src/kubernetes/resources.ts';
import {waitFor} from '../../../src/kubernetes/wait.ts';
import {type DrainState, drain, drainStep} from '../../../src/services/operator/drain.ts';
import {blockingBudgetsAnnotation, endMaintenance} from '../../../src/services/operator/maintenance.ts';
import {startWorkloadCluster} from '../../helpers/workload-cluster.ts';

const deployments = inNamespace(resources.deployments, 'default');
const pods = inNamespace(resources.pods, 'default');
const budgets = inNamespace(resources.podDisruptionBudgets, 'default');
const options = {reason: 'node is replaced due to OS image update', deadlineMs: 60_000};
const until = <T>(name: string, check: () => Promise<T | undefined | false>) =>
	waitFor({name, check: async () => (await check()) || undefined}, {timeoutMs: 15_000, intervalMs: 10});

const addDeployment = async (kube: Kube, replicas: number, annotations: Record<string, string> = {}) => {
	const template = {
		metadata: {labels: {app: 'web'}, annotations},
		spec: {containers: [{name: 'web', image: 'example.test/web:1'}]},
	};
	const spec = {replicas, selector: {matchLabels: {app: 'web'}}, template};
	await kube.create(deployments, {apiVersion: 'apps/v1', kind: 'Deployment', metadata: {name: 'web'}, spec});
	await until('all replicas are available', async () => {
		const {status} = await kube.get(deployments, 'web');
		return (status as {availableReplicas?: number} | undefined)?.availableReplicas === replicas;
	});
};
const addBudget = (kube: Kube, spec: object) =>
	kube.create(budgets, {
		apiVersion: 'policy/v1',
		kind: 'PodDisruptionBudget',
		metadata: {name: 'web'},
		spec: {selector: {matchLabels: {app: 'web'}}, ...spec},
	});
const counted = (kube: Kube, allowed: number) =>
	until(`${allowed} disruptions are allowed`, async () => {
		const {status} = await kube.get(budgets, 'web');
		const {disruptionsAllowed, observedGeneration} = status as {disruptionsAllowed?: number; observedGeneration?: number};
		return observedGeneration !== undefined && disruptionsAllowed === allowed;
	});
const podsOn = async (kube: Kube, node: string) =>
	(await kube.list(resources.pods, {fieldSelector: `spec.nodeName=${node}`})).items;
const maintenanceOf = async (kube: Kube, node: string) => {
	const object = await kube.get(resources.nodeMaintenances, node);
	return {object, status: object.status as Record<string, unknown>, annotations: object.metadata.annotations ?? {}};
};
const isReady = (pod: KubeObject) =>
	((pod.status as {conditions?: {type: string; status: string}[]} | undefined)?.conditions ?? []).some(
		({type, status}) => type === 'Ready' && status === 'True',
	);

test.serial('a node is emptied pod by pod, and its NodeMaintenance says how far it is', async t => {
	const {kube, operator, addNode} = await startWorkloadCluster(t);
	await addNode('a');
	await addNode('b');
	await addDeployment(kube, 4);
	await addBudget(kube, {maxUnavailable: 1});
	await counted(kube, 1);
	const states: DrainState[] = [];
	const signal = AbortSignal.timeout(15_000);
	const end = await drain(operator, 'a', {...options, signal, intervalMs: 20, onState: state => states.push(state)});
	t.like(end, {phase: 'Succeeded', total: 2, pending: [], blocked: [], lastError: ''});
	t.true(
		states.some(({blocked}) => blocked[0]?.budget === 'default/web'),
		'one at a time, and the budget was named meanwhile',
	);
	t.deepEqual(await podsOn(kube, 'a'), []);
	const {object, status, annotations} = await maintenanceOf(kube, 'a');
	t.like(status, {phase: 'Succeeded', drainProgress: 100, pendingPods: [], totalpods: 2, evictionPods: 2, lastError: ''});
	t.is(annotations[blockingBudgetsAnnotation], undefined);
	t.like(object['spec'], {nodeName: 'a', reason: options.reason});
	t.like((await kube.get(resources.nodes, 'a'))['spec'], {unschedulable: true});
});

test.serial(
	'a budget that allows nothing keeps the pod, is named, and ends the drain at its deadline; whoever leads then goes on',
	async t => {
		const {kube, operator, addNode} = await startWorkloadCluster(t);
		await addNode('a');
		await addDeployment(kube, 1);
		await addBudget(kube, {minAvailable: 1});
		await counted(kube, 0);
		const [only] = await podsOn(kube, 'a');
		const name = `default/${only?.metadata.name ?? ''}`;
		const message = 'The disruption budget web needs 1 healthy pods and has 1 currently';
		const first = await drainStep(operator, 'a', options);
		t.deepEqual(first, {
			phase: 'Running',
			total: 1,
			pending: [name],
			blocked: [{pod: name, budget: 'default/web', message}],
			lastError: `${name}: ${message}`,
		});
		const {status, annotations, object} = await maintenanceOf(kube, 'a');
		t.like(status, {phase: 'Running', drainProgress: 0, pendingPods: [name], evictionPods: 1, lastError: first.lastError});
		t.is(annotations[blockingBudgetsAnnotation], 'default/web');
		await drainStep(operator, 'a', options);
		t.is(
			(await maintenanceOf(kube, 'a')).object.metadata.resourceVersion,
			object.metadata.resourceVersion,
			'nothing new, nothing written',
		);

		const late = {...options, now: () => Date.now() + 61_000};
		t.like(await drainStep(operator, 'a', late), {
			phase: 'Failed',
			lastError: `after 60 s 1 pods are still there: ${name}: ${message}`,
		});
		t.like(
			await drainStep(operator, 'a', options),
			{phase: 'Failed', pending: [name]},
			'it stays failed, and evicts nothing more',
		);
		t.is((await podsOn(kube, 'a')).length, 1);
		await kube.patch(budgets, 'web', {spec: {minAvailable: 0}}, 'merge');
		await counted(kube, 1);
		t.is((await drainStep(operator, 'a', options)).phase, 'Failed');
		await endMaintenance(operator, 'a');
		await until('the node is empty', async () => (await drainStep(operator, 'a', options)).phase === 'Succeeded');
	},
);

test.serial(
	'what stays: the node’s own services, DaemonSets, what has ended. What is left of an earlier node of the name does not count',
	async t => {
		const {kube, operator, addNode, as} = await startWorkloadCluster(t);
		await addNode('a');
		const containers = [{name: 'main', image: 'x'}];
		const annotations = {'kubernetes.io/config.mirror': 'x'};
		const mirror = {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'own', annotations}, spec: {nodeName: 'a', containers}};
		await as('system:node:a', 'system:nodes').create(pods, mirror);
		await kube.create(inNamespace(resources.daemonSets, 'default'), {
			apiVersion: 'apps/v1',
			kind: 'DaemonSet',
			metadata: {name: 'agent'},
			spec: {selector: {matchLabels: {app: 'agent'}}, template: {metadata: {labels: {app: 'agent'}}, spec: {containers}}},
		});
		await until('the agent runs', async () => (await podsOn(kube, 'a')).filter(isReady).length === 1);
		await kube.create(pods, {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'bare'}, spec: {nodeName: 'a', containers}});
		await kube.create(resources.nodeMaintenances, {
			apiVersion: 'nodemaintenance.medik8s.io/v1beta1',
			kind: 'NodeMaintenance',
			metadata: {name: 'a', ownerReferences: [{apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'of-the-earlier-one'}]},
			spec: {nodeName: 'a'},
		});
		await kube.patch(resources.nodeMaintenances, 'a', {status: {phase: 'Succeeded'}}, 'merge', 'status');
		t.like(await drainStep(operator, 'a', options), {phase: 'Running', total: 1, pending: ['default/bare']});
		await until('the node is empty', async () => (await drainStep(operator, 'a', options)).phase === 'Succeeded');
		t.deepEqual((await podsOn(kube, 'a')).map(({metadata}) => metadata.name.replace(/-.*/, '')).sort(), ['agent', 'own']);
		await kube.delete(resources.nodes, 'a');
		await until(
			'the maintenance goes with its node',
			async () => (await kube.list(resources.nodeMaintenances)).items.length === 0,
		);
		t.is((await drainStep(operator, 'a', options)).phase, 'Succeeded', 'a node that is gone is empty');
	},
);

test.serial('two nodes are emptied at once: never fewer pods than the budget asks for', async t => {
	const {kube, operator, addNode} = await startWorkloadCluster(t);
	for (const name of ['a', 'b', 'c']) await addNode(name);
	await addDeployment(kube, 6);
	await addBudget(kube, {minAvailable: 5});
	await counted(kube, 1);
	const stopped = new AbortController();
	let fewest = 6;
	const looking = (async () => {
		while (!stopped.signal.aborted) {
			const {items} = await kube.list(pods);
			fewest = Math.min(fewest, items.filter(pod => isReady(pod) && pod.metadata.deletionTimestamp === undefined).length);
		}
	})();
	const signal = AbortSignal.timeout(18_000);
	const ends = await Promise.all(['a', 'b'].map(node => drain(operator, node, {...options, signal, intervalMs: 20})));
	stopped.abort();
	await looking;
	t.deepEqual(
		ends.map(({phase}) => phase),
		['Succeeded', 'Succeeded'],
	);
	t.is(fewest, 5);
	await until('what replaces the last one is on the node that stays', async () => (await podsOn(kube, 'c')).length === 6);
});

test.serial('pods of a node that is away are not waited for once their time is over', async t => {
	const {kube, operator, addNode} = await startWorkloadCluster(t);
	const {stop} = await addNode('a');
	await addDeployment(kube, 1);
	await stop();
	await kube.patch(resources.nodes, 'a', {status: {conditions: [{type: 'Ready', status: 'Unknown'}]}}, 'merge', 'status');
	const later = (seconds: number) => ({...options, now: () => Date.now() + seconds * 1000});
	t.is((await drainStep(operator, 'a', options)).pending.length, 1);
	t.is((await drainStep(operator, 'a', later(20))).pending.length, 1, 'it has its grace period');
	t.like(await drainStep(operator, 'a', later(40)), {phase: 'Succeeded', pending: []});
});
