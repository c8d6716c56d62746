import {constants, createPublicKey, type KeyObject, verify} from 'node:crypto';
import {DerError, type DerNode, expectTag, readDer, readObjectIdentifier, readSmallInteger, sequenceOf} from './der-reader.ts';

type Hash = 'sha256' | 'sha384' | 'sha512';

/** RSA PKCS #1 v1.5, RSASSA-PSS and ECDSA (RFC 4055, RFC 5758); older hashes are not known at all. */
export type SignatureAlgorithm = `${'rsa' | 'rsa-pss' | 'ecdsa'}-${Hash}`;

const algorithms: Readonly<Record<string, SignatureAlgorithm>> = {
	'1.2.840.113549.1.1.11': 'rsa-sha256',
	'1.2.840.113549.1.1.12': 'rsa-sha384',
	'1.2.840.113549.1.1.13': 'rsa-sha512',
	'1.2.840.10045.4.3.2': 'ecdsa-sha256',
	'1.2.840.10045.4.3.3': 'ecdsa-sha384',
	'1.2.840.10045.4.3.4': 'ecdsa-sha512',
};
const pss = '1.2.840.113549.1.1.10';
const maskGeneration = '1.2.840.113549.1.1.8';
const hashes: Readonly<Record<string, {hash: Hash; size: number}>> = {
	'2.16.840.1.101.3.4.2.1': {hash: 'sha256', size: 32},
	'2.16.840.1.101.3.4.2.2': {hash: 'sha384', size: 48},
	'2.16.840.1.101.3.4.2.3': {hash: 'sha512', size: 64},
};

/** Reads an AlgorithmIdentifier; undefined for one that we do not know. Throws DerError. */
export const readSignatureAlgorithm = (node: DerNode): SignatureAlgorithm | undefined => {
	const [id, parameters, ...more] = sequenceOf(node);
	if (more.length > 0) throw new DerError('a signature algorithm is malformed');
	const oid = readObjectIdentifier(id);
	if (oid === pss) return readPss(parameters);
	const algorithm = algorithms[oid];
	// RFC 4055 asks for NULL with RSA, RFC 5758 for nothing with ECDSA.
	const wanted = algorithm?.startsWith('rsa') ? '5,0' : '';
	if (algorithm && (parameters ? [parameters.tag, parameters.content.length].join() : '') !== wanted)
		throw new DerError('a signature algorithm has unexpected parameters');
	return algorithm;
};

/** One hash for the content and the mask, a salt as long as the hash: the only form in use (RFC 4055 section 3.1). */
const readPss = (node: DerNode | undefined): SignatureAlgorithm | undefined => {
	const fields = new Map(sequenceOf(node).map(({tag, content}) => [tag, readDer(content)]));
	const found = hashOf(fields.get(0xa0));
	const [generator, maskHash] = sequenceOf(fields.get(0xa1));
	if (readObjectIdentifier(generator) !== maskGeneration || !found || hashOf(maskHash) !== found) return undefined;
	if (readSmallInteger(fields.get(0xa2)) !== found.size) return undefined;
	const trailer = fields.get(0xa3);
	return trailer && readSmallInteger(trailer) !== 1 ? undefined : `rsa-pss-${found.hash}`;
};

const hashOf = (node: DerNode | undefined): {hash: Hash; size: number} | undefined => {
	const [id] = sequenceOf(node);
	return hashes[readObjectIdentifier(expectTag(id, 0x06))];
};

/** Whether `key` made `signature` over `content`. The kind of key has to fit the algorithm. Never throws. */
export const isSignedWith = (
	{content, algorithm, signature}: {content: Uint8Array; algorithm: SignatureAlgorithm; signature: Uint8Array},
	key: KeyObject,
): boolean => {
	const hash = algorithm.slice(-6);
	const isEcdsa = algorithm.startsWith('ecdsa');
	if (key.asymmetricKeyType !== (isEcdsa ? 'ec' : 'rsa')) return false;
	const isPss = algorithm.startsWith('rsa-pss');
	const padding = isPss ? {padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST} : {};
	try {
		return verify(hash, content, {key, ...padding}, signature);
	} catch {
		// A signature that is no number or pair of numbers of this key's size.
		return false;
	}
};

/** The public key for node:crypto; undefined when the library does not know it. */
export const publicKeyFrom = (spki: Uint8Array): KeyObject | undefined => {
	try {
		return createPublicKey({key: Buffer.from(spki), format: 'der', type: 'spki'});
	} catch {
		// The caller says which certificate has a key that cannot be used.
		return undefined;
	}
};
