import test, {type ExecutionContext} from 'ava';
import {type ClusterKind, kubeadmKind, localKind, type Observed} from '../../src/upgrade/observed.ts';
import {type Condition, checkStrand, type Mishap} from '../../src/upgrade/strand/check.ts';
import {checkUpgrade} from '../../src/upgrade/strand/check-upgrade.ts';
import {modelOf} from '../../src/upgrade/strand/model.ts';
import {actionsOf, type Goal, type PlanRule, planRules} from '../../src/upgrade/strand/plan.ts';
import {componentsOf, nodeOf, observedCluster, seeded, somePolicy} from '../helpers/upgrade-world.ts';

const goalOf = (image: string, kubernetes = 'v1.31.13'): Goal => ({
	image,
	kubernetes: {version: kubernetes, components: componentsOf(kubernetes)},
});
const imageOnly = goalOf('v0.2.0');
const both = goalOf('v0.2.0', 'v1.32.9');
const without = (rule: PlanRule): ReadonlySet<PlanRule> => new Set(planRules.filter(each => each !== rule));
const check = (observed: Observed, goal: Goal, kind: ClusterKind, rules?: ReadonlySet<PlanRule>) =>
	checkUpgrade(observed, {goal, trusted: [goal.image]}, kind, rules);

test('with every rule no node is stranded: one to five control planes, image alone and with Kubernetes, local and kubeadm', t => {
	for (const kind of [localKind, kubeadmKind])
		for (const goal of [imageOnly, both])
			for (const controlPlanes of [1, 2, 3, 5])
				for (const workers of [0, 1, 4])
					for (const autoscaling of [false, true]) {
						const {counterexample} = check(observedCluster(controlPlanes, workers, {autoscaling}), goal, kind);
						t.is(counterexample, undefined, counterexample?.sentence);
					}
});

test('each rule, switched off, strands a node; the counterexample names step, mishap and condition', t => {
	const cases: [PlanRule, ClusterKind, Goal, Mishap['kind'], Condition, RegExp][] = [
		[
			'both-policies',
			localKind,
			imageOnly,
			'restarted',
			'service-accepts-node',
			/generation 2, accepts v0.2.0 and refuses v0.1.0/,
		],
		[
			'wait-for-replicas',
			localKind,
			imageOnly,
			'created',
			'service-accepts-node',
			/generation 1, accepts v0.1.0 and refuses v0.2.0/,
		],
		['components-first', localKind, both, 'created', 'components-exist', /k8s-components-v1.32.9/],
		['api-servers-first', kubeadmKind, both, 'created', 'kubelet-not-newer', /newer than an API server/],
		['capped-workers', localKind, both, 'created', 'kubelet-not-newer', /newer than an API server/],
		['replacement-first', localKind, imageOnly, 'lost', 'quorum-remains', /survives the loss of 1 control planes only, of 2/],
		['replacement-first', kubeadmKind, imageOnly, 'lost', 'quorum-remains', /survives the loss of 0/],
		['retire-last', kubeadmKind, imageOnly, 'restarted', 'service-accepts-node', /refuses v0.1.0/],
		['recover-both', localKind, imageOnly, 'restarted', 'recover-accepts', /recover accepts v0.2.0 and refuses v0.1.0/],
	];
	t.deepEqual(new Set(cases.map(([rule]) => rule)), new Set(planRules), 'every rule has a case');
	for (const [rule, kind, goal, mishap, condition, pattern] of cases) {
		const {counterexample} = check(observedCluster(3, 2), goal, kind, without(rule));
		t.is(counterexample?.mishap.kind, mishap, rule);
		t.is(counterexample?.condition, condition, rule);
		t.regex(counterexample?.sentence ?? '', pattern, rule);
	}
	t.regex(
		check(observedCluster(1, 1), imageOnly, localKind, without('replacement-first')).counterexample?.sentence ?? '',
		/no majority/,
	);
});

test('what is wrong before the first step is found there', t => {
	const at = (observed: Observed, goal = imageOnly, kind = localKind) => check(observed, goal, kind).counterexample;
	const cluster = observedCluster(3, 1);
	const others = cluster.nodes.slice(0, 3);
	const last = nodeOf('worker-0');
	t.like(at({...cluster, nodes: [...others, {...last, image: undefined}]}), {
		step: 'start',
		condition: 'service-accepts-node',
	});
	t.like(at({...cluster, nodes: [...others, {...last, stopped: true, image: 'v0.0.9'}]}), {
		step: 'start',
		mishap: {kind: 'restarted', node: last.name},
	});
	t.like(at({...cluster, recoverable: []}), {step: 'start', condition: 'recover-accepts'});
	t.like(at({...cluster, componentSets: []}), {step: 'start', condition: 'components-exist'});
	t.like(at(observedCluster(1, 0, {inFlight: [{kind: 'PendingNode', name: 'worker-9', role: 'worker'}]})), {
		condition: 'service-accepts-node',
	});
	t.like(at(observedCluster(1, 0, {groups: [{name: 'w', role: 'worker', image: 'v0.0.9', size: 0}]})), {
		mishap: {kind: 'created', by: 'template'},
	});
	const ahead = observedCluster(3, 1, {nodes: [...cluster.nodes, nodeOf('worker-9', 'v0.1.0', 'v1.32.9')]});
	t.like(at({...ahead, componentSets: [...ahead.componentSets, componentsOf('v1.32.9')]}), {condition: 'kubelet-not-newer'});
	const apart = cluster.apiServers.map((server, index) => (index === 0 ? {...server, version: 'v1.33.0'} : server));
	t.like(at({...cluster, nodes: cluster.nodes.slice(0, 3), apiServers: apart}), {condition: 'api-servers-together'});
});

