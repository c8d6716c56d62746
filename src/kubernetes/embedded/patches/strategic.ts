import {equal} from '../objects/equal.ts';
import type {Schemas} from '../schema/schemas.ts';
import {drop, isObject, type Json, type JsonObject, type Schema} from '../types.ts';

const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

/** A strategic merge patch that cannot be applied. */
export class StrategicPatchFailed extends Error {
	override readonly name = 'StrategicPatchFailed';
}

/**
 * Strategic merge patch: as JSON merge patch, but lists with a merge key are merged item by item, lists of plain values by union, with the
 * directives `$patch`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…`. The schema says which lists merge.
 */
export function strategicPatch(schemas: Schemas, schema: Schema, target: JsonObject, patch: JsonObject): JsonObject {
	return mergeObject(schemas, schemas.resolve(schema), target, patch);
}

function mergeObject(schemas: Schemas, schema: Schema, target: JsonObject, patch: JsonObject): JsonObject {
	const {$patch: directive, $retainKeys: retained, ...fields} = patch;
	if (directive === 'replace') return withoutDirectives(fields);
	if (directive === 'delete') return {};
	if (directive !== undefined && directive !== 'merge')
		throw new StrategicPatchFailed(`unknown $patch ${JSON.stringify(directive)}`);
	const result: JsonObject = {...target};
	if (Array.isArray(retained)) {
		for (const key of Object.keys(result)) if (!retained.includes(key)) drop(result, key);
	}
	for (const [key, value] of Object.entries(fields)) {
		if (key.startsWith(orderPrefix) || key.startsWith(deletePrefix)) continue;
		if (value === null) drop(result, key);
		else result[key] = mergeField(schemas, fieldSchema(schemas, schema, key), result[key], value, fields[`${orderPrefix}${key}`]);
	}
	applyListDirectives(schemas, schema, result, fields);
	return result;
}

/** Directives for lists that the patch does not hold itself. */
function applyListDirectives(schemas: Schemas, schema: Schema, result: JsonObject, fields: JsonObject): void {
	for (const [key, value] of Object.entries(fields)) {
		const isDirective = key.startsWith(deletePrefix) || key.startsWith(orderPrefix);
		if (!Array.isArray(value)) {
			if (isDirective) throw new StrategicPatchFailed(`${key} must be a list`);
			continue;
		}
		if (key.startsWith(deletePrefix)) {
			const list = result[key.slice(deletePrefix.length)];
			if (Array.isArray(list))
				result[key.slice(deletePrefix.length)] = list.filter(item => !value.some(gone => equal(gone, item)));
		} else if (key.startsWith(orderPrefix)) {
			const name = key.slice(orderPrefix.length);
			const list = result[name];
			if (!Array.isArray(list) || fields[name] !== undefined) continue;
			result[name] = inOrder(list, list, value, fieldSchema(schemas, schema, name)['x-kubernetes-patch-merge-key']);
		}
	}
}

function fieldSchema(schemas: Schemas, schema: Schema, key: string): Schema {
	const own = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
	if (own) return schemas.resolve(own);
	const {additionalProperties} = schema;
	return typeof additionalProperties === 'object' ? schemas.resolve(additionalProperties) : {};
}

function mergeField(schemas: Schemas, schema: Schema, target: Json | undefined, patch: Json, order: Json | undefined): Json {
	if (isObject(patch)) return mergeObject(schemas, schema, isObject(target) ? target : {}, patch);
	if (!Array.isArray(patch)) return patch;
	const strategy = (schema['x-kubernetes-patch-strategy'] ?? '').split(',');
	if (!strategy.includes('merge')) return patch.map(strip);
	const key = schema['x-kubernetes-patch-merge-key'];
	const list = Array.isArray(target) ? target : [];
	const wanted = Array.isArray(order) ? order : undefined;
	if (key === undefined) {
		const added = patch.filter((item, index) => patch.findIndex(other => equal(other, item)) === index);
		const all = [...list, ...added.filter(item => !list.some(other => equal(other, item)))];
		return wanted ? inOrder(all, list, wanted, undefined) : all;
	}
	return mergeList(schemas, schemas.resolve(schema.items ?? {}), list, patch, {key, order: wanted});
}

function mergeList(
	schemas: Schemas,
	itemSchema: Schema,
	target: readonly Json[],
	patch: readonly Json[],
	{key, order}: {key: string; order: Json[] | undefined},
): Json[] {
	let result = [...target];
	const touched: Json[] = [];
	if (patch.some(item => isReplaceAll(item, key))) {
		return patch.filter(item => !isReplaceAll(item, key)).map(strip);
	}
	for (const item of patch) {
		if (!isObject(item) || item[key] === undefined) {
			throw new StrategicPatchFailed(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
		}
		const id = item[key];
		if (item['$patch'] === 'delete') {
			result = result.filter(other => keyOf(other, key) !== id);
			continue;
		}
		touched.push({[key]: id});
		const index = result.findIndex(other => keyOf(other, key) === id);
		const current = result[index];
		const merged = mergeObject(schemas, itemSchema, isObject(current) ? current : {}, item);
		if (index < 0) result.push(merged);
		else result[index] = merged;
	}
	return inOrder(result, target, order ?? touched, key);
}

/** An element that only says that the list is to be replaced. */
function isReplaceAll(item: Json, key: string): boolean {
	return isObject(item) && item['$patch'] === 'replace' && item[key] === undefined;
}

function keyOf(item: Json, key: string | undefined): Json | undefined {
	if (key === undefined) return item;
	return isObject(item) ? item[key] : undefined;
}

/**
 * Orders a merged list: items named by `order` stand in that order; each of the others is put before the first of those that came after it
 * in the list the server had.
 */
function inOrder(list: readonly Json[], before: readonly Json[], order: readonly Json[], key: string | undefined): Json[] {
	const place = (item: Json, of: readonly Json[]) => of.findIndex(other => equal(keyOf(other, key), keyOf(item, key)));
	const named = list.filter(item => place(item, order) >= 0).sort((left, right) => place(left, order) - place(right, order));
	const others = list.filter(item => place(item, order) < 0).sort((left, right) => place(left, before) - place(right, before));
	const result = [...named];
	let from = 0;
	for (const item of others) {
		while (from < result.length && place(result[from] ?? null, before) <= place(item, before)) from++;
		result.splice(from, 0, item);
		from++;
	}
	return result;
}

function strip(value: Json): Json {
	if (Array.isArray(value)) return value.map(strip);
	return isObject(value) ? withoutDirectives(value) : value;
}

function withoutDirectives(value: JsonObject): JsonObject {
	const entries = Object.entries(value).filter(
		([key, entry]) =>
			entry !== null &&
			key !== '$patch' &&
			key !== '$retainKeys' &&
			!key.startsWith(orderPrefix) &&
			!key.startsWith(deletePrefix),
	);
	return Object.fromEntries(entries.map(([key, entry]) => [key, strip(entry)]));
}
