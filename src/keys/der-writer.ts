/** Writes DER (ITU-T X.690). Every function gives one complete element: tag, length, content. */

const length = (count: number): Uint8Array => {
	if (count < 0x80) return Uint8Array.of(count);
	const bytes: number[] = [];
	for (let rest = count; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest & 0xff);
	return Uint8Array.of(0x80 | bytes.length, ...bytes);
};

/** An element with the identifier octet `tag`. */
export const element = (tag: number, ...contents: readonly Uint8Array[]): Uint8Array => {
	const content = Buffer.concat(contents);
	return new Uint8Array(Buffer.concat([Uint8Array.of(tag), length(content.length), content]));
};

export const sequence = (...contents: readonly Uint8Array[]): Uint8Array => element(0x30, ...contents);

export const set = (...contents: readonly Uint8Array[]): Uint8Array => element(0x31, ...contents);

/** A context-specific, constructed element (EXPLICIT, or IMPLICIT of a constructed type). */
export const context = (number: number, ...contents: readonly Uint8Array[]): Uint8Array => element(0xa0 | number, ...contents);

/** A context-specific, primitive element (IMPLICIT of a primitive type). */
export const contextPrimitive = (number: number, content: Uint8Array): Uint8Array => element(0x80 | number, content);

/** A non-negative integer from big-endian bytes. */
export const integer = (bytes: Uint8Array): Uint8Array => {
	let start = 0;
	while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
	const trimmed = bytes.length === 0 ? Uint8Array.of(0) : bytes.subarray(start);
	return element(0x02, (trimmed[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(), trimmed);
};

export const boolean = (value: boolean): Uint8Array => element(0x01, Uint8Array.of(value ? 0xff : 0));

export const octetString = (content: Uint8Array): Uint8Array => element(0x04, content);

/** A bit string of whole bytes, or of `unused` bits fewer. */
export const bitString = (content: Uint8Array, unused = 0): Uint8Array => element(0x03, Uint8Array.of(unused), content);

export const utf8String = (text: string): Uint8Array => element(0x0c, Buffer.from(text, 'utf8'));

export const printableString = (text: string): Uint8Array => element(0x13, Buffer.from(text, 'latin1'));

/** An object identifier from its dotted form. */
export const objectIdentifier = (dotted: string): Uint8Array => {
	const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
	return element(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
};

const base128 = (value: number): number[] => {
	const bytes = [value & 0x7f];
	for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest & 0x7f) | 0x80);
	return bytes;
};

/** UTCTime before 2050, GeneralizedTime from then on (RFC 5280 4.1.2.5); whole seconds. */
export const time = (date: Date): Uint8Array => {
	const digits = `${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`;
	return date.getUTCFullYear() < 2050 ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits));
};