test('an image of another release key is refused by the nodes that are there', t => {
	const {counterexample} = checkUpgrade(observedCluster(3, 1), {goal: imageOnly, trusted: []}, localKind);
	t.like(counterexample, {condition: 'node-accepts-service', step: 'replace control-plane-0'});
	t.regex(counterexample?.sentence ?? '', /not signed by the release key/);
});

test('an upgrade that goes on, and one that goes back, are plans like any other', t => {
	const midway = observedCluster(3, 2, {
		nodes: [nodeOf('control-plane-3', 'v0.2.0'), ...observedCluster(3, 2).nodes.filter(({name}) => name !== 'control-plane-0')],
		policies: {generation: 2, policies: [somePolicy('v0.2.0'), somePolicy('v0.1.0')]},
		groups: observedCluster(3, 2).groups.map(group => ({...group, image: 'v0.2.0'})),
	});
	t.is(check(midway, imageOnly, localKind).counterexample, undefined);
	t.is(check(midway, goalOf('v0.1.0'), localKind).counterexample, undefined);
	const state = modelOf(midway, localKind, ['v0.2.0']);
	const steps = actionsOf(state, imageOnly, localKind).map(({step, do: what}) => `${step}: ${what}`);
	t.deepEqual(steps.slice(0, 2), ['policy: await-replicas', 'replace control-plane-1: create']);
	t.false(steps.some(step => step.includes('control-plane-3')));
	t.deepEqual(actionsOf(modelOf(observedCluster(1, 1), localKind, []), goalOf('v0.1.0'), localKind), [
		{step: 'policy', do: 'await-replicas'},
	]);
});

/** A healthy cluster of any size, at rest or in the middle of an upgrade, with nodes off and on their way in. */
function randomCase(seed: number) {
	const random = seeded(seed);
	const upTo = (most: number) => Math.floor(random() * (most + 1));
	const chance = (of: number) => random() < of;
	const kind = chance(0.5) ? localKind : kubeadmKind;
	const goal = chance(0.5) ? imageOnly : both;
	const [controlPlanes, workers] = [1 + upTo(4), upTo(6)];
	const plain = observedCluster(controlPlanes, workers, {autoscaling: chance(0.5)});
	const isMidway = chance(0.4) && goal === imageOnly;
	const nodes = plain.nodes.map((node, index) => ({
		...node,
		// One control plane lives: without any there is nothing to upgrade.
		stopped: index > 0 && chance(0.1),
		image: isMidway && chance(0.4) ? 'v0.2.0' : 'v0.1.0',
	}));
	const inFlight = chance(0.3)
		? [{kind: 'JoiningNode' as const, name: 'worker-99', role: 'worker' as const, image: 'v0.1.0'}]
		: [];
	const policies: Observed['policies'] = isMidway
		? {generation: 4, policies: [somePolicy('v0.2.0'), somePolicy('v0.1.0')]}
		: plain.policies;
	const groups = plain.groups.map(group => ({...group, image: isMidway && chance(0.5) ? 'v0.2.0' : group.image}));
	const recoverable = isMidway ? ['v0.2.0', 'v0.1.0'] : plain.recoverable;
	return {kind, goal, observed: {...plain, nodes, inFlight, policies, recoverable, groups}};
}

const holds = (t: ExecutionContext, seed: number): void => {
	const {kind, goal, observed} = randomCase(seed);
	const {counterexample} = check(observed, goal, kind);
	t.is(counterexample, undefined, `seed ${seed}: ${counterexample?.sentence ?? ''}`);
	const off = check(observed, goal, kind, without('both-policies')).counterexample;
	const hasOld = [...observed.nodes, ...observed.inFlight].some(({image}) => image !== goal.image);
	if (hasOld) t.truthy(off, `seed ${seed}: without both policies`);
	const again = check(observed, goal, kind, without('both-policies')).counterexample;
	t.deepEqual(again, off, 'the same plan gives the same answer');
};

test('random plans: none strands a node with the rules on; with the "both policies" rule off each is found out', t => {
	for (let seed = 1; seed <= 400; seed += 1) holds(t, seed);
});

test('a cluster of 3 + 50 is checked in less than a second', t => {
	const began = performance.now();
	const {counterexample, moments, cases} = check(observedCluster(3, 50, {autoscaling: true}), both, kubeadmKind);
	const took = performance.now() - began;
	t.is(counterexample, undefined);
	t.true(moments > 200 && cases > 20_000, `${moments} moments, ${cases} cases`);
	t.true(took < 1000, `${took} ms`);
	t.log(`${moments} moments, ${cases} cases in ${took.toFixed(0)} ms`);
});

test('a plan without actions has one moment', t => {
	const state = modelOf(observedCluster(1, 0), localKind, []);
	t.like(checkStrand(state, []), {moments: 1});
});
