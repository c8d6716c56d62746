import {drop, isObject, type Json} from '../types.ts';

/** JSON merge patch (RFC 7386): objects are merged, null removes, everything else replaces. Gives a new value. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
	if (!isObject(patch)) return patch;
	const result = isObject(target) ? {...target} : {};
	for (const [key, value] of Object.entries(patch)) {
		if (value === null) drop(result, key);
		else result[key] = mergePatch(result[key], value);
	}
	return result;
}
