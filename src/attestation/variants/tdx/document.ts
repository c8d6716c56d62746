import {fromBase64, MalformedError} from '../../bytes.ts';
import {isObject} from '../../measurements.ts';
import {parseStrictJson} from '../../strict-json.ts';

/** The v2.9 document of a trust domain: a quote, and what its report data was made for. */
export type TdxDocument = {quote: Uint8Array; userData: Uint8Array};

const limits = {bytes: 64 * 1024, depth: 2};

/** Reads `{"RawQuote":b64,"UserData":b64}`: exact keys, strict base64. Throws MalformedError. */
export function parseTdxDocument(bytes: Uint8Array): TdxDocument {
	const json = parseStrictJson(bytes, limits);
	if (!isObject(json) || Object.keys(json).toSorted().join() !== 'RawQuote,UserData')
		throw new MalformedError('document: not RawQuote and UserData');
	const field = (key: 'RawQuote' | 'UserData'): Uint8Array => {
		const value = json[key];
		if (typeof value !== 'string') throw new MalformedError(`${key}: not base64 text`);
		return fromBase64(value, key);
	};
	return {quote: field('RawQuote'), userData: field('UserData')};
}

/** Writes it as v2.9 does: no spaces, no line end. */
export function formatTdxDocument({quote, userData}: TdxDocument): Uint8Array {
	const text = (value: Uint8Array): string => Buffer.from(value).toString('base64');
	return Buffer.from(JSON.stringify({RawQuote: text(quote), UserData: text(userData)}));
}
