import {isObject, type Json, type JsonObject} from '../types.ts';
import {PatchError} from './json-patch.ts';

export type ListMerge = {
	/** Member that tells one element from another. */
	key: string;
	/** `$setElementOrder`: elements that hold the merge key only, in the order in which they should stand. */
	order: readonly Json[] | undefined;
	merge(old: JsonObject, next: JsonObject): JsonObject;
};

/** Merges a list of maps by its merge key; elements of the patch may carry `$patch: delete` or `$patch: replace`. */
export function mergeLists(old: readonly Json[], patch: readonly Json[], {key, order, merge}: ListMerge): Json[] {
	const elements = patch.map(element => {
		if (!isObject(element)) throw new PatchError(`an element of a list merged by ${JSON.stringify(key)} is not an object`);
		return element;
	});
	if (elements.some(element => element['$patch'] === 'replace' && element[key] === undefined)) {
		return elements.filter(element => element['$patch'] === undefined);
	}
	let result = old.filter(isObject);
	for (const element of elements) {
		const id = idOf(element, key);
		const {$patch: directive, ...rest} = element;
		const index = result.findIndex(item => item[key] === id);
		if (directive === 'delete') result = result.filter(item => item[key] !== id);
		else if (directive === 'replace') result = index === -1 ? [...result, rest] : result.with(index, rest);
		else if (index === -1) result = [...result, merge({}, element)];
		else result = result.with(index, merge(result[index] ?? {}, element));
	}
	if (order === undefined) return result;
	const wanted = order.map(element => (isObject(element) ? idOf(element, key) : element));
	return ordered(
		result,
		old.filter(isObject).map(item => item[key] ?? null),
		wanted,
		item => (isObject(item) ? (item[key] ?? null) : item),
	);
}

/** Lists of plain values that are merged: a set in which the order of appearance is kept. */
export const primitiveLists = {
	merge(old: readonly Json[], patch: readonly Json[], order: readonly Json[] | undefined): Json[] {
		const result = [...old, ...patch.filter(value => !old.includes(value))];
		return order === undefined ? result : ordered(result, old, order, value => value);
	},
	without: (old: readonly Json[], removed: readonly Json[]): Json[] => old.filter(value => !removed.includes(value)),
};

/** Elements in the wanted order; those that only the server has keep their place before whatever came after them. */
function ordered(
	items: readonly Json[],
	before: readonly Json[],
	wanted: readonly Json[],
	idOfItem: (item: Json) => Json,
): Json[] {
	const known = items.filter(item => wanted.includes(idOfItem(item)));
	const named = known.toSorted((one, other) => wanted.indexOf(idOfItem(one)) - wanted.indexOf(idOfItem(other)));
	const result: Json[] = [];
	const serverOnly = items.filter(item => !wanted.includes(idOfItem(item)));
	for (const item of named) {
		const place = before.indexOf(idOfItem(item));
		while (serverOnly[0] !== undefined && (place === -1 || before.indexOf(idOfItem(serverOnly[0])) < place)) {
			result.push(...serverOnly.splice(0, 1));
		}
		result.push(item);
	}
	return [...result, ...serverOnly];
}

function idOf(element: JsonObject, key: string): Json {
	const id = element[key];
	if (id === undefined) throw new PatchError(`an element of the patch does not contain the merge key ${JSON.stringify(key)}`);
	return id;
}
