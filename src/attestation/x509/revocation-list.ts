import {readExtensions, readSigned} from './certificate.ts';
import {DerError, expectTag, readAll, readDer, readTime, sequenceOf} from './der-reader.ts';
import {readSignatureAlgorithm, type SignatureAlgorithm} from './signature.ts';

/** A certificate revocation list (RFC 5280 section 5); nothing of it is checked but the form. */
export type RevocationList = {
	signedPart: Uint8Array;
	signatureAlgorithm: SignatureAlgorithm | undefined;
	signature: Uint8Array;
	/** DER name. */
	issuer: Uint8Array;
	thisUpdate: Date;
	nextUpdate: Date;
	/** Serial numbers, hex of their DER content. */
	revoked: ReadonlySet<string>;
};

/** Lists of a whole product line stay below this. */
export const maximumListSize = 4 * 1024 * 1024;
const maximumEntries = 131_072;

/** Reads a complete DER list of version 2 with a date by which it is replaced. Throws DerError. */
export const parseRevocationList = (der: Uint8Array): RevocationList => {
	if (der.length > maximumListSize) throw new DerError('the revocation list is too big');
	const {content, algorithm, signature} = readSigned(der);
	const [version, inner, issuer, thisUpdate, nextUpdate, ...rest] = sequenceOf(content);
	if (expectTag(version, 0x02).content.join() !== '1') throw new DerError('the revocation list is not of version 2');
	if (!inner || !Buffer.from(inner.raw).equals(algorithm.raw))
		throw new DerError('the revocation list names two signature algorithms');
	const entries = rest[0]?.tag === 0x30 ? rest.shift() : undefined;
	const extensions = rest[0]?.tag === 0xa0 ? readExtensions(rest.shift()) : [];
	if (rest.length > 0) throw new DerError('the revocation list has unknown parts');
	// Critical ones say that a list is partial or speaks for others.
	if (extensions.some(({critical}) => critical)) throw new DerError('the revocation list has a critical extension');
	return {
		signedPart: content.raw,
		signatureAlgorithm: readSignatureAlgorithm(algorithm),
		signature,
		issuer: expectTag(issuer, 0x30).raw,
		thisUpdate: readTime(thisUpdate),
		nextUpdate: readTime(nextUpdate),
		revoked: new Set(entries ? readAll(entries.content, maximumEntries).map(({raw}) => serialOf(raw)) : []),
	};
};

const serialOf = (entry: Uint8Array): string => {
	const [serial, date] = sequenceOf(readDer(entry));
	readTime(date);
	return Buffer.from(expectTag(serial, 0x02).content).toString('hex');
};
