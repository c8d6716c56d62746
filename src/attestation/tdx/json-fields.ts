import {fromHex, MalformedError} from '../bytes.ts';
import {isObject} from '../measurements.ts';

/** A JSON object that Intel signed. Keys that this release does not know are left alone: Intel may add some. */
export type Fields = Readonly<Record<string, unknown>>;

export function objectIn(value: unknown, what: string): Fields {
	if (!isObject(value)) throw new MalformedError(`${what}: not an object`);
	return value;
}

/** The objects of a list of at most `limit` entries. */
export function objectsIn(fields: Fields, key: string, limit: number): Fields[] {
	const list = fields[key];
	if (!Array.isArray(list) || list.length > limit) throw new MalformedError(`${key}: not a list of at most ${limit}`);
	return list.map(entry => objectIn(entry, key));
}

export function hexIn(fields: Fields, key: string, size: number): Uint8Array {
	const value = fields[key];
	if (typeof value !== 'string' || value.length !== size * 2) throw new MalformedError(`${key}: not ${size} bytes in hex`);
	return fromHex(value, key);
}

export function integerIn(fields: Fields, key: string, maximum: number): number {
	const value = fields[key];
	if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > maximum)
		throw new MalformedError(`${key}: not a whole number up to ${maximum}`);
	return value;
}

export function wordIn(fields: Fields, key: string): string {
	const value = fields[key];
	if (typeof value !== 'string' || !/^[\w-]{1,64}$/.test(value)) throw new MalformedError(`${key}: not a word`);
	return value;
}

/** RFC 3339 in UTC with seconds, as Intel writes it; milliseconds since the epoch. */
export function timeIn(fields: Fields, key: string): number {
	const value = fields[key];
	const time = typeof value === 'string' && /^\d{4}(?:-\d\d){2}T\d\d(?::\d\d){2}Z$/.test(value) ? Date.parse(value) : Number.NaN;
	if (Number.isNaN(time)) throw new MalformedError(`${key}: not a time`);
	return time;
}
