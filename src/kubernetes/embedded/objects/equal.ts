import {type ApiObject, without} from '../types.ts';

/** Deep equality of JSON values; the order of keys does not count. */
export function equal(left: unknown, right: unknown): boolean {
	if (left === right) return true;
	if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
	if (Array.isArray(left) || Array.isArray(right)) {
		if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
		return left.every((entry, index) => equal(entry, right[index]));
	}
	const leftEntries = Object.entries(left).filter(([, value]) => value !== undefined);
	const rightMap = new Map(Object.entries(right).filter(([, value]) => value !== undefined));
	return (
		leftEntries.length === rightMap.size &&
		leftEntries.every(([key, value]) => rightMap.has(key) && equal(value, rightMap.get(key)))
	);
}

/** True when a write changes nothing. */
export function unchanged(current: ApiObject, next: ApiObject): boolean {
	return equal(significant(current), significant(next));
}

function significant(object: ApiObject): Record<string, unknown> {
	return {...object, metadata: without(object.metadata, 'resourceVersion')};
}

/** True when anything but metadata and status differs: what `metadata.generation` counts. */
export function specChanged(current: ApiObject, next: ApiObject): boolean {
	const body = (object: ApiObject) => without(object, 'metadata', 'status');
	return !equal(body(current), body(next));
}

export function clone<T>(value: T): T {
	return structuredClone(value);
}
