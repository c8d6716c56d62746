import test from 'ava';
import {customResources} from '../../../src/kubernetes/embedded/objects/registry.ts';
import {createOpenApi} from '../../../src/kubernetes/embedded/openapi/document.ts';
import {builtinResources} from '../../../src/kubernetes/embedded/resources.ts';
import {customCauses, withDefaults} from '../../../src/kubernetes/embedded/schema/custom.ts';
import {loadSchemas} from '../../../src/kubernetes/embedded/schema/schemas.ts';
import {validateObject} from '../../../src/kubernetes/embedded/schema/validate.ts';
import type {ApiResource, JsonObject, Schema} from '../../../src/kubernetes/embedded/types.ts';
import {widgetDefinition} from '../../helpers/widget.ts';

const schemas = await loadSchemas();
const [widget] = customResources(widgetDefinition) as [ApiResource];
const served = [...builtinResources, widget];

function check(kind: string, object: JsonObject) {
	const resource = served.find(type => type.kind === kind);
	const schema = resource && schemas.ofResource(resource);
	if (!schema) throw new Error(`no schema of ${kind}`);
	return validateObject(schemas, schema, object, {kind, custom: resource.custom !== undefined});
}

test('every kind whose objects are stored has a schema', t => {
	for (const resource of builtinResources.filter(({refusal}) => refusal === undefined)) {
		t.truthy(schemas.ofResource(resource), resource.kind);
	}
});

test('unknown fields are named with their path and left out', t => {
	const {object, unknown, typeError} = check('Pod', {
		apiVersion: 'v1',
		kind: 'Pod',
		spce: 1,
		metadata: {name: 'p', labels: {any: 'thing'}, creationTimestamp: null, lables: {}},
		spec: {containers: [{name: 'a', imgae: 'x', resources: {limits: {memory: 5}}}], nodeName: 'n'},
	});
	t.deepEqual(
		unknown,
		['metadata.lables', 'spce', 'spec.containers[0].imgae'].map(path => `unknown field "${path}"`),
	);
	t.is(typeError, undefined);
	t.deepEqual(object, {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name: 'p', labels: {any: 'thing'}, creationTimestamp: null},
		spec: {containers: [{name: 'a', resources: {limits: {memory: 5}}}], nodeName: 'n'},
	});
});

const wrongTypes: [string, JsonObject, string][] = [
	['ConfigMap', {data: {a: 1}}, 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string'],
	['Pod', {spec: {nodeName: 5}}, 'json: cannot unmarshal number into Go struct field PodSpec.spec.nodeName of type string'],
	[
		'Pod',
		{spec: {hostNetwork: 'yes'}},
		'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
	],
	['Node', {spec: []}, 'json: cannot unmarshal array into Go struct field Node.spec of type object'],
	[
		'Lease',
		{spec: {leaseDurationSeconds: '40'}},
		'json: cannot unmarshal string into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32',
	],
];
for (const [kind, object, message] of wrongTypes) {
	test(`${kind} ${JSON.stringify(object)} has a wrong type`, t => {
		t.is(check(kind, object).typeError, message);
	});
}

test('a definition of resources may hold any schema', t => {
	const {object, unknown} = check('CustomResourceDefinition', widgetDefinition as JsonObject);
	t.deepEqual(unknown, []);
	t.deepEqual(object, widgetDefinition as JsonObject);
});

test('custom resources lose unknown fields, keep their metadata and get defaults', t => {
	const sent = {
		apiVersion: 'demo.example.test/v1',
		kind: 'Widget',
		metadata: {name: 'w', finalizers: ['a/b']},
		spec: {size: 1, x: 2},
	};
	const {object, unknown} = check('Widget', sent);
	t.deepEqual(unknown, ['unknown field "spec.x"']);
	t.deepEqual(withDefaults(widget.custom?.schema as Schema, object), {...sent, spec: {size: 1, color: 'red'}});
});

test('everything that a custom resource may not be is said at once', t => {
	const causes = customCauses(widget.custom?.schema as Schema, {
		spec: {size: 11, color: 'blue', items: [{value: 3}, 'x']},
		status: null,
	});
	t.deepEqual(
		causes.map(({field, reason, message}) => `${field} ${reason}: ${message}`),
		[
			'spec.size FieldValueInvalid: Invalid value: 11: spec.size in body should be less than or equal to 10',
			'spec.color FieldValueNotSupported: Unsupported value: "blue": supported values: "red", "green"',
			'spec.items[0].name FieldValueRequired: Required value',
			'spec.items[0].value FieldValueTypeInvalid: Invalid value: "integer": spec.items[0].value in body must be of type string: "integer"',
			'spec.items[1] FieldValueTypeInvalid: Invalid value: "string": spec.items[1] in body must be of type object: "string"',
			'status FieldValueTypeInvalid: Invalid value: "null": status in body must be of type object: "null"',
		],
	);
	t.deepEqual(
		customCauses(widget.custom?.schema as Schema, {}).map(({field}) => field),
		['spec'],
	);
});

test('OpenAPI documents are complete, and a changed definition changes the hash', t => {
	const openapi = createOpenApi(schemas, 'v1.32.9');
	const {paths} = JSON.parse(openapi.index(served).body) as {paths: Record<string, {serverRelativeURL: string}>};
	t.deepEqual(Object.keys(paths).slice(0, 1), ['api/v1']);
	for (const [path, {serverRelativeURL}] of Object.entries(paths)) {
		const document = openapi.document(served, path);
		t.is(serverRelativeURL, `/openapi/v3/${path}?hash=${document?.hash}`);
		const names = Object.keys((JSON.parse(document?.body ?? '') as {components: {schemas: object}}).components.schemas);
		const references = [...(document?.body ?? '').matchAll(/#\/components\/schemas\/([\w.-]+)/g)].map(([, name]) => name);
		t.deepEqual(
			[...new Set(references)].filter(name => !names.includes(name ?? '')),
			[],
			path,
		);
	}
	t.is(openapi.document(served, 'apis/none/v1'), undefined);

	const path = 'apis/demo.example.test/v1';
	const changed = {...widget, custom: {columns: [], schema: {type: 'object'}}};
	t.not(openapi.document([changed], path)?.hash, openapi.document(served, path)?.hash);
	const {components} = JSON.parse(openapi.document(served, path)?.body ?? '') as {
		components: {schemas: Record<string, JsonObject>};
	};
	t.deepEqual(components.schemas['test.example.demo.v1.Widget']?.['x-kubernetes-group-version-kind'], [
		{group: 'demo.example.test', version: 'v1', kind: 'Widget'},
	]);
});
