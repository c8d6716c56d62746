import {isObject, type Json, type JsonObject, type Schema} from '../types.ts';
import {referenceOf, type Schemas, typeName} from './schemas.ts';

/** The result of comparing an object with its schema. */
export type Checked = {
	/** The object without the fields that the schema does not know. */
	object: JsonObject;
	/** `unknown field "spec.foo"`, in the order in which the fields stand in the schema's tree. */
	unknown: string[];
	/** What has the wrong type, as the real server words it: `json: cannot unmarshal …`. Undefined when all types fit. */
	typeError?: string;
};

type Walk = {schemas: Schemas; custom: boolean; unknown: string[]; typeErrors: string[]};
type Place = {path: string; typeName: string; goPath: string};

/**
 * Checks field names and types of a whole object against its schema. `kind` names it in messages. Values (required, ranges, patterns)
 * are not looked at. Give the schema that `Schemas.ofResource` returns.
 */
export function validateObject(
	schemas: Schemas,
	schema: Schema,
	object: JsonObject,
	{kind, custom = false}: {kind: string; custom?: boolean},
): Checked {
	const walk: Walk = {schemas, custom, unknown: [], typeErrors: []};
	const checked = visit(walk, schema, object, {path: '', typeName: kind, goPath: ''});
	const [typeError] = walk.typeErrors;
	return {
		object: isObject(checked) ? checked : object,
		unknown: walk.unknown.sort().map(path => `unknown field "${path}"`),
		...(typeError !== undefined && {typeError}),
	};
}

function visit(outer: Walk, unresolved: Schema, value: Json, place: Place): Json {
	const reference = referenceOf(unresolved);
	// What a custom resource's schema refers to (its metadata) is built in.
	const walk = reference === undefined ? outer : {...outer, custom: false};
	const schema = walk.schemas.resolve(unresolved);
	const here = reference === undefined ? place : {...place, typeName: typeName(reference)};
	// Go decodes null into the zero value of whatever is there.
	if (value === null || schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string') return value;
	if (isObject(value)) return visitObject(walk, schema, value, here, place);
	if (Array.isArray(value)) {
		if (schema.type !== undefined && schema.type !== 'array') mismatch(walk, 'array', schema, place);
		const item = schema.items;
		return item === undefined
			? value
			: value.map((entry, index) => visit(walk, item, entry, {...here, path: `${place.path}[${index}]`}));
	}
	if (schema.type !== undefined && !fits(schema, value)) mismatch(walk, typeOf(value), schema, place);
	return value;
}

function visitObject(walk: Walk, schema: Schema, value: JsonObject, here: Place, place: Place): Json {
	if (schema.type !== undefined && schema.type !== 'object') {
		mismatch(walk, 'object', schema, place);
		return value;
	}
	const {properties, additionalProperties} = schema;
	const embedded = schema['x-kubernetes-embedded-resource'] === true;
	const open = schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true || embedded;
	// A built-in schema without properties stands for any JSON; a custom resource's for an empty object.
	if (properties === undefined && additionalProperties === undefined && (!walk.custom || schema.type === undefined)) return value;
	if (typeof additionalProperties === 'object') {
		const entries = Object.entries(value).map(([name, entry]) => {
			return [name, visit(walk, additionalProperties, entry, {...here, path: join(here.path, name)})] as const;
		});
		return Object.fromEntries(entries);
	}
	return prune(walk, properties ?? {}, value, here, open);
}

function prune(walk: Walk, properties: Record<string, Schema>, value: JsonObject, here: Place, open: boolean): JsonObject {
	const kept: JsonObject = {};
	for (const [name, entry] of Object.entries(value)) {
		const path = join(here.path, name);
		const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
		if (schema === undefined) {
			// Assigning this name would set the prototype instead of a field.
			if (open && name !== '__proto__') kept[name] = entry;
			else walk.unknown.push(path);
		} else {
			kept[name] = visit(walk, schema, entry, {path, typeName: here.typeName, goPath: join(here.goPath, name)});
		}
	}
	return kept;
}

const join = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);

function fits(schema: Schema, value: string | number | boolean): boolean {
	if (schema.type === 'integer') return Number.isInteger(value);
	if (schema.type === 'number') return typeof value === 'number';
	return schema.type === typeof value;
}

function mismatch(walk: Walk, got: string, schema: Schema, {typeName: owner, goPath}: Place): void {
	const field = goPath === '' ? `Go value of type ${owner}` : `Go struct field ${owner}.${goPath} of type ${goType(schema)}`;
	walk.typeErrors.push(`json: cannot unmarshal ${got} into ${field}`);
}

const typeOf = (value: string | number | boolean) => (typeof value === 'boolean' ? 'bool' : typeof value);

function goType(schema: Schema): string {
	if (schema.type === 'integer') return schema.format ?? 'int';
	if (schema.type === 'boolean') return 'bool';
	if (schema.type === 'array') return `[]${goType(schema.items ?? {})}`;
	if (schema.type === 'object')
		return typeof schema.additionalProperties === 'object' ? `map[string]${goType(schema.additionalProperties)}` : 'object';
	return schema.type ?? 'interface {}';
}
