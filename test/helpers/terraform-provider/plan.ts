import type {AttributeSchema, BlockSchema} from './schema.ts';
import {isObject, type ObjectValue, same, unknown, type Value} from './values.ts';

/** The state after a change, as far as it is known before: what the provider computes is unknown for a new object, and stays for an old one. */
export const plannedState = (block: BlockSchema, proposed: ObjectValue, isNew: boolean): ObjectValue =>
	isNew ? fillBlock(block, proposed, () => unknown) : proposed;

/** Replaces every computed value that is not there by `make`; unknown ones too. */
export const fillBlock = (
	{attributes = {}, block_types: blocks = {}}: BlockSchema,
	value: ObjectValue,
	make: (name: string, attribute: AttributeSchema) => Value,
): ObjectValue => {
	const filled: ObjectValue = {...value};
	for (const [name, attribute] of Object.entries(attributes)) {
		const given = filled[name] ?? null;
		if ((given === null && attribute.computed === true) || given === unknown) filled[name] = make(name, attribute);
		else if (attribute.nested_type !== undefined) {
			const inner = {attributes: attribute.nested_type.attributes};
			filled[name] = eachObject(given, item => fillBlock(inner, item, make));
		}
	}
	for (const [name, {block}] of Object.entries(blocks)) {
		filled[name] = eachObject(filled[name] ?? null, item => fillBlock(block, item, make));
	}
	return filled;
};

const eachObject = (value: Value, change: (item: ObjectValue) => ObjectValue): Value => {
	if (Array.isArray(value)) return value.map(item => (isObject(item) ? change(item) : item));
	return isObject(value) ? change(value) : value;
};

/** A replacement is forced by `path`: names of attributes and blocks, `*` for every element of a list. */
export const forcesReplacement = (path: readonly string[], before: Value, after: Value): boolean => {
	const [name, ...rest] = path;
	if (name === undefined) return !same(before, after);
	if (name === '*') {
		const [left, right] = [Array.isArray(before) ? before : [], Array.isArray(after) ? after : []];
		return left.length !== right.length || left.some((item, index) => forcesReplacement(rest, item, right[index] ?? null));
	}
	return forcesReplacement(
		rest,
		isObject(before) ? (before[name] ?? null) : null,
		isObject(after) ? (after[name] ?? null) : null,
	);
};
