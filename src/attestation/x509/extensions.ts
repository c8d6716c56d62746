import type {Certificate} from './certificate.ts';
import {DerError, expectTag, readBoolean, readDer, readSmallInteger, sequenceOf} from './der-reader.ts';

/** Object identifiers of the certificate extensions that the product reads (RFC 5280 section 4.2.1). */
export const extensionIds = {
	keyUsage: '2.5.29.15',
	subjectAlternativeName: '2.5.29.17',
	basicConstraints: '2.5.29.19',
	authorityKey: '2.5.29.35',
	subjectKey: '2.5.29.14',
	extendedKeyUsage: '2.5.29.37',
} as const;

/** Value of an extension; undefined when the certificate has none of this kind. */
export const extensionOf = ({extensions}: Pick<Certificate, 'extensions'>, oid: string): Uint8Array | undefined =>
	extensions.find(extension => extension.oid === oid)?.value;

/** Whether the certificate is one of an authority, and how many authorities may follow below it. Throws DerError. */
export const basicConstraints = (certificate: Pick<Certificate, 'extensions'>): {authority: boolean; pathLength?: number} => {
	const value = extensionOf(certificate, extensionIds.basicConstraints);
	if (!value) return {authority: false};
	const [first, second, ...more] = sequenceOf(readDer(value));
	if (more.length > 0 || (second && first?.tag !== 0x01)) throw new DerError('basic constraints are malformed');
	const authority = first?.tag === 0x01 && readBoolean(first);
	if (first && first.tag !== 0x01) throw new DerError('basic constraints are malformed');
	return {authority, ...(second ? {pathLength: readSmallInteger(second)} : {})};
};

const usageBits = {digitalSignature: 0, keyCertSign: 5, cRLSign: 6} as const;

/** Whether the key may be used for this; undefined when the certificate says nothing about it. Throws DerError. */
export const mayBeUsedFor = (
	certificate: Pick<Certificate, 'extensions'>,
	usage: keyof typeof usageBits,
): boolean | undefined => {
	const value = extensionOf(certificate, extensionIds.keyUsage);
	if (!value) return undefined;
	const [unused = 8, first = 0] = expectTag(readDer(value), 0x03).content;
	if (unused > 7) throw new DerError('a key usage is malformed');
	return ((first >> (7 - usageBits[usage])) & 1) === 1;
};
