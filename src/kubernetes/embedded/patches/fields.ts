import type {Schemas} from '../schema/schemas.ts';
import {isObject, type Json, type JsonObject, type Schema, without} from '../types.ts';

/** One step into an object: a field, the item of a list with these key values, or a value of a set. `.` is the container itself. */
export type Step = {field: string} | {item: JsonObject} | {value: Json} | '.';

/** Fields of an object: path (as text) → path and the value there. Lists that are not merged and empty containers count as one field. */
export type Fields = Map<string, {path: readonly Step[]; value: Json}>;

/** Metadata that nobody owns. */
const unowned = new Set([
	'name',
	'namespace',
	'uid',
	'generateName',
	'selfLink',
	'creationTimestamp',
	'generation',
	'resourceVersion',
	'managedFields',
	'deletionTimestamp',
	'deletionGracePeriodSeconds',
]);

export const pathText = (path: readonly Step[]): string => path.map(stepText).join('\u0000');

/** The notation of FieldsV1: `f:name`, `k:{"name":"main"}`, `v:"x"`, `.`. */
export function stepText(step: Step): string {
	if (step === '.') return '.';
	if ('field' in step) return `f:${step.field}`;
	return 'item' in step ? `k:${JSON.stringify(step.item)}` : `v:${JSON.stringify(step.value)}`;
}

export function parseStep(text: string): Step {
	if (text === '.') return '.';
	const rest = text.slice(2);
	if (text.startsWith('f:')) return {field: rest};
	const value = JSON.parse(rest) as Json;
	return text.startsWith('k:') && isObject(value) ? {item: value} : {value};
}

/** The fields of a whole object that managers can own. */
export function fieldsOf(schemas: Schemas, schema: Schema, object: JsonObject): Fields {
	const fields: Fields = new Map();
	const {metadata} = object;
	const rest = without(object, 'apiVersion', 'kind', 'metadata');
	const owned = isObject(metadata) ? Object.fromEntries(Object.entries(metadata).filter(([key]) => !unowned.has(key))) : {};
	const resolved = schemas.resolve(schema);
	for (const [key, value] of Object.entries({metadata: owned, ...rest})) {
		if (key === 'metadata' && Object.keys(owned).length === 0) continue;
		visit(schemas, propertyOf(schemas, resolved, key), value, [{field: key}], fields);
	}
	return fields;
}

function propertyOf(schemas: Schemas, schema: Schema, key: string): Schema {
	const own = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
	if (own) return schemas.resolve(own);
	const {additionalProperties} = schema;
	return typeof additionalProperties === 'object' ? schemas.resolve(additionalProperties) : {};
}

function visit(schemas: Schemas, schema: Schema, value: Json, path: readonly Step[], fields: Fields): void {
	const leaf = () => fields.set(pathText(path), {path, value});
	if (isObject(value)) {
		const entries = Object.entries(value);
		if (entries.length === 0 || schema['x-kubernetes-map-type'] === 'atomic') return void leaf();
		for (const [key, entry] of entries) visit(schemas, propertyOf(schemas, schema, key), entry, [...path, {field: key}], fields);
		return;
	}
	const keys = mergeKeys(schema);
	if (!Array.isArray(value) || value.length === 0 || !keys) return void leaf();
	for (const item of value) {
		const step = stepOf(item, keys);
		const inside = [...path, step];
		fields.set(pathText([...inside, '.']), {path: [...inside, '.'], value: true});
		if (!('item' in step) || !isObject(item)) continue;
		const itemSchema = schemas.resolve(schema.items ?? {});
		for (const [key, entry] of Object.entries(item))
			visit(schemas, propertyOf(schemas, itemSchema, key), entry, [...inside, {field: key}], fields);
	}
}

/** The keys by which a list is merged; empty for a set; undefined when the list is one value. */
export function mergeKeys(schema: Schema): readonly string[] | undefined {
	if (schema['x-kubernetes-list-type'] === 'set') return [];
	return schema['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined;
}

/** Which item of a merged list this is. A key that is left out counts with its usual value: ports are TCP. */
export function stepOf(item: Json, keys: readonly string[]): {item: JsonObject} | {value: Json} {
	if (keys.length === 0 || !isObject(item)) return {value: item};
	const pairs = [...keys].sort().map(key => [key, item[key] ?? (key === 'protocol' ? 'TCP' : '')] as const);
	return {item: Object.fromEntries(pairs)};
}

/** FieldsV1 of a set of paths. */
export function toFieldsV1(paths: Iterable<readonly Step[]>): JsonObject {
	const root: JsonObject = {};
	for (const path of paths) {
		let level = root;
		for (const step of path) {
			const text = stepText(step);
			const next = level[text];
			const below: JsonObject = isObject(next) ? next : {};
			level[text] = below;
			level = below;
		}
	}
	return root;
}

/** The paths in a FieldsV1; what cannot be read is nobody's. */
export function fromFieldsV1(value: Json | undefined): Map<string, readonly Step[]> {
	const paths = new Map<string, readonly Step[]>();
	const walk = (level: Json | undefined, path: readonly Step[]): void => {
		const entries = isObject(level) ? Object.entries(level) : [];
		if (entries.length === 0 && path.length > 0) paths.set(pathText(path), path);
		for (const [text, below] of entries) {
			try {
				walk(below, [...path, parseStep(text)]);
			} catch (error) {
				if (!(error instanceof SyntaxError)) throw error;
			}
		}
	};
	walk(value, []);
	return paths;
}

/** `.spec.containers[name="main"].image`: how messages name a field. */
export function shownPath(path: readonly Step[]): string {
	return path
		.map(step => {
			if (step === '.') return '';
			if ('field' in step) return `.${step.field}`;
			if ('value' in step) return `[=${JSON.stringify(step.value)}]`;
			return `[${Object.entries(step.item)
				.map(([key, value]) => `${key}=${JSON.stringify(value)}`)
				.join(',')}]`;
		})
		.join('');
}
