import {decode, ExtensionCodec, encode} from '@msgpack/msgpack';

/** A value that is known only after it was applied. */
export const unknown: unique symbol = Symbol('unknown');

/** A value of Terraform's type system. */
export type Value = null | boolean | number | bigint | string | typeof unknown | Value[] | {[name: string]: Value};
export type ObjectValue = {[name: string]: Value};

/** Stands for an unknown value between the extension codec, which knows objects only, and us. */
const mark = {unknown: true};

const codec = new ExtensionCodec();
// Extension 0 is an unknown value, 12 one about which something is known; what that is does not matter here.
codec.register({
	type: 0,
	encode: input => (input === mark ? Uint8Array.of(0) : null),
	decode: () => mark,
});
codec.register({type: 12, encode: () => null, decode: () => mark});

/** Reads the msgpack form that Terraform sends. */
export const readValue = (bytes: Uint8Array | undefined): Value =>
	bytes === undefined || bytes.length === 0 ? null : fromWire(decode(bytes, {extensionCodec: codec}));

export const writeValue = (value: Value): Uint8Array => encode(toWire(value), {extensionCodec: codec, sortKeys: true});

const fromWire = (value: unknown): Value => {
	if (value === mark) return unknown;
	if (Array.isArray(value)) return value.map(fromWire);
	if (typeof value === 'object' && value !== null) {
		return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fromWire(item)]));
	}
	if (value === undefined) return null;
	return value as Value;
};

const toWire = (value: Value): unknown => {
	if (value === unknown) return mark;
	if (Array.isArray(value)) return value.map(toWire);
	if (typeof value === 'object' && value !== null) {
		return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toWire(item)]));
	}
	return value;
};

export const isObject = (value: Value | undefined): value is ObjectValue =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether two values are the same; an unknown one is never the same as anything. Order counts, also in sets as they are sent. */
export const same = (left: Value, right: Value): boolean => {
	if (left === unknown || right === unknown) return false;
	if (Array.isArray(left) && Array.isArray(right)) {
		return left.length === right.length && left.every((item, index) => same(item, right[index] ?? null));
	}
	if (isObject(left) && isObject(right)) {
		const names = new Set([...Object.keys(left), ...Object.keys(right)]);
		return [...names].every(name => same(left[name] ?? null, right[name] ?? null));
	}
	return left === right;
};
