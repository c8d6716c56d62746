import {MalformedError} from '../bytes.ts';

/** Reads DER (ITU-T X.690) strictly: definite minimal lengths, single-byte tags, nothing behind the last element. */

/** One element; `raw` includes tag and length. Views into the input, not copies. */
export type DerNode = {tag: number; content: Uint8Array; raw: Uint8Array};

/** Bytes that are not DER of the expected shape. */
export class DerError extends MalformedError {
	override readonly name: string = 'DerError';
}

const maximumElements = 4096;

/** Reads exactly one element that fills `bytes`. Throws DerError. */
export const readDer = (bytes: Uint8Array): DerNode => {
	const node = next(bytes, 0);
	if (node.raw.length !== bytes.length) throw new DerError('bytes after the last element');
	return node;
};

/** The elements inside a constructed element. Throws DerError. */
export const childrenOf = (node: DerNode): DerNode[] => {
	if ((node.tag & 0x20) === 0) throw new DerError('a primitive element has no parts');
	return readAll(node.content);
};

/** The elements that `bytes` consists of, at most `maximum`. Throws DerError. */
export const readAll = (bytes: Uint8Array, maximum = maximumElements): DerNode[] => {
	const nodes: DerNode[] = [];
	for (let offset = 0; offset < bytes.length; ) {
		const node = next(bytes, offset);
		nodes.push(node);
		offset += node.raw.length;
		if (nodes.length > maximum) throw new DerError('too many elements');
	}
	return nodes;
};

/** The element if it has the wanted tag. Throws DerError. */
export const expectTag = (node: DerNode | undefined, tag: number): DerNode => {
	if (node?.tag !== tag) throw new DerError(`expected an element with tag ${tag}, found ${node?.tag ?? 'none'}`);
	return node;
};

/** The parts of a sequence. Throws DerError. */
export const sequenceOf = (node: DerNode | undefined): DerNode[] => childrenOf(expectTag(node, 0x30));

const next = (bytes: Uint8Array, offset: number): DerNode => {
	const tag = byteAt(bytes, offset);
	if ((tag & 0x1f) === 0x1f) throw new DerError('tags of several bytes are not used here');
	const [size, header] = lengthAt(bytes, offset + 1);
	const start = offset + 1 + header;
	if (start + size > bytes.length) throw new DerError('an element is cut off');
	return {tag, content: bytes.subarray(start, start + size), raw: bytes.subarray(offset, start + size)};
};

const byteAt = (bytes: Uint8Array, offset: number): number => {
	const byte = bytes[offset];
	if (byte === undefined) throw new DerError('an element is cut off');
	return byte;
};

const lengthAt = (bytes: Uint8Array, offset: number): [size: number, header: number] => {
	const first = byteAt(bytes, offset);
	if (first < 0x80) return [first, 1];
	const count = first & 0x7f;
	if (count === 0 || count > 4) throw new DerError('the length is indefinite or too big');
	let size = 0;
	for (let index = 1; index <= count; index += 1) size = size * 256 + byteAt(bytes, offset + index);
	if (size < 0x80 || size < 256 ** (count - 1)) throw new DerError('the length is not minimal');
	return [size, 1 + count];
};

/** Dotted form of an object identifier. Throws DerError. */
export const readObjectIdentifier = (node: DerNode | undefined): string => {
	const {content} = expectTag(node, 0x06);
	const values: number[] = [];
	let value = 0;
	for (const byte of content) {
		if (value > 2 ** 40) throw new DerError('an object identifier is too big');
		if (value === 0 && byte === 0x80) throw new DerError('an object identifier is not minimal');
		value = value * 128 + (byte & 0x7f);
		if (byte < 0x80) {
			values.push(value);
			value = 0;
		}
	}
	const [head, ...rest] = values;
	if (head === undefined || (content.at(-1) ?? 0x80) >= 0x80) throw new DerError('an object identifier is cut off');
	const first = Math.min(Math.floor(head / 40), 2);
	return [first, head - first * 40, ...rest].join('.');
};

/** Text of the string types that names use: UTF8, Printable, IA5 and T61 string. Throws DerError. */
export const readText = (node: DerNode | undefined): string => {
	if (node?.tag === 0x0c) return utf8(node.content);
	if (node && [0x13, 0x14, 0x16].includes(node.tag)) return Buffer.from(node.content).toString('latin1');
	throw new DerError('a name has a string of an unknown type');
};

const utf8 = (bytes: Uint8Array): string => {
	try {
		return new TextDecoder('utf-8', {fatal: true}).decode(bytes);
	} catch {
		// The decoder's own error is none of those that mean a refusal.
		throw new DerError('a text is not UTF-8');
	}
};

/** UTCTime or GeneralizedTime in UTC with seconds (RFC 5280 4.1.2.5). Throws DerError. */
export const readTime = (node: DerNode | undefined): Date => {
	const text = node ? Buffer.from(node.content).toString('latin1') : '';
	const digits = node?.tag === 0x17 && /^\d{12}Z$/.test(text) ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
	if (!(node?.tag === 0x17 || node?.tag === 0x18) || !/^\d{14}Z$/.test(digits)) throw new DerError('a time is malformed');
	const iso = digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
	const date = new Date(iso);
	// A day that its month does not have would become one of the next month.
	if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(iso.slice(0, 19))) throw new DerError('a time is malformed');
	return date;
};

/** Content of a bit string of whole bytes. Throws DerError. */
export const readBitString = (node: DerNode | undefined): Uint8Array => {
	const {content} = expectTag(node, 0x03);
	if (content[0] !== 0) throw new DerError('a bit string does not end with a whole byte');
	return content.subarray(1);
};

/** A DER boolean: one byte, 00 or ff. Throws DerError. */
export const readBoolean = (node: DerNode | undefined): boolean => {
	const {content} = expectTag(node, 0x01);
	if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerError('a boolean is malformed');
	return content[0] === 0xff;
};

/** A small integer that is not negative. Throws DerError. */
export const readSmallInteger = (node: DerNode | undefined): number => {
	const {content} = expectTag(node, 0x02);
	const [first = 0x80, second = 0x80] = content;
	if (content.length > 6 || first >= 0x80 || (content.length > 1 && first === 0 && second < 0x80)) {
		throw new DerError('a number is malformed');
	}
	return content.reduce((value, byte) => value * 256 + byte, 0);
};
