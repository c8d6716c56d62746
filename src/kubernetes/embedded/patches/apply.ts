import {equal} from '../objects/equal.ts';
import type {Schemas} from '../schema/schemas.ts';
import {drop, isObject, type Json, type JsonObject, type Schema} from '../types.ts';
import {mergeKeys, type Step, stepOf} from './fields.ts';

/** Puts an applied configuration over an object: maps and keyed lists are merged, everything else is replaced. */
export function applyMerge(schemas: Schemas, schema: Schema, target: Json | undefined, applied: Json): Json {
	const resolved = schemas.resolve(schema);
	if (isObject(applied)) {
		if (!isObject(target) || resolved['x-kubernetes-map-type'] === 'atomic') return applied;
		const result: JsonObject = {...target};
		for (const [key, value] of Object.entries(applied))
			result[key] = applyMerge(schemas, propertyOf(resolved, key), target[key], value);
		return result;
	}
	const keys = mergeKeys(resolved);
	if (!Array.isArray(applied) || !Array.isArray(target) || !keys) return applied;
	const result = [...target];
	for (const item of applied) {
		const index = result.findIndex(other => equal(stepOf(other, keys), stepOf(item, keys)));
		if (index < 0) result.push(item);
		else result[index] = applyMerge(schemas, resolved.items ?? {}, result[index], item);
	}
	return result;
}

function propertyOf(schema: Schema, key: string): Schema {
	const own = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
	if (own) return own;
	return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
}

/** Takes the field at a path out of an object, and containers that are left empty by it. Changes `root`. */
export function removeField(root: JsonObject, path: readonly Step[]): void {
	const steps = path.at(-1) === '.' ? path.slice(0, -1) : path;
	removeFrom(root, steps);
}

function removeFrom(value: Json | undefined, [step, ...rest]: readonly Step[]): void {
	if (step === undefined || step === '.') return;
	if ('field' in step) {
		if (!isObject(value) || !Object.hasOwn(value, step.field)) return;
		if (rest.length > 0) removeFrom(value[step.field], rest);
		if (rest.length === 0 || isEmpty(value[step.field])) drop(value, step.field);
		return;
	}
	if (!Array.isArray(value)) return;
	const index = value.findIndex(item => ('value' in step ? equal(item, step.value) : holdsKeys(item, step.item)));
	if (index < 0) return;
	if (rest.length === 0) value.splice(index, 1);
	else removeFrom(value[index], rest);
}

function holdsKeys(item: Json, keys: JsonObject): boolean {
	return isObject(item) && equal(stepOf(item, Object.keys(keys)), {item: keys});
}

function isEmpty(value: Json | undefined): boolean {
	if (Array.isArray(value)) return value.length === 0;
	return isObject(value) && Object.keys(value).length === 0;
}
