import type {Schemas} from '../schema/schemas.ts';
import {isObject, type Json, type JsonObject, type Schema} from '../types.ts';
import {PatchError} from './json-patch.ts';
import {mergeLists, primitiveLists} from './strategic-list.ts';

const orderPrefix = '$setElementOrder/';
const deletionPrefix = '$deleteFromPrimitiveList/';

/**
 * Strategic merge patch: like a JSON merge patch, but lists are merged where the schema of the built-in kind has a merge key, and the
 * directives `$patch`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` are obeyed. Gives a new object; throws PatchError.
 */
export function strategicMergePatch(schemas: Schemas, schema: Schema, target: JsonObject, patch: JsonObject): JsonObject {
	const mergeMaps = (unresolved: Schema, old: Json | undefined, next: JsonObject): JsonObject => {
		const map = schemas.resolve(unresolved);
		const {$patch: directive, $retainKeys: retained, ...fields} = next;
		if (directive === 'replace') return withoutDirectives(fields);
		if (directive === 'delete') return {};
		if (directive !== undefined && directive !== 'merge')
			throw new PatchError(`unknown $patch directive ${JSON.stringify(directive)}`);
		const result = retain(isObject(old) ? old : {}, retained);
		const deletions = Object.keys(fields).filter(key => key.startsWith(deletionPrefix));
		for (const key of deletions) {
			const field = key.slice(deletionPrefix.length);
			result[field] = primitiveLists.without(listOf(result[field], field), listOf(fields[key], key));
		}
		for (const [key, value] of Object.entries(fields)) {
			if (key.startsWith(deletionPrefix) || key.startsWith(orderPrefix)) continue;
			if (value === null) delete result[key];
			else result[key] = mergeValue(propertyOf(map, key), result[key], value, fields[`${orderPrefix}${key}`]);
		}
		for (const [key, order] of Object.entries(fields)) {
			const field = key.slice(orderPrefix.length);
			if (!key.startsWith(orderPrefix) || field in fields || !Array.isArray(result[field])) continue;
			result[field] = mergeValue(propertyOf(map, field), result[field], [], order);
		}
		return result;
	};

	const mergeValue = (unresolved: Schema, old: Json | undefined, next: Json, order: Json | undefined): Json => {
		if (isObject(next)) return mergeMaps(unresolved, old, next);
		if (!Array.isArray(next)) return next;
		const list = schemas.resolve(unresolved);
		const strategies = (list['x-kubernetes-patch-strategy'] ?? '').split(',');
		if (!strategies.includes('merge')) return next;
		const key = list['x-kubernetes-patch-merge-key'];
		const items = list.items ?? {};
		const wanted = order === undefined ? undefined : listOf(order, 'element order');
		if (key === undefined) return primitiveLists.merge(listOf(old, 'list'), next, wanted);
		return mergeLists(listOf(old, 'list'), next, {key, order: wanted, merge: (one, other) => mergeMaps(items, one, other)});
	};

	return mergeMaps(schema, target, patch);
}

/** The schema of a member: a named property, or what all members of a map share. */
function propertyOf(schema: Schema, key: string): Schema {
	const property = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
	return property ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {});
}

/** Of a union, only the members that the patch names stay. */
function retain(old: JsonObject, retained: Json | undefined): JsonObject {
	if (retained === undefined) return {...old};
	const names = listOf(retained, '$retainKeys');
	return Object.fromEntries(Object.entries(old).filter(([key]) => names.includes(key)));
}

function listOf(value: Json | undefined, name: string): Json[] {
	if (value === undefined || value === null) return [];
	if (!Array.isArray(value)) throw new PatchError(`${name} is not a list`);
	return value;
}

function withoutDirectives(fields: JsonObject): JsonObject {
	return Object.fromEntries(Object.entries(fields).filter(([key, value]) => !key.startsWith('$') && value !== null));
}
