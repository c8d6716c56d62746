import {isObject, type Json, type JsonObject} from '../types.ts';

/** A patch that is malformed or does not fit the object. */
export class PatchError extends Error {
	override readonly name = 'PatchError';
}

/** More operations than the real server takes. */
const mostOperations = 10_000;

/** JSON patch (RFC 6902): the operations are applied in order, all or none. Gives a new value; throws PatchError. */
export function jsonPatch(target: Json, patch: Json): Json {
	if (!Array.isArray(patch)) throw new PatchError('a JSON patch is a list of operations');
	if (patch.length > mostOperations) throw new PatchError(`a JSON patch has at most ${mostOperations} operations`);
	return patch.reduce<Json>((value, operation) => {
		if (!isObject(operation)) throw new PatchError('an operation of a JSON patch is an object');
		return applyOperation(value, operation);
	}, target);
}

function applyOperation(target: Json, operation: JsonObject): Json {
	const path = pointer(operation, 'path');
	switch (operation['op']) {
		case 'add':
			return write(target, path, given(operation), 'add');
		case 'replace':
			return write(target, path, given(operation), 'replace');
		case 'remove':
			return write(target, path, undefined, 'remove');
		case 'test':
			if (!equal(read(target, path), given(operation))) throw new PatchError(`the value at /${path.join('/')} is another`);
			return target;
		case 'copy':
			return write(target, path, structuredClone(read(target, pointer(operation, 'from'))), 'add');
		case 'move': {
			const from = pointer(operation, 'from');
			if (path.length > from.length && from.every((part, index) => part === path[index])) {
				throw new PatchError('a value cannot move into itself');
			}
			return write(write(target, from, undefined, 'remove'), path, read(target, from), 'add');
		}
		default:
			throw new PatchError(`unknown operation ${JSON.stringify(operation['op'] ?? null)}`);
	}
}

function given(operation: JsonObject): Json {
	const {value} = operation;
	if (value === undefined) throw new PatchError(`the operation ${JSON.stringify(operation['op'] ?? null)} needs a value`);
	return value;
}

/** The parts of a JSON pointer (RFC 6901). */
function pointer(operation: JsonObject, member: 'path' | 'from'): string[] {
	const text = operation[member];
	if (typeof text !== 'string' || (text !== '' && !text.startsWith('/'))) throw new PatchError(`"${member}" is no JSON pointer`);
	return text
		.split('/')
		.slice(1)
		.map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(target: Json, path: readonly string[]): Json {
	return path.reduce<Json>((value, part) => {
		const found = Array.isArray(value) ? value[indexIn(value, part, false)] : isObject(value) ? own(value, part) : undefined;
		if (found === undefined) throw new PatchError(`nothing is at /${path.join('/')}`);
		return found;
	}, target);
}

type Change = 'add' | 'replace' | 'remove';

/** A copy of `target` with the value at `path` changed; only what lies on the path is copied. */
function write(target: Json, path: readonly string[], value: Json | undefined, change: Change): Json {
	const [part, ...rest] = path;
	if (part === undefined) {
		if (value === undefined) throw new PatchError('the whole object cannot be removed');
		return value;
	}
	if (Array.isArray(target)) {
		const last = rest.length === 0;
		const index = indexIn(target, part, last && change === 'add');
		if (!last) return target.with(index, write(target[index] ?? null, rest, value, change));
		if (change === 'add') return target.toSpliced(index, 0, value ?? null);
		return change === 'remove' ? target.toSpliced(index, 1) : target.with(index, value ?? null);
	}
	if (!isObject(target)) throw new PatchError(`nothing is at /${path.join('/')}`);
	const found = own(target, part);
	if (found === undefined && (rest.length > 0 || change !== 'add')) throw new PatchError(`nothing is at ${part}`);
	const {[part]: _, ...others} = target;
	if (rest.length === 0 && change === 'remove') return others;
	const next = rest.length === 0 ? (value ?? null) : write(found ?? null, rest, value, change);
	return Object.fromEntries([...Object.entries(found === undefined ? others : target), [part, next]]);
}

const own = (value: JsonObject, key: string): Json | undefined => (Object.hasOwn(value, key) ? value[key] : undefined);

function indexIn(list: readonly Json[], part: string, adding: boolean): number {
	const index = part === '-' && adding ? list.length : /^(0|[1-9]\d*)$/.test(part) ? Number(part) : -1;
	if (index < 0 || index >= list.length + (adding ? 1 : 0)) throw new PatchError(`the list has no place ${JSON.stringify(part)}`);
	return index;
}

function equal(one: Json, other: Json): boolean {
	if (Array.isArray(one) && Array.isArray(other)) {
		return one.length === other.length && one.every((value, index) => equal(value, other[index] ?? null));
	}
	if (!isObject(one) || !isObject(other)) return one === other;
	const keys = Object.keys(one);
	return (
		keys.length === Object.keys(other).length &&
		keys.every(key => Object.hasOwn(other, key) && equal(one[key] ?? null, other[key] ?? null))
	);
}
