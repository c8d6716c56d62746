import {readFileSync} from 'node:fs';
import test from 'ava';
import {customResources} from '../../../src/kubernetes/embedded/objects/registry.ts';
import {builtinResources} from '../../../src/kubernetes/embedded/resources.ts';
import {select} from '../../../src/kubernetes/embedded/tables/custom.ts';
import {humanDuration} from '../../../src/kubernetes/embedded/tables/duration.ts';
import {toTable} from '../../../src/kubernetes/embedded/tables/table.ts';
import {type ApiObject, type ApiResource, groupVersion} from '../../../src/kubernetes/embedded/types.ts';
import {widgetDefinition} from '../../helpers/widget.ts';

type Row = {scenario: string; object: ApiObject; cells: unknown[]};
type Definition = {name: string; type: string; format?: string; priority: number};
/** Objects and cells as kube-apiserver v1.32 showed them. */
const recorded = JSON.parse(readFileSync('test/fixtures/kube-api/tables.json', 'utf8')) as {
	rows: Row[];
	columns: Record<string, Definition[]>;
};
const served: readonly ApiResource[] = [...builtinResources, ...customResources(widgetDefinition)];
const now = Date.parse('2025-01-01T00:10:00Z');

/** Ages depend on when the recording was made. */
const withoutAges = (cells: unknown[]) =>
	cells.map(cell => (typeof cell === 'string' && /^(\d+[smhdy])+$/.test(cell) ? '<age>' : cell));

for (const [index, {scenario, object, cells}] of recorded.rows.entries()) {
	test(`row ${index} of scenario ${scenario}: ${object.kind} ${object.metadata.name}`, t => {
		const resource = served.find(type => type.kind === object.kind && groupVersion(type) === object.apiVersion);
		t.truthy(resource);
		if (!resource) return;
		const {rows} = toTable(resource, [object], {now}) as {rows: {cells: unknown[]}[]};
		t.deepEqual(withoutAges(rows[0]?.cells ?? []), withoutAges(cells));
	});
}

for (const [key, definitions] of Object.entries(recorded.columns)) {
	test(`columns of ${key}`, t => {
		const resource = served.find(type => `${groupVersion(type)}/${type.plural}` === key);
		t.truthy(resource);
		if (!resource) return;
		const {columnDefinitions} = toTable(resource, [], {now}) as {columnDefinitions: Definition[]};
		const shape = ({name, type, format = '', priority}: Definition) => ({name, type, format, priority});
		t.deepEqual(columnDefinitions.map(shape), definitions.map(shape));
	});
}

test('rows carry as much of the object as was asked for, and later watch events no columns', t => {
	const [row] = recorded.rows.filter(({object}) => object.kind === 'ConfigMap');
	const resource = builtinResources.find(({kind}) => kind === 'ConfigMap');
	if (!row || !resource) return t.fail();
	const {object} = row;
	const shown = (include?: 'None' | 'Metadata' | 'Object') => {
		const {rows} = toTable(resource, [object], {now, ...(include && {include})}) as {rows: {object: unknown}[]};
		return rows[0]?.object;
	};
	t.deepEqual(shown(), {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata});
	t.deepEqual(shown('Object'), object);
	t.is(shown('None'), null);
	const event = toTable(resource, [object], {now, version: 'v1beta1', withoutColumns: true, metadata: {resourceVersion: '7'}});
	t.like(event, {apiVersion: 'meta.k8s.io/v1beta1', columnDefinitions: null, metadata: {resourceVersion: '7'}});
});

const second = 1000;
const durations: [number, string][] = [
	[-5, '<invalid>'],
	[-1.5, '0s'],
	[0, '0s'],
	[119, '119s'],
	[120, '2m'],
	[125, '2m5s'],
	[599, '9m59s'],
	[600, '10m'],
	[3 * 3600 - 1, '179m'],
	[3 * 3600, '3h'],
	[3 * 3600 + 60, '3h1m'],
	[8 * 3600, '8h'],
	[47.9 * 3600, '47h'],
	[48 * 3600, '2d'],
	[50 * 3600, '2d2h'],
	[8 * 86400, '8d'],
	[730 * 86400, '2y'],
	[740 * 86400, '2y10d'],
	[9 * 365 * 86400, '9y'],
];
for (const [seconds, text] of durations) {
	test(`a duration of ${seconds} s reads ${text}`, t => {
		t.is(humanDuration(seconds * second), text);
	});
}

const paths: [string, unknown][] = [
	['.spec.size', 3],
	['.metadata.annotations.example\\.test/note', 'yes'],
	['.status.conditions[?(@.type=="Ready")].status', 'True'],
	['.status.conditions[0].type', 'Old'],
	['.status.conditions[*].type', 'Old'],
	["['spec']['size']", 3],
	['.spec.none', undefined],
	['.spec.size | strange', undefined],
];
for (const [path, value] of paths) {
	test(`a column at ${path}`, t => {
		const object: ApiObject = {
			apiVersion: 'v1',
			kind: 'Widget',
			metadata: {name: 'w', annotations: {'example.test/note': 'yes'}},
			spec: {size: 3},
			status: {conditions: [{type: 'Old'}, {type: 'Ready', status: 'True'}]},
		};
		t.is(select(object, path), value as never);
	});
}
