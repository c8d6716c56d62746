import type {Json, JsonObject} from '../types.ts';
import {scalars} from './values.ts';
import {asBytes, asText, fieldOf, fieldsOf, ProtobufError} from './wire.ts';

export {ProtobufError} from './wire.ts';

/** Field tables as data/README.md describes them. */
export type Messages = {
	kinds: Readonly<Record<string, string>>;
	messages: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
};

export type Decoded = {apiVersion: string; kind: string; object: JsonObject};

/** Turns a body of type application/vnd.kubernetes.protobuf into the object that it means. Throws ProtobufError. */
export type DecodeProtobuf = (body: Uint8Array) => Decoded;

const magic = Buffer.from('k8s\0');
const maxDepth = 40;

/** Reads the field tables, about 40 KB; kinds without a table are refused by name. */
export async function loadProtobufDecoder(): Promise<DecodeProtobuf> {
	const {default: tables} = await import('../data/protobuf.json', {with: {type: 'json'}});
	return createProtobufDecoder(tables);
}

export function createProtobufDecoder(tables: Messages): DecodeProtobuf {
	return body => {
		if (!magic.equals(body.subarray(0, magic.length)))
			throw new ProtobufError('the body does not start like Kubernetes protobuf');
		const envelope = body.subarray(magic.length);
		const type = asBytes(fieldOf(envelope, 1));
		const apiVersion = asText(fieldOf(type, 1));
		const kind = asText(fieldOf(type, 2));
		const name = tables.kinds[`${apiVersion}/${kind}`] ?? tables.kinds[`*/${kind}`];
		if (name === undefined)
			throw new ProtobufError(`no kind "${kind}" of "${apiVersion}" is served in protobuf; send it as JSON`);
		const message = decodeMessage(tables, name, asBytes(fieldOf(envelope, 2)), 0);
		return {apiVersion, kind, object: {kind, apiVersion, ...message}};
	};
}

function decodeMessage(tables: Messages, name: string, bytes: Uint8Array, depth: number): JsonObject {
	const table = tables.messages[name];
	if (table === undefined) throw new ProtobufError(`the protobuf message ${name} is not served; send the object as JSON`);
	if (depth > maxDepth) throw new ProtobufError(`protobuf messages are nested more than ${maxDepth} deep`);
	const result: JsonObject = {};
	const valueOf = (type: string, value: bigint | Uint8Array): Json => {
		const scalar = scalars[type];
		if (scalar) return scalar(value);
		if (!type.startsWith('items:')) return decodeMessage(tables, type, asBytes(value), depth + 1);
		const items = [...fieldsOf(asBytes(value))].filter(({number}) => number === 1);
		return items.map(item => valueOf(type.slice('items:'.length), item.value));
	};
	for (const {number, value} of fieldsOf(bytes)) {
		const [field, type, flags = ''] = table[number] ?? [];
		if (field === undefined || type === undefined) continue;
		if (flags.includes('m')) {
			const entry = fieldOf(asBytes(value), 2);
			const empty = type === 'string' || type === 'bytes' ? '' : {};
			const map = (result[field] ??= {}) as JsonObject;
			define(map, asText(fieldOf(asBytes(value), 1)), entry === undefined ? empty : valueOf(type, entry));
		} else if (flags.includes('r')) {
			const list = (result[field] ??= []) as Json[];
			list.push(valueOf(type, value));
		} else if (flags.includes('i')) {
			Object.assign(result, valueOf(type, value));
		} else {
			const decoded = valueOf(type, value);
			// Go writes fields that are not pointers even when they are zero; in JSON it leaves them out.
			const zero = decoded === '' || decoded === 0 || decoded === false;
			if (!(zero && flags.includes('e') && !flags.includes('p'))) result[field] = decoded;
		}
	}
	return result;
}

/** A key of `__proto__` must become a member like any other. */
function define(map: JsonObject, key: string, value: Json): void {
	Object.defineProperty(map, key, {value, enumerable: true, configurable: true, writable: true});
}
