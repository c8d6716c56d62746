import test from 'ava';
import {AppError} from '../../src/errors.ts';
import {timeRange} from '../../src/upgrade/duration.ts';
import {flightPlan} from '../../src/upgrade/flight-plan.ts';
import {failedGuards, type GuardInput} from '../../src/upgrade/guards.ts';
import {kubeadmKind, localKind, type Observed, type ObservedPod} from '../../src/upgrade/observed.ts';
import {formatPlan, type PlanFile, parsePlan, planDigest} from '../../src/upgrade/plan-file.ts';
import {policySetDigest} from '../../src/upgrade/policy-set.ts';
import {type StepKind, stepOrder} from '../../src/upgrade/steps.ts';
import type {Target} from '../../src/upgrade/target.ts';
import {componentsOf, nodeOf, observedCluster, somePolicy} from '../helpers/upgrade-world.ts';

const target: Target = {
	image: 'v0.2.0',
	measurements: `sha256:${'a'.repeat(64)}`,
	services: 'v0.2.0',
	kubernetes: 'v1.31.13',
	components: componentsOf('v1.31.13'),
};
const pod = (name: string, node: string, change: Partial<ObservedPod> = {}): ObservedPod => ({
	namespace: 'web',
	name,
	node,
	owner: {kind: 'ReplicaSet', name: 'front'},
	replicas: 2,
	localData: false,
	...change,
});

test('steps in their order: policies first and last, control planes before workers; what the image has is included', t => {
	t.deepEqual(
		stepOrder.map(({kind}) => kind),
		['lock', 'backup', 'policy', 'services', 'kubernetes', 'control-planes', 'workers', 'retire', 'verify'],
	);
	const states = (kind: typeof localKind, observed: Observed) =>
		Object.fromEntries(flightPlan(observed, target, kind).steps.map(step => [step.kind, step.state]));
	t.like(states(localKind, observedCluster(1, 1)), {services: 'included', kubernetes: 'included', policy: 'planned'});
	t.like(states(kubeadmKind, observedCluster(1, 1)), {services: 'planned', kubernetes: 'planned'});
	t.is(states(localKind, observedCluster(1, 0))['workers'], 'done');
	const midway = observedCluster(2, 1);
	const plan = flightPlan({...midway, nodes: [nodeOf('control-plane-0', 'v0.2.0'), ...midway.nodes.slice(1)]}, target, localKind);
	t.deepEqual(
		plan.steps.flatMap(({nodes}) => nodes.map(({name}) => name)),
		['control-plane-1', 'worker-0'],
		'what is new already is not replaced again',
	);
});

test('who waits and who is interrupted, from what was observed', t => {
	const observed = observedCluster(1, 2, {
		pods: [
			pod('front-a', 'worker-0'),
			pod('front-b', 'worker-1'),
			pod('single', 'worker-0', {owner: {kind: 'StatefulSet', name: 'store'}, replicas: 1, localData: true}),
			pod('bare', 'worker-1', {owner: undefined, replicas: 1}),
			pod('cache', 'worker-1', {owner: {kind: 'ReplicaSet', name: 'cache'}, localData: true}),
		],
		budgets: [
			{namespace: 'web', name: 'front', allowed: 0, pods: ['front-a', 'front-b']},
			{namespace: 'web', name: 'roomy', allowed: 1, pods: ['cache']},
			{namespace: 'other', name: 'front', allowed: 0, pods: ['front-a']},
		],
	});
	const plan = flightPlan(observed, target, localKind);
	t.deepEqual(plan.blocking, [{budget: 'web/front', nodes: ['worker-0', 'worker-1'], pods: 2}]);
	t.deepEqual(plan.interrupted, [
		{workload: 'web/Pod bare', nodes: ['worker-1'], reasons: ['no controller']},
		{workload: 'web/ReplicaSet cache', nodes: ['worker-1'], reasons: ['local data']},
		{workload: 'web/StatefulSet store', nodes: ['worker-0'], reasons: ['local data', 'one replica']},
	]);
	t.deepEqual(
		plan.steps.find(({kind}) => kind === 'workers')?.nodes.map(({evictions}) => evictions),
		[2, 3],
	);
	t.is(plan.extraMachines, 1);
	t.is(plan.irreversible.length, 2);
	t.regex(
		flightPlan(observed, {...target, kubernetes: 'v1.32.9'}, localKind).irreversible[0] ?? '',
		/does not go back from v1.32.9/,
	);
	t.deepEqual(timeRange(3, 1, [4000, 9000], true), {least: 13_000, most: 74_000, basis: 'recorded', samples: 2});
	t.is(timeRange(3, 1, [], true).basis, 'default');
	t.true(timeRange(3, 1, [], false).least > timeRange(3, 1, [], true).most);
});

