import {createPublicKey, type KeyObject, verify} from 'node:crypto';
import {
	DerError,
	type DerNode,
	expectTag,
	readBitString,
	readDer,
	readObjectIdentifier,
	readTime,
	sequenceOf,
} from '../attestation/x509/der-reader.ts';
import {type NameAttribute, readName} from './names.ts';

export type Extension = {oid: string; critical: boolean; value: Uint8Array};

/** What a certificate says (RFC 5280); nothing of it is checked but the form. */
export type Certificate = {
	raw: Uint8Array;
	serial: Uint8Array;
	issuer: Uint8Array;
	subject: Uint8Array;
	subjectName: NameAttribute[];
	notBefore: Date;
	notAfter: Date;
	/** DER SubjectPublicKeyInfo, as received. */
	publicKey: Uint8Array;
	extensions: Extension[];
};

export const extensionIds = {
	keyUsage: '2.5.29.15',
	subjectAlternativeName: '2.5.29.17',
	basicConstraints: '2.5.29.19',
	authorityKey: '2.5.29.35',
	subjectKey: '2.5.29.14',
	extendedKeyUsage: '2.5.29.37',
} as const;

const maximumSize = 256 * 1024;

const signatureHashes: Readonly<Record<string, string>> = {
	'1.2.840.10045.4.3.2': 'sha256',
	'1.2.840.10045.4.3.3': 'sha384',
	'1.2.840.10045.4.3.4': 'sha512',
	'1.2.840.113549.1.1.11': 'sha256',
	'1.2.840.113549.1.1.12': 'sha384',
	'1.2.840.113549.1.1.13': 'sha512',
};

/** Reads a DER certificate of version 3. Throws DerError, also for repeated extensions and bytes behind the end. */
export const readCertificate = (der: Uint8Array): Certificate => {
	if (der.length > maximumSize) throw new DerError('the certificate is too big');
	const [tbs] = sequenceOf(readDer(der));
	const [version, serial, , issuer, validity, subject, publicKey, ...optional] = sequenceOf(tbs);
	if (version?.tag !== 0xa0) throw new DerError('the certificate is not of version 3');
	const [notBefore, notAfter] = sequenceOf(validity);
	return {
		raw: der,
		serial: expectTag(serial, 0x02).content,
		issuer: expectTag(issuer, 0x30).raw,
		subject: expectTag(subject, 0x30).raw,
		subjectName: readName(subject),
		notBefore: readTime(notBefore),
		notAfter: readTime(notAfter),
		publicKey: expectTag(publicKey, 0x30).raw,
		extensions: readExtensions(optional.find(node => node.tag === 0xa3)),
	};
};

const readExtensions = (node: DerNode | undefined): Extension[] => {
	if (!node) return [];
	const extensions = sequenceOf(readDer(node.content)).map(readExtension);
	if (new Set(extensions.map(({oid}) => oid)).size !== extensions.length) throw new DerError('an extension is repeated');
	return extensions;
};

/** One element of an extension list. Throws DerError. */
export const readExtension = (node: DerNode): Extension => {
	const parts = sequenceOf(node);
	const critical = parts.length === 3 && expectTag(parts[1], 0x01).content[0] !== 0;
	if (parts.length < 2 || parts.length > 3) throw new DerError('an extension is malformed');
	return {oid: readObjectIdentifier(parts[0]), critical, value: expectTag(parts.at(-1), 0x04).content};
};

/** The extended key usages; undefined when the certificate does not restrict them. Throws DerError. */
export const extendedKeyUsages = (certificate: Certificate): string[] | undefined => {
	const found = certificate.extensions.find(({oid}) => oid === extensionIds.extendedKeyUsage);
	return found && sequenceOf(readDer(found.value)).map(readObjectIdentifier);
};

/** Whether the basic constraints make this the certificate of an authority. Throws DerError. */
export const isAuthority = (certificate: Certificate): boolean => {
	const found = certificate.extensions.find(({oid}) => oid === extensionIds.basicConstraints);
	const [flag] = found ? sequenceOf(readDer(found.value)) : [];
	return flag?.tag === 0x01 && flag.content[0] !== 0;
};

/** The public key for node:crypto. Throws when the key is of an unknown kind. */
export const keyOf = (publicKey: Uint8Array): KeyObject =>
	createPublicKey({key: Buffer.from(publicKey), format: 'der', type: 'spki'});

/**
 * Whether the signature of a signed structure (certificate or request: content, algorithm, signature) was made by `signer`
 * (DER SPKI). ECDSA and RSA PKCS #1 with SHA-256 or longer; anything else is false.
 */
export const isSignedBy = (signed: Uint8Array, signer: Uint8Array): boolean => {
	const [content, algorithm, signature, ...rest] = sequenceOf(readDer(signed));
	const hash = signatureHashes[readObjectIdentifier(sequenceOf(algorithm)[0])];
	if (!content || !hash || rest.length > 0) return false;
	const key = keyOf(signer);
	if (key.asymmetricKeyType !== 'ec' && key.asymmetricKeyType !== 'rsa') return false;
	return verify(hash, content.raw, key, readBitString(signature));
};

/** Whether `now` lies within the validity of the certificate. */
export const isInForce = (certificate: Certificate, now: Date): boolean =>
	certificate.notBefore.getTime() <= now.getTime() && now.getTime() <= certificate.notAfter.getTime();

/** SHA-256 P-256 named curve, uncompressed point: the only form of key that our own certificates have (91 bytes). */
export const isPlainP256Key = (publicKey: Uint8Array): boolean =>
	publicKey.length === 91 && Buffer.from(publicKey.subarray(0, p256Prefix.length)).equals(p256Prefix);

const p256Prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
