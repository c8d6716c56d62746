import {MalformedError} from './bytes.ts';

/**
 * JSON (RFC 8259) without what readers disagree about: no duplicate keys, only integers as numbers, valid UTF-8, no byte order mark,
 * a size and a depth limit. Throws MalformedError.
 */
export function parseStrictJson(bytes: Uint8Array, limits: {bytes: number; depth: number}): unknown {
	if (bytes.length > limits.bytes) throw new MalformedError(`JSON: ${bytes.length} bytes, at most ${limits.bytes} are allowed`);
	let text: string;
	try {
		text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
	} catch {
		throw new MalformedError('JSON: not UTF-8');
	}
	const cursor = {text, at: 0};
	const value = readValue(cursor, limits.depth);
	if (nextToken(cursor) !== undefined) throw new MalformedError('JSON: something follows the value');
	return value;
}

type Cursor = {readonly text: string; at: number};

const token = /[ \t\n\r]*(?:([[\]{},:])|("(?:[^"\\\u0000-\u001f]|\\.)*")|(-?(?:0|[1-9]\d*))(?![\d.eE])|(true|false|null))/y;

function nextToken(cursor: Cursor): string | undefined {
	token.lastIndex = cursor.at;
	const match = token.exec(cursor.text);
	if (match) {
		cursor.at = token.lastIndex;
		return match[1] ?? match[2] ?? match[3] ?? match[4];
	}
	if (/^[ \t\n\r]*$/.test(cursor.text.slice(cursor.at))) return undefined;
	throw new MalformedError('JSON: not allowed here');
}

function readValue(cursor: Cursor, depth: number, first = nextToken(cursor)): unknown {
	if (depth <= 0) throw new MalformedError('JSON: nested too deeply');
	if (first === '{') return readObject(cursor, depth - 1);
	if (first === '[') return readArray(cursor, depth - 1);
	if (first === undefined || ']},:'.includes(first)) throw new MalformedError('JSON: a value is missing');
	return parseScalar(first);
}

function parseScalar(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw new MalformedError('JSON: bad string');
	}
}

function readArray(cursor: Cursor, depth: number): unknown[] {
	const values: unknown[] = [];
	let next = nextToken(cursor);
	if (next === ']') return values;
	for (;;) {
		values.push(readValue(cursor, depth, next));
		const separator = nextToken(cursor);
		if (separator === ']') return values;
		if (separator !== ',') throw new MalformedError('JSON: comma missing');
		next = nextToken(cursor);
	}
}

function readObject(cursor: Cursor, depth: number): Record<string, unknown> {
	const entries = new Map<string, unknown>();
	let next = nextToken(cursor);
	if (next === '}') return {};
	for (;;) {
		const key = next?.startsWith('"') ? parseScalar(next) : undefined;
		if (typeof key !== 'string' || nextToken(cursor) !== ':') throw new MalformedError('JSON: a key is missing');
		if (entries.has(key)) throw new MalformedError('JSON: a key occurs twice');
		entries.set(key, readValue(cursor, depth));
		const separator = nextToken(cursor);
		// fromEntries defines own properties, so a key named __proto__ changes nothing else.
		if (separator === '}') return Object.fromEntries(entries);
		if (separator !== ',') throw new MalformedError('JSON: comma missing');
		next = nextToken(cursor);
	}
}
