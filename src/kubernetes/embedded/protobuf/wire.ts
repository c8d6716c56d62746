/** What is wrong with a protobuf body; the message is for the client. */
export class ProtobufError extends Error {
	override readonly name = 'ProtobufError';
}

/** Field number and its value: a number on the wire as bigint, everything of a length as bytes. */
export type Field = {number: number; value: bigint | Uint8Array};

/** The fields of one protobuf message in wire order. Throws ProtobufError when the bytes break off. */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
	let at = 0;
	const varint = (): bigint => {
		let value = 0n;
		for (let shift = 0n; shift < 70n; shift += 7n) {
			const byte = bytes[at++];
			if (byte === undefined) throw new ProtobufError('unexpected end of the protobuf body');
			value |= BigInt(byte & 0x7f) << shift;
			if (byte < 0x80) return BigInt.asUintN(64, value);
		}
		throw new ProtobufError('a protobuf number is longer than ten bytes');
	};
	const take = (length: number): Uint8Array => {
		if (length > bytes.length - at) throw new ProtobufError('unexpected end of the protobuf body');
		at += length;
		return bytes.subarray(at - length, at);
	};
	while (at < bytes.length) {
		const key = varint();
		const number = Number(key >> 3n);
		switch (Number(key & 7n)) {
			case 0:
				yield {number, value: varint()};
				break;
			case 1:
				yield {number, value: take(8)};
				break;
			case 2:
				yield {number, value: take(Number(varint()))};
				break;
			case 5:
				yield {number, value: take(4)};
				break;
			default:
				throw new ProtobufError(`protobuf wire type ${key & 7n} is not supported`);
		}
	}
}

/** The last value of a field, as protobuf has it; undefined when the message does not hold it. */
export function fieldOf(bytes: Uint8Array, number: number): bigint | Uint8Array | undefined {
	let found: bigint | Uint8Array | undefined;
	for (const field of fieldsOf(bytes)) {
		if (field.number === number) found = field.value;
	}
	return found;
}

export function asBytes(value: bigint | Uint8Array | undefined): Uint8Array {
	if (typeof value === 'bigint') throw new ProtobufError('a protobuf field holds a number instead of bytes');
	return value ?? new Uint8Array();
}

export function asNumber(value: bigint | Uint8Array | undefined): number {
	if (value instanceof Uint8Array) throw new ProtobufError('a protobuf field holds bytes instead of a number');
	return Number(BigInt.asIntN(64, value ?? 0n));
}

const utf8 = new TextDecoder('utf-8', {fatal: true});

export function asText(value: bigint | Uint8Array | undefined): string {
	try {
		return utf8.decode(asBytes(value));
	} catch {
		throw new ProtobufError('a protobuf text is not valid UTF-8');
	}
}
