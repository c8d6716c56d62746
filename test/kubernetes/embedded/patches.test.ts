import test from 'ava';
import {jsonPatch, PatchFailed} from '../../../src/kubernetes/embedded/patches/json-patch.ts';
import {mergePatch} from '../../../src/kubernetes/embedded/patches/merge.ts';
import {StrategicPatchFailed, strategicPatch} from '../../../src/kubernetes/embedded/patches/strategic.ts';
import {loadSchemas} from '../../../src/kubernetes/embedded/schema/schemas.ts';
import type {Json, JsonObject} from '../../../src/kubernetes/embedded/types.ts';

const schemas = await loadSchemas();
const schemaOf = (kind: string) => schemas.schemaOf({group: '', version: 'v1', kind})?.schema ?? {};
const strategic = (kind: string, target: JsonObject, patch: JsonObject) => strategicPatch(schemas, schemaOf(kind), target, patch);

const mergeCases: [Json, Json, Json][] = [
	[{a: 'b'}, {a: 'c'}, {a: 'c'}],
	[{a: 'b'}, {b: 'c'}, {a: 'b', b: 'c'}],
	[{a: 'b'}, {a: null}, {}],
	[{a: ['b']}, {a: 'c'}, {a: 'c'}],
	[{a: {b: 'c'}}, {a: {b: 'd', c: null}}, {a: {b: 'd'}}],
	[{a: [{b: 'c'}]}, {a: [1]}, {a: [1]}],
	[{e: null}, {a: 1}, {e: null, a: 1}],
	[{}, {a: {bb: {ccc: null}}}, {a: {bb: {}}}],
];
for (const [target, patch, result] of mergeCases) {
	test(`merge ${JSON.stringify(patch)} into ${JSON.stringify(target)}`, t => {
		t.deepEqual(mergePatch(target, patch), result);
	});
}

const jsonCases: [string, Json, Json, Json][] = [
	['add to an object', {a: 1}, [{op: 'add', path: '/b', value: 2}], {a: 1, b: 2}],
	['add into a list', {a: [1, 3]}, [{op: 'add', path: '/a/1', value: 2}], {a: [1, 2, 3]}],
	['append to a list', {a: [1]}, [{op: 'add', path: '/a/-', value: [2]}], {a: [1, [2]]}],
	[
		'replace and remove',
		{a: 1, b: [1, 2]},
		[
			{op: 'replace', path: '/a', value: null},
			{op: 'remove', path: '/b/0'},
		],
		{a: null, b: [2]},
	],
	['move', {a: {b: 1}}, [{op: 'move', from: '/a/b', path: '/c'}], {a: {}, c: 1}],
	['copy', {a: {b: 1}}, [{op: 'copy', from: '/a', path: '/c'}], {a: {b: 1}, c: {b: 1}}],
	[
		'escaped pointers',
		{'a/b': 1, 'c~d': 2},
		[
			{op: 'remove', path: '/a~1b'},
			{op: 'add', path: '/c~0d', value: 3},
		],
		{'c~d': 3},
	],
	['a test that holds', {a: {b: [1, 'x']}}, [{op: 'test', path: '/a', value: {b: [1, 'x']}}], {a: {b: [1, 'x']}}],
	['the whole document', {a: 1}, [{op: 'replace', path: '', value: {b: 2}}], {b: 2}],
];
for (const [name, target, patch, result] of jsonCases) {
	test(`JSON patch: ${name}`, t => {
		const before = structuredClone(target);
		t.deepEqual(jsonPatch(target, patch), result);
		t.deepEqual(target, before, 'the target is left alone');
	});
}

const refused: Json[] = [
	{},
	['x'],
	[{op: 'test', path: '/a', value: 2}],
	[{op: 'remove', path: '/none'}],
	[{op: 'replace', path: '/none', value: 1}],
	[{op: 'add', path: '/none/deeper', value: 1}],
	[{op: 'add', path: '/list/3', value: 1}],
	[{op: 'add', path: '/list/01', value: 1}],
	[{op: 'remove', path: '/list/-'}],
	[{op: 'add', path: '/a'}],
	[{op: 'add', path: 'a', value: 1}],
	[{op: 'fly', path: '/a'}],
	[{op: 'remove', path: ''}],
	[{op: 'move', from: '/map', path: '/map/b'}],
	[{op: 'add', path: '/__proto__/polluted', value: 1}],
	Array(10_001).fill({op: 'test', path: '/a', value: 1}),
];
for (const [index, patch] of refused.entries()) {
	test(`JSON patch ${index} is refused: ${JSON.stringify(patch).slice(0, 60)}`, t => {
		t.throws(() => jsonPatch({a: 1, list: [1, 2], map: {}}, patch), {instanceOf: PatchFailed});
	});
}

