import test from 'ava';
import {reconcileBudget} from '../../../src/services/operator/workloads/budget.ts';
import {reconcileDaemonSet} from '../../../src/services/operator/workloads/daemon-set.ts';
import {reconcileDeployment} from '../../../src/services/operator/workloads/deployment.ts';
import {reconcileEndpoints} from '../../../src/services/operator/workloads/endpoints.ts';
import {reconcileLostPods} from '../../../src/services/operator/workloads/lost-pods.ts';
import {reconcileReplicaSet} from '../../../src/services/operator/workloads/replica-set.ts';
import {hashOf} from '../../../src/services/operator/workloads/template.ts';
import type {
	Action,
	Budget,
	Decision,
	Deployment,
	EndpointSlice,
	Pod,
	ReplicaSet,
} from '../../../src/services/operator/workloads/types.ts';
import {at, budget, daemonSet, deployment, node, ownedBy, pod, replicaSet, start, world} from '../../helpers/workload-objects.ts';

/** Actions in short: what is done to what. Status writes are left out. */
const short = ({actions}: Decision): string[] => actions.flatMap(shortOf);
const shortOf = (action: Action): string[] => {
	switch (action.kind) {
		case 'create':
			return [`create ${action.object.metadata.name || String(action.object.metadata['generateName'])}`];
		case 'patch':
			return [`patch ${action.name} ${JSON.stringify(action.patch).replace(/"resourceVersion":"1",?/, '')}`];
		case 'delete':
			return [`delete ${action.name}`];
		case 'bind':
			return [`bind ${action.pod.metadata.name}`];
		case 'replace':
			return [];
	}
};
const statusIn = ({actions}: Decision): Record<string, unknown> => {
	const written = actions.find(action => action.kind === 'replace');
	return (written?.kind === 'replace' ? written.object['status'] : {}) as Record<string, unknown>;
};

const web = ownedBy('Deployment', 'web');
const ofSet = (set: string, count: number, options: Parameters<typeof pod>[1] = {}): Pod[] =>
	Array.from({length: count}, (_, index) =>
		pod(`${set}-${index}`, {
			node: 'n',
			labels: {app: 'web', 'pod-template-hash': set},
			owner: ownedBy('ReplicaSet', set),
			...options,
		}),
	);

const replicaSetCases: {name: string; set: ReplicaSet; pods: Pod[]; expected: string[]; status: object}[] = [
	{
		name: 'makes what is missing; what is going does not count',
		set: replicaSet('s', 2),
		pods: [...ofSet('s', 1), pod('old', {node: 'n', deleted: true, owner: ownedBy('ReplicaSet', 's')})],
		expected: ['patch old {"metadata":{"ownerReferences":[]}}', 'create s-'],
		status: {replicas: 1, readyReplicas: 1, availableReplicas: 1, fullyLabeledReplicas: 1, observedGeneration: 1},
	},
	{
		name: 'removes the least useful first',
		set: replicaSet('s', 1),
		pods: [
			...ofSet('s', 2),
			pod('waiting', {labels: {app: 'web', 'pod-template-hash': 's'}, owner: ownedBy('ReplicaSet', 's')}),
			pod('broken', {node: 'm', ready: false, labels: {app: 'web', 'pod-template-hash': 's'}, owner: ownedBy('ReplicaSet', 's')}),
		],
		expected: ['delete waiting', 'delete broken', 'delete s-0'],
		status: {replicas: 4, readyReplicas: 2, availableReplicas: 2, fullyLabeledReplicas: 4, observedGeneration: 1},
	},
	{
		name: 'adopts what it selects and nobody owns, and leaves what others own',
		set: replicaSet('s', 1),
		pods: [
			pod('orphan', {node: 'n', labels: {app: 'web', 'pod-template-hash': 's'}}),
			pod('other', {node: 'n', labels: {app: 'web', 'pod-template-hash': 's'}, owner: ownedBy('ReplicaSet', 'x')}),
		],
		expected: [
			'patch orphan {"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"s","uid":"uid-s","controller":true,"blockOwnerDeletion":true}]}}',
		],
		status: {replicas: 1, readyReplicas: 1, availableReplicas: 1, fullyLabeledReplicas: 1, observedGeneration: 1},
	},
];

