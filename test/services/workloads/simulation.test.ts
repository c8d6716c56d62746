import test from 'ava';
import type {Kube} from '../../../src/kubernetes/kube.ts';
import {inNamespace, resources} from '../../../src/kubernetes/resources.ts';
import {waitFor} from '../../../src/kubernetes/wait.ts';
import type {SimulatedPod} from '../../../src/services/kubelet/simulation/pod.ts';
import {simulate} from '../../../src/services/kubelet/simulation/simulate.ts';
import {startWorkloadCluster} from '../../helpers/workload-cluster.ts';
import {at, start} from '../../helpers/workload-objects.ts';

const podWith = (annotations: Record<string, string> = {}, rest: Partial<SimulatedPod> = {}): SimulatedPod => ({
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {name: 'p', namespace: 'default', uid: 'uid-p', annotations},
	spec: {nodeName: 'n', containers: [{name: 'main', image: 'example.test/web:1'}]},
	...rest,
});
const live = (pod: SimulatedPod, seconds = 0, bootedAt = start - 60_000) =>
	simulate(pod, {address: '127.0.0.2', bootedAt, now: start + seconds * 1000});
type Status = NonNullable<SimulatedPod['status']> & {message: string};
const readiness = (status: object | undefined) =>
	(status as Status | undefined)?.conditions?.find(({type}) => type === 'Ready')?.status;

test('a pod starts, says that it is simulated, and nothing more is written', t => {
	const {status, happenings} = live(podWith());
	t.like(status, {phase: 'Running', startTime: at(0), hostIP: '127.0.0.2'});
	t.is(readiness(status), 'True');
	t.regex((status as Status).message, /^simulated: no process runs for image example\.test\/web:1/);
	t.regex((status as Status).podIP ?? '', /^198\.18\.\d+\.\d+$/);
	t.like((status as Status).containerStatuses?.[0], {ready: true, restartCount: 0, imageID: 'simulated://example.test/web:1'});
	t.deepEqual(
		happenings.map(({reason}) => reason),
		['Simulated'],
	);
	t.deepEqual(live(podWith({}, {status: status as Status}), 30), {happenings: []});
});

const cases: {name: string; annotations: Record<string, string>; probe?: number; ready: boolean; wakeAt?: number}[] = [
	{name: 'at once', annotations: {}, ready: true},
	{name: 'after the delay of its probe', annotations: {}, probe: 5, ready: false, wakeAt: start + 5000},
	{
		name: 'after what its annotation says',
		annotations: {'constellation.edgeless.systems/simulate-ready-after': '2.5'},
		ready: false,
		wakeAt: start + 2500,
	},
	{name: 'never', annotations: {'constellation.edgeless.systems/simulate-ready-after': 'never'}, ready: false},
	{
		name: 'what is no number counts as nothing',
		annotations: {'constellation.edgeless.systems/simulate-ready-after': '-1e9'},
		ready: true,
	},
];
for (const {name, annotations, probe, ready, wakeAt} of cases) {
	test(`a pod is ready ${name}`, t => {
		const pod = podWith(annotations);
		if (probe !== undefined) pod.spec.containers = [{name: 'main', image: 'x', readinessProbe: {initialDelaySeconds: probe}}];
		const step = live(pod);
		t.is(readiness(step.status), ready ? 'True' : 'False');
		t.is(step.wakeAt, wakeAt);
	});
}

test('a pod that the cluster gave up is ready again when its node is back; a reboot restarts it', t => {
	const {status} = live(podWith());
	const running = status as Status;
	const conditions = (running.conditions ?? []).map(condition =>
		condition.type === 'Ready' ? {...condition, status: 'False'} : condition,
	);
	t.is(readiness(live(podWith({}, {status: {...running, conditions}}), 50).status), 'True');
	const again = live(podWith({}, {status: running}), 100, start + 90_000).status as Status;
	t.like(again.containerStatuses?.[0], {restartCount: 1, state: {running: {startedAt: at(100)}}});
	t.is(again.startTime, at(0));
});

test('a pod ends within its grace period, and mirror pods are not its business', t => {
	const deleted = (seconds: number, grace: number, annotations: Record<string, string> = {}) => {
		const pod = podWith(annotations);
		Object.assign(pod.metadata, {deletionTimestamp: at(seconds), deletionGracePeriodSeconds: grace});
		return pod;
	};
	const going = live(deleted(30, 30));
	t.deepEqual([going.remove, going.wakeAt, going.happenings[0]?.message], [undefined, start + 1000, 'Stopping container main']);
	t.true(live(deleted(30, 30), 1).remove);
	const slow = {'constellation.edgeless.systems/simulate-stop-after': '600'};
	t.is(live(deleted(30, 30, slow), 29).remove, undefined);
	t.true(live(deleted(30, 30, slow), 30).remove, 'killed when the grace is over');
	t.true(live(deleted(0, 0, slow)).remove);
	t.deepEqual(live(podWith({'kubernetes.io/config.mirror': 'x'})), {happenings: []});
});

test('a node that comes back ends what was deleted meanwhile, and leaves a newer pod of the same name alone', async t => {
	const {kube, addNode} = await startWorkloadCluster(t);
	const pods = inNamespace(resources.pods, 'default');
	const {stop} = await addNode('a');
	const add = (api: Kube) =>
		api.create(pods, {
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: {name: 'p'},
			spec: {nodeName: 'a', terminationGracePeriodSeconds: 0, containers: [{name: 'main', image: 'x'}]},
		});
	const until = (name: string, check: () => Promise<boolean>) =>
		waitFor({name, check: async () => ((await check()) ? true : undefined)}, {timeoutMs: 10_000, intervalMs: 10});
	const phase = async () => ((await kube.get(pods, 'p'))['status'] as {phase?: string}).phase;
	const first = await add(kube);
	await until('it runs', async () => (await phase()) === 'Running');
	await stop();
	await kube.delete(pods, 'p', {gracePeriodSeconds: 30});
	await kube.delete(pods, 'p', {gracePeriodSeconds: 0});
	const second = await add(kube);
	t.not(second.metadata.uid, first.metadata.uid);
	await kube.delete(resources.nodes, 'a');
	await addNode('a');
	await until('the newer one runs', async () => (await phase()) === 'Running');
	t.is((await kube.get(pods, 'p')).metadata.uid, second.metadata.uid);
	await kube.delete(pods, 'p', {gracePeriodSeconds: 5});
	await until('it is gone', async () => (await kube.list(pods)).items.length === 0);
});
