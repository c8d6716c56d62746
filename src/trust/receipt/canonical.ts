import {MalformedError, sameBytes} from '../../attestation/bytes.ts';
import {type CborLimits, decodeCbor, encodeCbor} from '../../attestation/cbor.ts';
import {isObject} from '../../attestation/measurements.ts';

/** CBOR with one form for every value: shortest lengths and map keys in bytewise order (RFC 8949 section 4.2.1). */
export function encodeCanonical(value: unknown): Uint8Array {
	return encodeCbor(ordered(value));
}

/** Reads encodeCanonical; any other form of the same value is refused. Throws MalformedError. */
export function decodeCanonical(bytes: Uint8Array, limits: CborLimits): unknown {
	const value = decodeCbor(bytes, limits);
	if (!sameBytes(encodeCanonical(value), bytes)) throw new MalformedError('CBOR: map keys are not in order');
	return value;
}

function ordered(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(item => ordered(item));
	if (!isObject(value) || value instanceof Uint8Array) return value;
	const entries = Object.entries(value).filter(([, item]) => item !== undefined);
	return Object.fromEntries(entries.sort(byEncodedKey).map(([key, item]) => [key, ordered(item)]));
}

/** The length comes first in the encoding of a text, so a shorter key is always before a longer one. */
function byEncodedKey([left]: [string, unknown], [right]: [string, unknown]): number {
	const [a, b] = [Buffer.from(left), Buffer.from(right)];
	return a.length - b.length || Buffer.compare(a, b);
}