for (const {name, set, pods, expected, status} of replicaSetCases) {
	test(`ReplicaSet ${name}`, t => {
		const decision = reconcileReplicaSet(world({pods}), set);
		t.deepEqual(short(decision), expected);
		t.deepEqual<object, object>(statusIn(decision), status);
	});
}

test('a ReplicaSet waits for pods to be ready long enough', t => {
	const set = replicaSet('s', 1);
	set.spec.minReadySeconds = 30;
	const decision = reconcileReplicaSet(world({pods: ofSet('s', 1, {readySince: -10})}), set);
	t.is(decision.wakeAt, start + 20_000);
	t.is(statusIn(decision)['availableReplicas'], undefined);
});

const template = deployment('web').spec.template;
const hash = hashOf(template);
const revision = (n: number) => JSON.stringify({metadata: {annotations: {'deployment.kubernetes.io/revision': String(n)}}});
/** The set of the present template, and one of an earlier one. */
const newest = (replicas: number) => replicaSet('new', replicas, {owner: web, revision: 2});
const old = (replicas: number) => replicaSet('old', replicas, {owner: web, image: 'example.test/web:0.9'});
const scales = (decision: Decision) => short(decision).filter(line => line.includes('"replicas"'));
const to = (name: string, replicas: number) => `patch ${name} {"spec":{"replicas":${replicas}}}`;
const rolling = (maxSurge: number | string, maxUnavailable: number | string): Partial<Deployment['spec']> => ({
	strategy: {type: 'RollingUpdate', rollingUpdate: {maxSurge, maxUnavailable}},
});

const deploymentCases: {name: string; spec?: Partial<Deployment['spec']>; sets: ReplicaSet[]; pods: Pod[]; expected: string[]}[] =
	[
		{name: 'the new set grows by the surge', sets: [old(3), newest(0)], pods: ofSet('old', 3), expected: [to('new', 1)]},
		{
			name: 'no old pod goes before the new one is available',
			sets: [old(3), newest(1)],
			pods: [...ofSet('old', 3), ...ofSet('new', 1, {ready: false})],
			expected: [],
		},
		{
			name: 'then one old pod goes',
			sets: [old(3), newest(1)],
			pods: [...ofSet('old', 3), ...ofSet('new', 1)],
			expected: [to('old', 2)],
		},
		{
			name: 'without surge an old one goes first',
			spec: rolling(0, 1),
			sets: [old(3), newest(0)],
			pods: ofSet('old', 3),
			expected: [to('old', 2)],
		},
		{
			name: 'nothing allowed at all means one unavailable',
			spec: rolling('0%', '10%'),
			sets: [old(3), newest(0)],
			pods: ofSet('old', 3),
			expected: [to('old', 2)],
		},
		{
			name: 'old pods that are of no use go at once',
			sets: [old(3), newest(1)],
			pods: [...ofSet('old', 3, {ready: false}), ...ofSet('new', 1)],
			expected: [to('old', 2)],
		},
		{
			name: 'all new: the rest of the old ones goes',
			sets: [old(1), newest(3)],
			pods: [...ofSet('old', 1), ...ofSet('new', 3)],
			expected: [to('old', 0)],
		},
		{
			name: 'an old pod that is to go already is not counted on',
			sets: [old(2), newest(2)],
			pods: [...ofSet('old', 3), ...ofSet('new', 1), ...ofSet('new', 1, {ready: false})],
			expected: [],
		},
		{name: 'scaled down', spec: {replicas: 1}, sets: [newest(3)], pods: ofSet('new', 3), expected: [to('new', 1)]},
		{
			name: 'recreate: the old ones first',
			spec: {strategy: {type: 'Recreate'}},
			sets: [old(3), newest(0)],
			pods: ofSet('old', 3),
			expected: [to('old', 0)],
		},
		{
			name: 'recreate: not before the last is gone',
			spec: {strategy: {type: 'Recreate'}},
			sets: [old(0), newest(0)],
			pods: ofSet('old', 1, {deleted: true}),
			expected: [],
		},
		{
			name: 'recreate: then the new ones',
			spec: {strategy: {type: 'Recreate'}},
			sets: [old(0), newest(0)],
			pods: [],
			expected: [to('new', 3)],
		},
		{
			name: 'paused: only the number',
			spec: {paused: true, replicas: 5},
			sets: [old(3)],
			pods: ofSet('old', 3),
			expected: [to('old', 5)],
		},
	];

