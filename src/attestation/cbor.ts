// This entry of the package is plain JavaScript: the main one looks for a native add-on, which a measured bundle must not load.
import {Encoder} from 'cbor-x/encode';
import {MalformedError, type Reader, readerOf, sameBytes} from './bytes.ts';

const coder = new Encoder({useRecords: false, mapsAsObjects: true, variableMapSize: true, tagUint8Array: false, pack: false});

export type CborLimits = {bytes: number; depth: number; items: number};

/** Encodes maps, arrays, byte strings, text, integers and booleans in the one form that decodeCbor accepts. */
export function encodeCbor(value: unknown): Uint8Array {
	return coder.encode(value);
}

/**
 * Decodes one CBOR item (RFC 8949) strictly: size cap first, then a scan that refuses depth, tags, floats, indefinite lengths and
 * anything after the item, and last a comparison with the re-encoded value, so that duplicate keys and long forms do not pass.
 * The result is still to be checked against a schema. Throws MalformedError.
 */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits): unknown {
	if (bytes.length > limits.bytes) throw new MalformedError(`CBOR: ${bytes.length} bytes, at most ${limits.bytes} are allowed`);
	const reader = readerOf(bytes);
	const budget = {items: limits.items};
	scan(reader, limits.depth, budget);
	reader.end('CBOR');
	let value: unknown;
	try {
		value = coder.decode(bytes);
	} catch {
		throw new MalformedError('CBOR: cannot be decoded');
	}
	if (!sameBytes(encodeCbor(value), bytes)) throw new MalformedError('CBOR: not in its one allowed form');
	return value;
}

function scan(reader: Reader, depth: number, budget: {items: number}): void {
	if (depth <= 0) throw new MalformedError('CBOR: nested too deeply');
	budget.items -= 1;
	if (budget.items < 0) throw new MalformedError('CBOR: too many items');
	const initial = reader.u8('CBOR');
	const major = initial >> 5;
	if (major === 7) {
		if (initial !== 0xf4 && initial !== 0xf5)
			throw new MalformedError('CBOR: only true and false of the simple values are allowed');
		return;
	}
	const argument = readArgument(reader, initial & 0x1f);
	switch (major) {
		case 0:
			return;
		case 2:
		case 3:
			reader.take(argument, 'CBOR string');
			return;
		case 4:
		case 5:
			for (let left = major === 4 ? argument : argument * 2; left > 0; left--) scan(reader, depth - 1, budget);
			return;
		default:
			throw new MalformedError('CBOR: negative numbers and tags are not allowed');
	}
}

function readArgument(reader: Reader, information: number): number {
	if (information < 24) return information;
	if (information === 24) return reader.u8('CBOR');
	if (information === 25) return reader.u16('CBOR');
	if (information === 26) return reader.u32('CBOR');
	throw new MalformedError('CBOR: 64-bit and indefinite lengths are not allowed');
}
