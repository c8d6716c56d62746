import {equal} from '../objects/equal.ts';
import {drop, isObject, type Json, textOf} from '../types.ts';

/** A JSON patch that does not fit the object; the real server gives no reason to the client. */
export class PatchFailed extends Error {
	override readonly name = 'PatchFailed';
}

const mostOperations = 10_000;

/** JSON patch (RFC 6902). Gives a new value; throws PatchFailed when an operation cannot be carried out or a test fails. */
export function jsonPatch(target: Json, operations: unknown): Json {
	if (!Array.isArray(operations)) throw new PatchFailed('a JSON patch is a list of operations');
	if (operations.length > mostOperations) throw new PatchFailed(`a JSON patch has at most ${mostOperations} operations`);
	let result = structuredClone(target);
	for (const operation of operations) result = step(result, operation);
	return result;
}

function step(root: Json, operation: unknown): Json {
	if (!isObject(operation)) throw new PatchFailed('an operation is an object');
	const path = pointer(operation['path']);
	switch (operation['op']) {
		case 'add':
			return add(root, path, valueOf(operation));
		case 'remove':
			return remove(root, path).root;
		case 'replace':
			return path.length === 0 ? valueOf(operation) : add(remove(root, path).root, path, valueOf(operation));
		case 'move': {
			const {root: without, removed} = remove(root, pointer(operation['from']));
			return add(without, path, removed);
		}
		case 'copy':
			return add(root, path, structuredClone(at(root, pointer(operation['from']))));
		case 'test':
			if (!equal(at(root, path), valueOf(operation))) throw new PatchFailed(`testing value ${path.join('/')} failed`);
			return root;
		default:
			throw new PatchFailed(`unexpected kind: ${textOf(operation['op'])}`);
	}
}

function valueOf(operation: {[key: string]: Json}): Json {
	const {value} = operation;
	if (value === undefined) throw new PatchFailed('the operation has no value');
	return value;
}

function pointer(value: Json | undefined): string[] {
	if (typeof value !== 'string' || (value !== '' && !value.startsWith('/'))) throw new PatchFailed('a path starts with a slash');
	return value
		.split('/')
		.slice(1)
		.map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function at(root: Json, path: readonly string[]): Json {
	let value: Json = root;
	for (const part of path) value = child(value, part);
	return value;
}

function child(value: Json, part: string): Json {
	const found = Array.isArray(value)
		? value[indexOf(value, part, value.length - 1)]
		: isObject(value) && Object.hasOwn(value, part)
			? value[part]
			: undefined;
	if (found === undefined) throw new PatchFailed(`${part} is not there`);
	return found;
}

function indexOf(list: readonly Json[], part: string, last: number): number {
	if (!/^(0|[1-9]\d*)$/.test(part) || Number(part) > last)
		throw new PatchFailed(`${part} is no place in a list of ${list.length}`);
	return Number(part);
}

function parentOf(root: Json, path: readonly string[]): {parent: Json; last: string} {
	const last = path.at(-1);
	if (last === undefined) throw new PatchFailed('the whole object cannot be taken away');
	if (last === '__proto__') throw new PatchFailed('__proto__ is not a field');
	return {parent: at(root, path.slice(0, -1)), last};
}

/** Changes `root`, which is a copy already. */
function add(root: Json, path: readonly string[], value: Json): Json {
	if (path.length === 0) return value;
	const {parent, last} = parentOf(root, path);
	if (Array.isArray(parent)) parent.splice(last === '-' ? parent.length : indexOf(parent, last, parent.length), 0, value);
	else if (isObject(parent)) parent[last] = value;
	else throw new PatchFailed(`${last} has no parent`);
	return root;
}

function remove(root: Json, path: readonly string[]): {root: Json; removed: Json} {
	const {parent, last} = parentOf(root, path);
	const removed = child(parent, last);
	if (Array.isArray(parent)) parent.splice(Number(last), 1);
	else if (isObject(parent)) drop(parent, last);
	return {root, removed};
}