for (const {name, spec = {}, sets, pods, expected} of deploymentCases) {
	test(`Deployment: ${name}`, t => {
		t.deepEqual(scales(reconcileDeployment(world({replicaSets: sets, pods}), deployment('web', spec))), expected);
	});
}

test('a Deployment makes a set named after its template, goes back to an old one, and forgets the oldest', t => {
	const made = reconcileDeployment(world(), deployment('web'));
	t.deepEqual(short(made), [`create web-${hash}`]);
	const [action] = made.actions;
	if (action?.kind !== 'create') return t.fail();
	t.like(action.object['spec'], {replicas: 3, selector: {matchLabels: {app: 'web', 'pod-template-hash': hash}}});
	t.is(hashOf({spec: template.spec, metadata: {labels: {app: 'web'}}}), hash, 'the order of fields does not count');

	const back = [replicaSet('new', 0, {owner: web, revision: 1}), replicaSet('old', 3, {owner: web, revision: 2, image: 'x'})];
	const again = reconcileDeployment(world({replicaSets: back, pods: ofSet('old', 3)}), deployment('web'));
	t.true(short(again).some(line => line.startsWith('patch new') && line.includes('"deployment.kubernetes.io/revision":"3"')));
	t.true(short(again).includes(`patch web ${revision(3)}`));

	const history = [1, 2, 3].map(n => replicaSet(`r${n}`, 0, {owner: web, revision: n, image: `x:${n}`}));
	const kept = reconcileDeployment(
		world({replicaSets: [...history, replicaSet('new', 3, {owner: web, revision: 4})], pods: ofSet('new', 3)}),
		deployment('web', {revisionHistoryLimit: 1}),
	);
	t.deepEqual(
		short(kept).filter(line => line.startsWith('delete')),
		['delete r1', 'delete r2'],
	);
});

test('a Deployment that makes no progress says so when its deadline is over', t => {
	const stuck = deployment('web', {progressDeadlineSeconds: 60});
	stuck.metadata.annotations = {'deployment.kubernetes.io/revision': '2'};
	const set = newest(3);
	set.metadata.annotations = {
		'deployment.kubernetes.io/revision': '2',
		'deployment.kubernetes.io/desired-replicas': '3',
		'deployment.kubernetes.io/max-replicas': '4',
	};
	const pods = ofSet('new', 3, {ready: false});
	const first = reconcileDeployment(world({replicaSets: [set], pods}), stuck);
	t.is(first.wakeAt, start + 60_000);
	const status = statusIn(first) as NonNullable<Deployment['status']>;
	const progress = (decision: Decision) =>
		(statusIn(decision)['conditions'] as {type: string; status: string; reason: string}[] | undefined)?.find(
			({type}) => type === 'Progressing',
		);
	t.like(progress(first), {status: 'True', reason: 'ReplicaSetUpdated'});
	const later = (seconds: number) =>
		reconcileDeployment(world({now: start + seconds * 1000, replicaSets: [set], pods}), {...stuck, status});
	t.deepEqual(later(59).actions, [], 'nothing changed, nothing is written');
	t.like(progress(later(61)), {status: 'False', reason: 'ProgressDeadlineExceeded'});
});

const daemon = ownedBy('DaemonSet', 'agent');
const daemonHash = hashOf(daemonSet('agent').spec.template);
const onNode = (name: string, hash = daemonHash, options: Parameters<typeof pod>[1] = {}) =>
	pod(`agent-${name}`, {node: name, owner: daemon, labels: {app: 'web', 'controller-revision-hash': hash}, ...options});