test('guards: each is looked at again right before its step', t => {
	const wide: Observed['policies'] = {generation: 2, policies: [somePolicy('v0.2.0'), somePolicy('v0.1.0')]};
	const observed = observedCluster(1, 1, {policies: wide});
	const report = {node: 'control-plane-0', generation: 2, digest: policySetDigest(wide), renewedAt: 1000};
	const good: GuardInput = {
		observed,
		replicas: [report],
		users: [{kind: 'Node', name: 'worker-0', image: 'v0.2.0'}],
		target,
		from: {image: 'v0.1.0', generation: 1},
		trusted: ['v0.2.0'],
		kind: localKind,
		now: 2000,
	};
	const names = (step: StepKind, change: Partial<GuardInput>) => failedGuards(step, {...good, ...change}).map(({guard}) => guard);
	for (const step of ['lock', 'backup', 'policy', 'control-planes', 'workers', 'verify'] as const)
		t.deepEqual(names(step, {}), []);
	const other = {generation: 7, policies: [somePolicy('v0.1.0')]} as const;
	const of = (change: Partial<Observed>): Partial<GuardInput> => ({observed: {...observed, ...change}});
	t.deepEqual(names('policy', of({policies: other})), ['policy-as-planned']);
	t.true(names('workers', of({policies: other})).includes('both-accepted'));
	t.deepEqual(names('workers', {replicas: []}), ['replicas-agree']);
	t.deepEqual(names('workers', {replicas: [{...report, generation: 1}]}), ['replicas-agree']);
	t.true(names('workers', of({componentSets: []})).includes('components-exist'));
	t.true(
		names('workers', of({nodes: [nodeOf('control-plane-0'), nodeOf('worker-0', 'v0.1.0', 'v1.32.9')]})).includes('not-ahead'),
	);
	t.true(names('workers', of({nodes: [{...nodeOf('control-plane-0'), ready: false}]})).includes('enough-control-planes'));
	t.deepEqual(
		names('workers', {trusted: [], observed: {...observed, policies: {...wide, policies: [somePolicy('v0.2.0')]}}}).at(-1),
		'no-strand',
	);
	t.deepEqual(names('retire', {}), ['old-unused'], 'the nodes are still old');
	const done = of({nodes: [nodeOf('control-plane-0', 'v0.2.0'), nodeOf('worker-0', 'v0.2.0')]});
	t.deepEqual(names('retire', done), []);
	for (const kind of ['machine', 'node group', 'PendingNode', 'JoiningNode'] as const) {
		t.deepEqual(names('retire', {...done, users: [{kind, name: 'x', image: 'v0.1.0'}]}), ['old-unused'], kind);
		t.deepEqual(names('retire', {...done, users: [{kind, name: 'x'}]}), ['old-unused'], `${kind} of unknown image`);
	}
});

test('plan.json: what is written is read back; anything else is refused with every problem', t => {
	const file: PlanFile = {
		v: 1,
		id: 'upgrade-20260102030405-0a1b2c3d',
		created: '2026-01-02T03:04:05.000Z',
		cluster: '0a1b2c3d',
		consent: {measurements: target.measurements, concerns: []},
		plan: flightPlan(observedCluster(3, 2), target, localKind) as PlanFile['plan'],
	};
	t.deepEqual(parsePlan(formatPlan(file)), file);
	t.regex(planDigest(file), /^sha256:[\da-f]{64}$/);
	t.not(planDigest(file), planDigest({...file, cluster: '00000000'}));
	const change = (edit: (value: Record<string, unknown>) => void): string => {
		const value = JSON.parse(formatPlan(file)) as Record<string, unknown>;
		edit(value);
		return JSON.stringify(value);
	};
	for (const [text, path] of [
		['{', ''],
		[change(value => Object.assign(value, {v: 2})), 'v'],
		[change(value => Object.assign(value, {extra: 1})), ''],
		[change(value => Object.assign(value, {id: '../x'})), 'id'],
		[change(value => Object.assign(value, {consent: {measurements: 'sha256:short', concerns: []}})), 'consent.measurements'],
		[change(value => Object.assign((value['plan'] as {target: object}).target, {image: 'latest'})), 'plan.target.image'],
		[change(value => Object.assign((value['plan'] as {target: object}).target, {components: '../x'})), 'plan.target.components'],
		[' '.repeat(5 * 1024 * 1024), ''],
	] as const) {
		const error = t.throws(() => parsePlan(text), {instanceOf: AppError, code: 'plan-invalid'});
		t.true(
			error.problems.some(problem => problem.path === path),
			`${path}: ${JSON.stringify(error.problems)}`,
		);
	}
});
