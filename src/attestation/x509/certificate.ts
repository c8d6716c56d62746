import {
	DerError,
	type DerNode,
	expectTag,
	readBitString,
	readBoolean,
	readDer,
	readObjectIdentifier,
	readTime,
	sequenceOf,
} from './der-reader.ts';
import {readSignatureAlgorithm, type SignatureAlgorithm} from './signature.ts';

export type Extension = {oid: string; critical: boolean; value: Uint8Array};

/** What a certificate says (RFC 5280 section 4.1); nothing of it is checked but the form. */
export type Certificate = {
	raw: Uint8Array;
	/** The part that the issuer signed. */
	signedPart: Uint8Array;
	/** Undefined where it is none that we know. */
	signatureAlgorithm: SignatureAlgorithm | undefined;
	signature: Uint8Array;
	serial: Uint8Array;
	/** DER names. */
	issuer: Uint8Array;
	subject: Uint8Array;
	notBefore: Date;
	notAfter: Date;
	/** DER SubjectPublicKeyInfo, as received. */
	publicKey: Uint8Array;
	extensions: readonly Extension[];
};

/** Certificates of a chain are small; one that carries evidence has a limit of its own. */
export const maximumCertificateSize = 16 * 1024;

/** Reads a DER certificate of version 3. Throws DerError, also for repeated extensions and bytes behind the end. */
export const parseCertificate = (der: Uint8Array, limit = maximumCertificateSize): Certificate => {
	if (der.length > limit) throw new DerError('the certificate is too big');
	const {content, algorithm, signature} = readSigned(der);
	const [version, serial, inner, issuer, validity, subject, publicKey, ...optional] = sequenceOf(content);
	if (version?.tag !== 0xa0 || expectTag(readDer(version.content), 0x02).content.join() !== '2')
		throw new DerError('the certificate is not of version 3');
	if (!inner || !Buffer.from(inner.raw).equals(algorithm.raw))
		throw new DerError('the certificate names two signature algorithms');
	const [notBefore, notAfter, ...more] = sequenceOf(validity);
	const known = optional.map(({tag}) => tag).join();
	if (more.length > 0 || !['', '163', '129,163', '130,163', '129,130,163'].includes(known))
		throw new DerError('the certificate has unknown parts');
	return {
		raw: der,
		signedPart: content.raw,
		signatureAlgorithm: readSignatureAlgorithm(algorithm),
		signature,
		serial: expectTag(serial, 0x02).content,
		issuer: expectTag(issuer, 0x30).raw,
		subject: expectTag(subject, 0x30).raw,
		notBefore: readTime(notBefore),
		notAfter: readTime(notAfter),
		publicKey: expectTag(publicKey, 0x30).raw,
		extensions: readExtensions(optional.find(node => node.tag === 0xa3)),
	};
};

/** The outer form of certificates and revocation lists: content, algorithm, signature. Throws DerError. */
export const readSigned = (der: Uint8Array): {content: DerNode; algorithm: DerNode; signature: Uint8Array} => {
	const [content, algorithm, signature, ...more] = sequenceOf(readDer(der));
	if (!content || !algorithm || more.length > 0) throw new DerError('not a content, an algorithm and a signature');
	return {content, algorithm, signature: readBitString(signature)};
};

/** The list inside an explicit tag. Throws DerError. */
export const readExtensions = (node: DerNode | undefined): Extension[] => {
	if (!node) return [];
	const extensions = sequenceOf(readDer(node.content)).map(readExtension);
	if (new Set(extensions.map(({oid}) => oid)).size !== extensions.length) throw new DerError('an extension is repeated');
	return extensions;
};

/** One element of an extension list. Throws DerError. */
export const readExtension = (node: DerNode): Extension => {
	const parts = sequenceOf(node);
	if (parts.length < 2 || parts.length > 3) throw new DerError('an extension is malformed');
	const critical = parts.length === 3 && readBoolean(parts[1]);
	return {oid: readObjectIdentifier(parts[0]), critical, value: expectTag(parts.at(-1), 0x04).content};
};