test('a DaemonSet has one pod on every node that takes it, and renews them one by one', t => {
	const taint = [{key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule'}];
	const nodes = [node('a'), node('b', {spec: {unschedulable: true}}), node('c', {spec: {taints: taint}})];
	const run = (pods: Pod[]) => reconcileDaemonSet(world({nodes, pods}), daemonSet('agent'));
	t.deepEqual(short(run([])), ['create agent-', 'create agent-'], 'cordoned nodes too, tainted ones not');
	t.deepEqual(short(run([onNode('a'), onNode('b')])), []);
	t.deepEqual(short(run([onNode('a', daemonHash, {deleted: true}), onNode('b')])), [], 'its place is taken until it is gone');
	t.deepEqual(short(run([onNode('a'), onNode('b'), onNode('c')])), ['delete agent-c']);
	t.deepEqual(short(run([onNode('a', 'old'), onNode('b', 'old')])), ['delete agent-a']);
	t.deepEqual(short(run([onNode('a', 'old'), onNode('b', daemonHash, {ready: false})])), [], 'one at a time');
	t.deepEqual(short(run([onNode('a', 'old', {ready: false}), onNode('b', 'old')])), ['delete agent-a']);
	t.deepEqual(statusIn(run([onNode('a'), onNode('b', 'old', {ready: false})])), {
		currentNumberScheduled: 2,
		numberMisscheduled: 0,
		desiredNumberScheduled: 2,
		numberReady: 1,
		observedGeneration: 1,
		updatedNumberScheduled: 1,
		numberAvailable: 1,
		numberUnavailable: 1,
	});
});

const set3 = replicaSet('new', 3, {owner: web});
const budgetCases: {
	name: string;
	spec: Budget['spec'];
	status?: Budget['status'];
	pods: Pod[];
	expected: object;
	wakeAt?: number;
}[] = [
	{
		name: 'at least two of three',
		spec: {minAvailable: 2},
		pods: ofSet('new', 3),
		expected: {currentHealthy: 3, desiredHealthy: 2, expectedPods: 3, disruptionsAllowed: 1},
	},
	{
		name: 'half, rounded up',
		spec: {minAvailable: '50%'},
		pods: ofSet('new', 3),
		expected: {currentHealthy: 3, desiredHealthy: 2, expectedPods: 3, disruptionsAllowed: 1},
	},
	{
		name: 'at most one away of what the Deployment wants, not of what there is',
		spec: {maxUnavailable: 1},
		pods: ofSet('new', 2),
		expected: {currentHealthy: 2, desiredHealthy: 2, expectedPods: 3, disruptionsAllowed: 0},
	},
	{
		name: 'what is going or not ready is not healthy',
		spec: {minAvailable: 1},
		pods: [...ofSet('new', 1), ...ofSet('a', 1, {ready: false}), ...ofSet('b', 1, {deleted: true})],
		expected: {currentHealthy: 1, desiredHealthy: 1, expectedPods: 3, disruptionsAllowed: 0},
	},
	{
		name: 'a granted eviction counts until it shows, for two minutes',
		spec: {minAvailable: 1},
		status: {disruptedPods: {'new-0': at(-10), 'new-1': at(-121), other: at(-10)}},
		pods: ofSet('new', 3),
		expected: {currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1, disruptedPods: {'new-0': at(-10)}},
		wakeAt: start + 110_000,
	},
	{
		name: 'pods without a controller cannot be counted',
		spec: {maxUnavailable: 1},
		pods: [pod('bare', {node: 'n'})],
		expected: {disruptionsAllowed: 0, expectedPods: 1},
	},
	{name: 'no pods', spec: {minAvailable: 0}, pods: [], expected: {disruptionsAllowed: 0, expectedPods: 0}},
];

for (const {name, spec, status, pods, expected, wakeAt} of budgetCases) {
	test(`PodDisruptionBudget: ${name}`, t => {
		const decision = reconcileBudget(world({pods, replicaSets: [set3], deployments: [deployment('web')]}), budget(spec, status));
		t.like(statusIn(decision), expected);
		t.is(decision.wakeAt, wakeAt);
		const [action] = decision.actions;
		t.is(action?.kind === 'replace' ? action.object.metadata.resourceVersion : '', '1', 'an eviction in between is a conflict');
	});
}

test('a budget that cannot be counted says why, and allows nothing', t => {
	const {conditions} = statusIn(reconcileBudget(world({pods: [pod('bare', {node: 'n'})]}), budget({maxUnavailable: 1})));
	t.like((conditions as object[])[0], {status: 'False', reason: 'SyncFailed', message: 'found no controllers for pod "bare"'});
});

test('pods of a node that is away are not ready, and leave when their time is over', t => {
	const taints = [{key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: at(-10)}];
	const away = node('away', {ready: false, spec: {taints}});
	const tolerate = (tolerationSeconds?: number): PodOptions => ({
		node: 'away',
		ready: false,
		spec: {
			tolerations: [
				{key: 'node.kubernetes.io/unreachable', operator: 'Exists', ...(tolerationSeconds !== undefined && {tolerationSeconds})},
			],
		},
	});
	type PodOptions = NonNullable<Parameters<typeof pod>[1]>;
	const lost = (pods: Pod[]) => reconcileLostPods(world({nodes: [away], pods}));
	t.deepEqual(short(lost([pod('now', {node: 'away', ready: false})])), ['delete now']);
	t.deepEqual(short(lost([pod('over', tolerate(5))])), ['delete over']);
	const waiting = lost([pod('later', tolerate(300)), pod('sooner', tolerate(60)), pod('ever', tolerate())]);
	t.deepEqual([short(waiting), waiting.wakeAt], [[], start + 50_000]);
	t.regex(short(lost([pod('r', {...tolerate(300), ready: true})])).join(), /patch r .*"status":"False".*"reason":"NodeNotReady"/);
	t.deepEqual(
		short(lost([pod('m', {node: 'away', annotations: {'kubernetes.io/config.mirror': 'x'}})])),
		[],
		'its own services are its own',
	);
	const orphan = pod('orphan', {owner: ownedBy('ReplicaSet', 'gone')});
	t.deepEqual(short(reconcileLostPods(world({pods: [orphan]}))), ['delete orphan']);
});

test('endpoints: ready, not ready, named ports; what is going is not listed', t => {
	const service = {
		apiVersion: 'v1',
		kind: 'Service',
		metadata: {name: 'web', namespace: 'default', uid: 'uid-svc'},
		spec: {selector: {app: 'web'}, ports: [{name: 'web', port: 80, targetPort: 'http'}]},
	};
	const spec = {containers: [{name: 'main', image: 'x', ports: [{name: 'http', containerPort: 8080}]}]};
	const withAddress = (name: string, options: Parameters<typeof pod>[1]): Pod => {
		const made = pod(name, {node: 'n', spec, ...options});
		return {...made, status: {...made.status, podIP: `198.18.0.${name}`}};
	};
	const pods = [withAddress('1', {}), withAddress('2', {ready: false}), withAddress('3', {deleted: true})];
	const [action] = reconcileEndpoints(world({pods}), service).actions;
	if (action?.kind !== 'create') return t.fail();
	t.like((action.object['subsets'] as object[])[0], {ports: [{name: 'web', port: 8080, protocol: 'TCP'}]});
	t.like((action.object['subsets'] as {addresses: object[]}[])[0]?.addresses[0], {ip: '198.18.0.1', nodeName: 'n'});
	t.is((action.object['subsets'] as {notReadyAddresses: object[]}[])[0]?.notReadyAddresses.length, 1);
	const endpoints = [{...action.object, subsets: action.object['subsets'] as unknown[]}];
	t.deepEqual(reconcileEndpoints(world({pods, endpoints}), service).actions, []);

	const slices = (given: EndpointSlice[]) => reconcileEndpoints(world({pods, endpoints, endpointSlices: given}), service).actions;
	const [made] = slices([]);
	if (made?.kind !== 'create') return t.fail();
	t.like(made.object, {
		kind: 'EndpointSlice',
		addressType: 'IPv4',
		ports: [{name: 'web', port: 8080, protocol: 'TCP'}],
		endpoints: [
			{addresses: ['198.18.0.1'], nodeName: 'n', conditions: {ready: true, terminating: false}},
			{addresses: ['198.18.0.2'], conditions: {ready: false}},
		],
	});
	t.deepEqual(slices([made.object]), []);
	t.deepEqual(
		slices([
			{...made.object, endpoints: []},
			{...made.object, metadata: {...made.object.metadata, name: 'web'}},
		]).map(({kind}) => kind),
		['replace', 'delete'],
	);
	const foreign = {name: 'own', namespace: 'default', labels: {'kubernetes.io/service-name': 'web'}};
	t.deepEqual(
		slices([{...made.object, metadata: foreign}]).map(({kind}) => kind),
		['create'],
		'a slice that a person made stays',
	);
});
