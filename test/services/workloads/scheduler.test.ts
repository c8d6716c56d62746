import test from 'ava';
import {quantity} from '../../../src/services/operator/workloads/scheduler/requests.ts';
import {schedule} from '../../../src/services/operator/workloads/scheduler/schedule.ts';
import type {Node, Pod, PodSpec} from '../../../src/services/operator/workloads/types.ts';
import {at, node, ownedBy, pod, world} from '../../helpers/workload-objects.ts';

/** The node of each waiting pod, or why it has none. */
const outcome = (nodes: Node[], pods: Pod[]): Record<string, string> =>
	Object.fromEntries(
		schedule(world({nodes, pods})).actions.map(action => {
			if (action.kind === 'bind') return [action.pod.metadata.name, action.node];
			return ['name' in action ? action.name : '', action.report?.happening.message ?? ''];
		}),
	);

const asks = (cpu: string): Partial<PodSpec> => ({containers: [{name: 'main', image: 'x', resources: {requests: {cpu}}}]});
const controlPlane = {key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule'};
const set = ownedBy('ReplicaSet', 'set');
const byHost = {labelSelector: {matchLabels: {app: 'web'}}, topologyKey: 'kubernetes.io/hostname'};
const anti = {affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [byHost]}}};
const company = {affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [byHost]}}};
const spread = {topologySpreadConstraints: [{...byHost, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule'}]};
const onlyOn = (name: string): Partial<PodSpec> => ({
	affinity: {
		nodeAffinity: {
			requiredDuringSchedulingIgnoredDuringExecution: {
				nodeSelectorTerms: [{matchFields: [{key: 'metadata.name', operator: 'In', values: [name]}]}],
			},
		},
	},
});

const cases: {name: string; nodes: Node[]; pods: Pod[]; expected: Record<string, string>}[] = [
	{name: 'no nodes', nodes: [], pods: [pod('a')], expected: {a: '0/0 nodes are available: there are none.'}},
	{
		name: 'taints keep away who does not tolerate them',
		nodes: [node('c', {spec: {taints: [controlPlane]}}), node('w')],
		pods: [pod('a'), pod('b', {spec: {tolerations: [{operator: 'Exists'}], nodeSelector: {'kubernetes.io/hostname': 'c'}}})],
		expected: {a: 'w', b: 'c'},
	},
	{
		name: 'a cordoned node, one that is away, one that is full, one of another kind',
		nodes: [
			node('cordoned', {spec: {unschedulable: true}}),
			node('away', {ready: false}),
			node('small', {cpu: '100m'}),
			node('tainted', {spec: {taints: [{key: 'k', value: 'v', effect: 'NoSchedule'}]}}),
		],
		pods: [pod('a', {spec: asks('500m')})],
		expected: {
			a: '0/4 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {k: v}, 1 node(s) were not ready, 1 node(s) were unschedulable.',
		},
	},
	{
		name: 'a selector, and an affinity to one node',
		nodes: [node('a', {labels: {zone: 'x'}}), node('b')],
		pods: [
			pod('s', {spec: {nodeSelector: {zone: 'x'}}}),
			pod('n', {spec: onlyOn('b')}),
			pod('z', {spec: {nodeSelector: {zone: 'y'}}}),
		],
		expected: {s: 'a', n: 'b', z: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."},
	},
	{
		name: 'pods of one owner spread; requests add up',
		nodes: [node('a', {cpu: '1'}), node('b', {cpu: '1'})],
		pods: ['1', '2', '3'].map(name => pod(name, {owner: set, spec: asks('500m')})),
		expected: {'1': 'a', '2': 'b', '3': 'a'},
	},
	{
		name: 'anti-affinity, of pods that are there and of those that come',
		nodes: [node('a'), node('b')],
		pods: [pod('there', {node: 'a', spec: anti}), pod('1', {spec: anti}), pod('2')],
		expected: {'1': 'b', '2': "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules."},
	},
	{
		name: 'affinity: the first starts alone, the others follow',
		nodes: [node('a'), node('b')],
		pods: [pod('1', {spec: company}), pod('2', {spec: company, owner: set})],
		expected: {'1': 'a', '2': 'a'},
	},
	{
		name: 'spread constraints count domains, not room',
		nodes: [node('a', {cpu: '64'}), node('b', {cpu: '1'})],
		pods: [pod('there', {node: 'a'}), pod('1', {spec: spread}), pod('2', {spec: spread}), pod('3', {spec: spread})],
		expected: {'1': 'b', '2': 'a', '3': 'b'},
	},
	{
		name: 'what is not for this scheduler, is going, or waits for a volume or a gate',
		nodes: [node('a')],
		pods: [
			pod('other', {spec: {schedulerName: 'mine'}}),
			pod('going', {deleted: true}),
			pod('volume', {spec: {volumes: [{name: 'v', persistentVolumeClaim: {claimName: 'data'}}]}}),
			pod('gate', {spec: {schedulingGates: [{name: 'g'}]}}),
		],
		expected: {
			volume: 'persistentvolumeclaim "data" not found',
			gate: 'Scheduling is blocked due to non-empty scheduling gates',
		},
	},
	{
		name: 'the more important one gets the last place',
		nodes: [node('a', {cpu: '500m'})],
		pods: [pod('old', {spec: asks('500m')}), pod('important', {spec: {...asks('500m'), priority: 2_000_000_000}})],
		expected: {important: 'a', old: '0/1 nodes are available: 1 Insufficient cpu.'},
	},
];

for (const {name, nodes, pods, expected} of cases) {
	test(`schedule: ${name}`, t => {
		t.deepEqual(outcome(nodes, pods), expected);
	});
}

test('why a pod has no node is said once', t => {
	const waiting = pod('a');
	const [first] = schedule(world({pods: [waiting]})).actions;
	if (first?.kind !== 'patch') return t.fail();
	const {status} = first.patch as {status: Pod['status']};
	t.like(status?.conditions?.at(-1), {type: 'PodScheduled', status: 'False', reason: 'Unschedulable', lastTransitionTime: at(0)});
	t.deepEqual(schedule(world({pods: [{...waiting, ...(status && {status})}]})).actions, []);
});

test('quantities', t => {
	const expected: [string, number][] = [
		['2', 2],
		['500m', 0.5],
		['1Ki', 1024],
		['1.5G', 1.5e9],
		['1e3', 1000],
		['', 0],
		['many', 0],
	];
	for (const [text, value] of expected) t.is(quantity(text), value, text);
});