const node = {
	spec: {taints: [{key: 'a', effect: 'NoSchedule'}], unschedulable: true, podCIDRs: ['10.0.0.0/24']},
	status: {
		addresses: [{type: 'InternalIP', address: '192.0.2.1'}],
		conditions: [
			{type: 'Ready', status: 'True', reason: 'KubeletReady'},
			{type: 'DiskPressure', status: 'False'},
		],
	},
};

test('conditions are merged by type, and null removes', t => {
	const result = strategic('Node', node, {
		spec: {unschedulable: null},
		status: {
			conditions: [
				{type: 'Ready', status: 'Unknown'},
				{type: 'New', status: 'True'},
			],
		},
	});
	const {conditions} = result['status'] as {conditions: {type: string}[]};
	conditions.sort((one, other) => (one.type < other.type ? -1 : 1));
	t.deepEqual(result, {
		spec: {taints: node.spec.taints, podCIDRs: node.spec.podCIDRs},
		status: {
			addresses: node.status.addresses,
			conditions: [
				{type: 'DiskPressure', status: 'False'},
				{type: 'New', status: 'True'},
				{type: 'Ready', status: 'Unknown', reason: 'KubeletReady'},
			],
		},
	});
});

test('lists without a merge key are replaced, sets are united', t => {
	t.deepEqual(strategic('Node', node, {spec: {taints: [{key: 'b', effect: 'NoExecute'}]}})['spec'], {
		...node.spec,
		taints: [{key: 'b', effect: 'NoExecute'}],
	});
	t.like(strategic('Node', node, {spec: {podCIDRs: ['10.0.1.0/24']}}), {spec: {podCIDRs: ['10.0.0.0/24', '10.0.1.0/24']}});
	const target = {metadata: {finalizers: ['a', 'b', 'c']}};
	const patch = {
		metadata: {'$deleteFromPrimitiveList/finalizers': ['b'], '$setElementOrder/finalizers': ['d', 'c', 'a'], finalizers: ['d']},
	};
	t.deepEqual(strategic('ConfigMap', target, patch), {metadata: {finalizers: ['d', 'c', 'a']}});
});

const pod = {
	spec: {
		containers: [
			{name: 'a', image: '1', env: [{name: 'X', value: '1'}]},
			{name: 'b', image: '1'},
		],
	},
};

test('elements are deleted, replaced and ordered by directives', t => {
	const containers = (patch: JsonObject) => (strategic('Pod', pod, {spec: patch})['spec'] as typeof pod.spec).containers;
	t.deepEqual(containers({containers: [{name: 'a', $patch: 'delete'}]}), [{name: 'b', image: '1'}] as never);
	t.deepEqual(containers({containers: [{$patch: 'replace'}, {name: 'c'}]}), [{name: 'c'}] as never);
	t.deepEqual(
		containers({
			containers: [
				{
					name: 'a',
					env: [
						{name: 'X', value: '2'},
						{name: 'Y', value: '3'},
					],
				},
			],
		})[0]?.env,
		[
			{name: 'X', value: '2'},
			{name: 'Y', value: '3'},
		],
	);
	const order = [{name: 'c'}, {name: 'a'}];
	const names = containers({'$setElementOrder/containers': order, containers: [{name: 'c'}]}).map(({name}) => name);
	t.deepEqual(
		names.filter(name => name !== 'b'),
		['c', 'a'],
	);
	t.true(names.includes('b'));
	const reordered = containers({'$setElementOrder/containers': [{name: 'b'}, {name: 'a'}]});
	t.deepEqual(
		reordered.map(({name}) => name),
		['b', 'a'],
	);
});

test('maps are replaced, and unions keep only what the patch retains', t => {
	const target = {metadata: {labels: {a: '1', b: '2'}}, spec: {volumes: [{name: 'v', emptyDir: {}}]}};
	t.deepEqual(strategic('Pod', target, {metadata: {labels: {$patch: 'replace', c: '3'}}})['metadata'], {labels: {c: '3'}});
	const patch = {spec: {volumes: [{name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: {path: '/x'}}]}};
	t.deepEqual(strategic('Pod', target, patch)['spec'], {volumes: [{name: 'v', hostPath: {path: '/x'}}]});
});

test('a patch that cannot be right is refused', t => {
	for (const patch of [{spec: {containers: [{image: 'no name'}]}}, {spec: {containers: ['a']}}, {spec: {$patch: 'explode'}}]) {
		t.throws(() => strategic('Pod', pod, patch as JsonObject), {instanceOf: StrategicPatchFailed});
	}
});
