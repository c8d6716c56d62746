const alphabets = {
	standard: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
	url: /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=)?$/,
} as const;

export type Base64Alphabet = keyof typeof alphabets;

/** Padded base64 (RFC 4648) of the standard or the URL-safe alphabet. */
export const encodeBase64 = (bytes: Uint8Array, alphabet: Base64Alphabet = 'standard'): string => {
	const text = Buffer.from(bytes).toString('base64');
	return alphabet === 'url' ? text.replaceAll('+', '-').replaceAll('/', '_') : text;
};

/**
 * Strict reading: one alphabet, padding required, no white space, unused bits zero. Gives undefined for anything else,
 * because `Buffer.from` accepts all of that.
 */
export const decodeBase64 = (text: string, alphabet: Base64Alphabet = 'standard'): Uint8Array | undefined => {
	if (!alphabets[alphabet].test(text)) return undefined;
	const bytes = new Uint8Array(Buffer.from(text, 'base64'));
	return encodeBase64(bytes, alphabet) === text ? bytes : undefined;
};
