import {type ApiObject, isObject, type Json, type PrinterColumn} from '../types.ts';
import {ageColumn, type Column, nameColumn} from './column.ts';
import {since} from './duration.ts';

/** The columns that a CustomResourceDefinition asks for, or name and age when it asks for none. */
export function customColumns(columns: readonly PrinterColumn[]): Column[] {
	if (columns.length === 0) return [nameColumn, {...ageColumn, type: 'date'}];
	return [
		nameColumn,
		...columns.map(({name, type, format = '', description, priority = 0, jsonPath}) => ({
			name,
			type,
			format,
			priority,
			description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
			cell: (object: ApiObject, now: number) => cellOf(type, select(object, jsonPath), now),
		})),
	];
}

function cellOf(type: string, value: Json | undefined, now: number): Json {
	if (value === undefined || value === null) return null;
	if (type === 'date') return since(value, now);
	if (type === 'integer') return typeof value === 'number' ? Math.trunc(value) : null;
	if (type === 'number') return typeof value === 'number' ? value : null;
	if (type === 'boolean') return typeof value === 'boolean' ? value : null;
	return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A step is `.name`, `['name']`, `[0]`, `[*]` or `[?(@.key=="value")]`, which is what printer columns use. */
const steps = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)+)'\]|\[(\d+|\*)\]|\[\?\(@\.(\w+)\s*==\s*["']([^"']*)["']\)\]/gy;

const escapedDot = '\u0000';

/** The first value at a simple JSON path such as `.status.conditions[?(@.type=="Ready")].status`; undefined when there is none. */
export function select(object: ApiObject, path: string): Json | undefined {
	let found: (Json | undefined)[] = [object as Json];
	let end = 0;
	const marked = path.replaceAll('\\.', escapedDot);
	for (const match of marked.matchAll(steps)) {
		end = match.index + match[0].length;
		const [, dotted, quoted, index, key, wanted] = match;
		const field = (dotted ?? quoted)?.replaceAll(escapedDot, '.');
		found = found.flatMap(value => {
			if (field !== undefined) return isObject(value) ? [value[field]] : [];
			if (!Array.isArray(value)) return [];
			if (index === '*') return value;
			if (index !== undefined) return [value[Number(index)]];
			return value.filter(entry => isObject(entry) && key !== undefined && entry[key] === wanted);
		});
	}
	// A path that is not understood to its end shows nothing rather than something wrong.
	return end === marked.length ? found.find(value => value !== undefined) : undefined;
}
