import {createPublicKey, type KeyObject} from 'node:crypto';
import {parseCertificate, readSigned, type Certificate as SignedCertificate} from '../attestation/x509/certificate.ts';
import {readDer, readObjectIdentifier, sequenceOf} from '../attestation/x509/der-reader.ts';
import {basicConstraints, extensionIds} from '../attestation/x509/extensions.ts';
import {isSignedWith, readSignatureAlgorithm} from '../attestation/x509/signature.ts';
import {type NameAttribute, readName} from './names.ts';

export {type Extension, readExtension} from '../attestation/x509/certificate.ts';
export {extensionIds} from '../attestation/x509/extensions.ts';

/** What a certificate says (RFC 5280); nothing of it is checked but the form. */
export type Certificate = SignedCertificate & {subjectName: NameAttribute[]};

/** One that carries evidence is longer than those of a chain. */
const maximumSize = 256 * 1024;

/** Reads a DER certificate of version 3. Throws DerError, also for repeated extensions and bytes behind the end. */
export const readCertificate = (der: Uint8Array): Certificate => {
	const certificate = parseCertificate(der, maximumSize);
	return {...certificate, subjectName: readName(readDer(certificate.subject))};
};

/** The extended key usages; undefined when the certificate does not restrict them. Throws DerError. */
export const extendedKeyUsages = (certificate: Certificate): string[] | undefined => {
	const found = certificate.extensions.find(({oid}) => oid === extensionIds.extendedKeyUsage);
	return found && sequenceOf(readDer(found.value)).map(readObjectIdentifier);
};

/** Whether the basic constraints make this the certificate of an authority. Throws DerError. */
export const isAuthority = (certificate: Certificate): boolean => basicConstraints(certificate).authority;

/** The public key for node:crypto. Throws when the key is of an unknown kind. */
export const keyOf = (publicKey: Uint8Array): KeyObject =>
	createPublicKey({key: Buffer.from(publicKey), format: 'der', type: 'spki'});

/**
 * Whether the signature of a signed structure (certificate or request: content, algorithm, signature) was made by `signer`
 * (DER SPKI). ECDSA and RSA PKCS #1 with SHA-256 or longer; anything else is false.
 */
export const isSignedBy = (signed: Uint8Array, signer: Uint8Array): boolean => {
	const {content, algorithm, signature} = readSigned(signed);
	const known = readSignatureAlgorithm(algorithm);
	if (!known || known.startsWith('rsa-pss')) return false;
	return isSignedWith({content: content.raw, algorithm: known, signature}, keyOf(signer));
};

/** Whether `now` lies within the validity of the certificate. */
export const isInForce = (certificate: Certificate, now: Date): boolean =>
	certificate.notBefore.getTime() <= now.getTime() && now.getTime() <= certificate.notAfter.getTime();

/** SHA-256 P-256 named curve, uncompressed point: the only form of key that our own certificates have (91 bytes). */
export const isPlainP256Key = (publicKey: Uint8Array): boolean =>
	publicKey.length === 91 && Buffer.from(publicKey.subarray(0, p256Prefix.length)).equals(p256Prefix);

const p256Prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
