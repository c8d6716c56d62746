import {createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign} from 'node:crypto';
import {childrenOf, expectTag, readDer} from '../attestation/x509/der-reader.ts';
import {Secret} from '../secret.ts';
import {addressBytes} from './addresses.ts';
import {type Certificate, type Extension, extensionIds, readCertificate} from './certificate.ts';
import * as der from './der-writer.ts';
import {encodeName, type Subject} from './names.ts';
import {fromPem, toPem} from './pem.ts';

/** A private key (PKCS #8 PEM) and its public key (SubjectPublicKeyInfo DER). */
export type KeyPair = {privateKey: Secret; publicKey: Uint8Array};

/** A certificate authority: its certificate (PEM) and private key (PEM). */
export type Authority = {certificate: string; key: Secret};

export type Usage = 'clientAuth' | 'serverAuth';

export type CertificateRequest = {
	subject: Subject;
	/** DER SubjectPublicKeyInfo. */
	publicKey: Uint8Array;
	usages: readonly Usage[];
	/** IP addresses for the subject alternative name. */
	addresses?: readonly string[];
	/** DNS names for the subject alternative name. */
	names?: readonly string[];
	days: number;
	now?: Date;
};

const hour = 3_600_000;
const usageIds: Readonly<Record<Usage, string>> = {serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2'};

/** Object identifiers of the extended key usages. */
export const usageId = (usage: Usage): string => usageIds[usage];

/** A new ECDSA P-256 key pair. */
export const generateKeys = (): KeyPair => {
	const {privateKey, publicKey} = generateKeyPairSync('ec', {
		namedCurve: 'prime256v1',
		privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
		publicKeyEncoding: {type: 'spki', format: 'der'},
	});
	return {privateKey: new Secret(Buffer.from(privateKey)), publicKey: new Uint8Array(publicKey)};
};

/** A private key for node:crypto from its PEM. */
export const privateKeyOf = (key: Secret): KeyObject => createPrivateKey(Buffer.from(key.reveal()));

export type SignedContent = {
	subject: Uint8Array;
	issuer: Uint8Array;
	publicKey: Uint8Array;
	notBefore: Date;
	notAfter: Date;
	extensions: readonly Extension[];
	signer: KeyObject;
};

/** Signs a version 3 certificate with a random 128-bit serial number; gives its DER. */
export const signCertificate = (content: SignedContent): Uint8Array =>
	signed(
		der.sequence(
			der.context(0, der.integer(Uint8Array.of(2))),
			der.integer(randomBytes(16)),
			algorithmOf(content.signer),
			content.issuer,
			der.sequence(der.time(content.notBefore), der.time(content.notAfter)),
			content.subject,
			content.publicKey,
			...(content.extensions.length > 0 ? [der.context(3, encodeExtensions(content.extensions))] : []),
		),
		content.signer,
	);

/** Content, algorithm and signature in one sequence: the outer form of certificates and requests. */
export const signed = (content: Uint8Array, signer: KeyObject): Uint8Array =>
	der.sequence(content, algorithmOf(signer), der.bitString(sign('sha256', content, signer)));

const algorithmOf = (signer: KeyObject): Uint8Array =>
	signer.asymmetricKeyType === 'rsa'
		? der.sequence(der.objectIdentifier('1.2.840.113549.1.1.11'), der.element(0x05))
		: der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'));

export const encodeExtensions = (extensions: readonly Extension[]): Uint8Array =>
	der.sequence(
		...extensions.map(({oid, critical, value}) =>
			der.sequence(der.objectIdentifier(oid), ...(critical ? [der.boolean(true)] : []), der.octetString(value)),
		),
	);

/** A new self-signed authority, as kubeadm makes them (10 years by default). */
export const createAuthority = (subject: Subject, days = 3650, now = new Date()): Authority => {
	const keys = generateKeys();
	const name = encodeName(subject);
	const certificate = signCertificate({
		subject: name,
		issuer: name,
		publicKey: keys.publicKey,
		notBefore: new Date(now.getTime() - 2 * hour),
		notAfter: new Date(now.getTime() + days * 24 * hour),
		extensions: [
			{oid: extensionIds.keyUsage, critical: true, value: der.bitString(Uint8Array.of(0xa4), 2)},
			{oid: extensionIds.basicConstraints, critical: true, value: der.sequence(der.boolean(true))},
			{oid: extensionIds.subjectKey, critical: false, value: der.octetString(keyIdentifier(keys.publicKey))},
		],
		signer: privateKeyOf(keys.privateKey),
	});
	return {certificate: toPem('CERTIFICATE', certificate), key: keys.privateKey};
};

/** Issues a certificate that is no authority, valid from two hours ago; gives its PEM. Throws when a name cannot be encoded. */
export const issueCertificate = (authority: Authority, request: CertificateRequest): string => {
	const now = request.now ?? new Date();
	const issuer = certificateOf(authority.certificate);
	const alternatives = alternativeNames(request.addresses ?? [], request.names ?? []);
	const certificate = signCertificate({
		subject: encodeName(request.subject),
		issuer: issuer.subject,
		publicKey: request.publicKey,
		notBefore: new Date(now.getTime() - 2 * hour),
		notAfter: new Date(now.getTime() + request.days * 24 * hour),
		extensions: [
			{oid: extensionIds.keyUsage, critical: true, value: der.bitString(Uint8Array.of(0xa0), 5)},
			{
				oid: extensionIds.extendedKeyUsage,
				critical: false,
				value: der.sequence(...request.usages.map(usage => der.objectIdentifier(usageIds[usage]))),
			},
			{oid: extensionIds.basicConstraints, critical: true, value: der.sequence()},
			{
				oid: extensionIds.authorityKey,
				critical: false,
				value: der.sequence(der.contextPrimitive(0, authorityKeyIdentifier(issuer))),
			},
			...(alternatives ? [{oid: extensionIds.subjectAlternativeName, critical: false, value: alternatives}] : []),
		],
		signer: privateKeyOf(authority.key),
	});
	return toPem('CERTIFICATE', certificate);
};

/** The subject alternative name extension; undefined when it would be empty. */
export const alternativeNames = (addresses: readonly string[], names: readonly string[]): Uint8Array | undefined => {
	const entries = [
		...names.map(name => der.contextPrimitive(2, Buffer.from(name, 'latin1'))),
		...addresses.map(address => der.contextPrimitive(7, requireAddress(address))),
	];
	return entries.length > 0 ? der.sequence(...entries) : undefined;
};

const requireAddress = (address: string): Uint8Array => {
	const bytes = addressBytes(address);
	if (!bytes) throw new TypeError('an IP address of a certificate is malformed');
	return bytes;
};

/** Reads a PEM certificate. Throws TypeError or DerError when it is none. */
export const certificateOf = (pem: string): Certificate => {
	const bytes = fromPem('CERTIFICATE', pem);
	if (!bytes) throw new TypeError('not a PEM certificate');
	return readCertificate(bytes);
};

const authorityKeyIdentifier = (issuer: Certificate): Uint8Array => {
	const found = issuer.extensions.find(({oid}) => oid === extensionIds.subjectKey);
	return found ? expectTag(readDer(found.value), 0x04).content : keyIdentifier(issuer.publicKey);
};

/** SHA-1 of the key's bits (RFC 5280 4.2.1.2 method 1); an identifier, not a protection. */
const keyIdentifier = (publicKey: Uint8Array): Uint8Array => {
	const bits = expectTag(childrenOf(readDer(publicKey))[1], 0x03).content.subarray(1);
	return new Uint8Array(createHash('sha1').update(bits).digest());
};

/** SHA-256 of DER SubjectPublicKeyInfo: the fingerprint by which keys are pinned. */
export const keyFingerprint = (publicKey: Uint8Array): Uint8Array =>
	new Uint8Array(createHash('sha256').update(publicKey).digest());

/** The pin of a cluster authority that a join token carries: `sha256:` and the hex fingerprint of its key. */
export const authorityPin = (certificatePem: string): string =>
	`sha256:${Buffer.from(keyFingerprint(certificateOf(certificatePem).publicKey)).toString('hex')}`;
