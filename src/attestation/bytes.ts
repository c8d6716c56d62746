import {timingSafeEqual} from 'node:crypto';

/** Bytes that do not have the shape they claim; the message names the field. */
export class MalformedError extends Error {
	override readonly name: string = 'MalformedError';
}

/** A reader that never reads past its end. Integers are big-endian, as everywhere in TPM structures. */
export type Reader = {
	u8(field: string): number;
	u16(field: string): number;
	u32(field: string): number;
	u64(field: string): bigint;
	take(length: number, field: string): Uint8Array;
	/** A TPM2B: u16 size, then that many bytes, at most `limit`. */
	sized(limit: number, field: string): Uint8Array;
	remaining(): number;
	/** Refuses bytes that nothing claimed. */
	end(field: string): void;
};

export function readerOf(bytes: Uint8Array): Reader {
	const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	let offset = 0;
	function advance(length: number, field: string): number {
		if (length > buffer.length - offset) throw new MalformedError(`${field}: ends early`);
		const at = offset;
		offset += length;
		return at;
	}
	const reader: Reader = {
		u8: field => buffer.readUInt8(advance(1, field)),
		u16: field => buffer.readUInt16BE(advance(2, field)),
		u32: field => buffer.readUInt32BE(advance(4, field)),
		u64: field => buffer.readBigUInt64BE(advance(8, field)),
		take(length, field) {
			const at = advance(length, field);
			return buffer.subarray(at, at + length);
		},
		sized(limit, field) {
			const size = reader.u16(field);
			if (size > limit) throw new MalformedError(`${field}: ${size} bytes, at most ${limit} are allowed`);
			return reader.take(size, field);
		},
		remaining: () => buffer.length - offset,
		end(field) {
			if (offset !== buffer.length) throw new MalformedError(`${field}: ${buffer.length - offset} bytes too many`);
		},
	};
	return reader;
}

export function u8(value: number): Uint8Array {
	return Uint8Array.of(value);
}

export function u16(value: number): Uint8Array {
	const bytes = Buffer.alloc(2);
	bytes.writeUInt16BE(value);
	return bytes;
}

export function u32(value: number): Uint8Array {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}

export function u64(value: bigint): Uint8Array {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64BE(value);
	return bytes;
}

/** A TPM2B: u16 size, then the bytes. */
export function sized(bytes: Uint8Array): Uint8Array {
	return Buffer.concat([u16(bytes.length), bytes]);
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
	return Buffer.concat(parts);
}

/** Constant time for equal lengths; the length itself is not a secret anywhere in this product. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
	return left.length === right.length && timingSafeEqual(left, right);
}

export function toHex(bytes: Uint8Array): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Standard alphabet, padded, no line breaks, no spare bits (RFC 4648 section 4 with the strict reading of 3.5). */
export function fromBase64(text: string, field: string): Uint8Array {
	const bytes = Buffer.from(text, 'base64');
	if (!base64Pattern.test(text) || bytes.toString('base64') !== text) throw new MalformedError(`${field}: not standard base64`);
	return bytes;
}

/** The URL-safe alphabet without padding (RFC 4648 section 5, as RFC 7515 uses it), no spare bits. */
export function fromBase64Url(text: string, field: string): Uint8Array {
	const bytes = Buffer.from(text, 'base64url');
	if (bytes.toString('base64url') !== text) throw new MalformedError(`${field}: not base64url`);
	return bytes;
}

/** Hex of either case with an even number of digits. */
export function fromHex(text: string, field: string): Uint8Array {
	if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw new MalformedError(`${field}: not hexadecimal`);
	return Buffer.from(text, 'hex');
}
