import {createHash, createPrivateKey, generateKeyPairSync, type KeyObject} from 'node:crypto';
import type {Issuer} from '../attestation/variant.ts';
import {encodeName} from '../keys/names.ts';
import {toPem} from '../keys/pem.ts';
import {signCertificate} from '../keys/pki.ts';

/** A certificate for one connection and its private key. */
export type Leaf = {certificate: Uint8Array; key: KeyObject};

const validity = 2 * 3_600_000;
const name = encodeName({commonName: 'Constellation'});

/** SHA-256 of DER SubjectPublicKeyInfo: the user data of the evidence inside a leaf. */
export const leafUserData = (publicKey: Uint8Array): Uint8Array =>
	new Uint8Array(createHash('sha256').update(publicKey).digest());

/**
 * Makes the certificate of one connection as v2.9 does: new P-256 key, self-signed, two hours before and after now, one
 * extension named after the variant with the evidence for `nonce` and this key. Without issuer it has no extension.
 */
export const mintLeaf = async (issuer: Issuer | undefined, nonce: Uint8Array): Promise<Leaf> => {
	const {publicKey, privateKey} = generateKeyPairSync('ec', {
		namedCurve: 'prime256v1',
		publicKeyEncoding: {type: 'spki', format: 'der'},
		privateKeyEncoding: {type: 'pkcs8', format: 'der'},
	});
	const key = createPrivateKey({key: privateKey, format: 'der', type: 'pkcs8'});
	const extensions = issuer
		? [{oid: issuer.oid, critical: false, value: await issuer.issue(leafUserData(publicKey), nonce)}]
		: [];
	return {certificate: selfSigned(name, publicKey, key, extensions), key};
};

/**
 * A certificate whose only purpose is its subject: the one acceptable authority that a request for a client certificate names.
 * v2.9 clients read the service's nonce from it and refuse any other list.
 */
export const nonceAuthority = (leaf: Leaf, encodedNonce: string): string => {
	const publicKey = generateKeyPairSync('ec', {
		namedCurve: 'prime256v1',
		publicKeyEncoding: {type: 'spki', format: 'der'},
		privateKeyEncoding: {type: 'pkcs8', format: 'der'},
	}).publicKey;
	return toPem('CERTIFICATE', selfSigned(encodeName({commonName: encodedNonce}), publicKey, leaf.key, []));
};

const selfSigned = (
	subject: Uint8Array,
	publicKey: Uint8Array,
	signer: KeyObject,
	extensions: {oid: string; critical: boolean; value: Uint8Array}[],
): Uint8Array =>
	signCertificate({
		subject,
		issuer: subject,
		publicKey,
		notBefore: new Date(Date.now() - validity),
		notAfter: new Date(Date.now() + validity),
		extensions,
		signer,
	});
