import {createHash, createPublicKey, type KeyObject} from 'node:crypto';
import {join, MalformedError, type Reader, readerOf, sized, u16, u32} from '../bytes.ts';
import {algorithms, curves} from './constants.ts';

/** TPMT_PUBLIC of a signing key (TPM 2.0 part 2, 12.2.4). `scheme` is undefined where the key leaves it to the caller. */
export type PublicArea = {
	nameAlgorithm: number;
	attributes: number;
	authPolicy: Uint8Array;
	scheme?: {algorithm: number; hash: number};
	key:
		| {type: 'rsa'; bits: number; exponent: number; modulus: Uint8Array}
		| {type: 'ecc'; curve: number; x: Uint8Array; y: Uint8Array};
};

/** Reads a TPMT_PUBLIC without an outer size. Throws MalformedError. */
export function parsePublicArea(bytes: Uint8Array): PublicArea {
	const reader = readerOf(bytes);
	const type = reader.u16('type');
	const nameAlgorithm = reader.u16('nameAlg');
	const attributes = reader.u32('objectAttributes');
	const authPolicy = reader.sized(64, 'authPolicy');
	if (type !== algorithms.rsa && type !== algorithms.ecc) throw new MalformedError('type: neither RSA nor ECC');
	// Symmetric algorithms belong to storage keys; an attestation key has none.
	if (reader.u16('symmetric') !== algorithms.null) throw new MalformedError('symmetric: an attestation key has none');
	const scheme = readScheme(reader);
	const key = type === algorithms.rsa ? readRsa(reader) : readEcc(reader);
	reader.end('public area');
	return {nameAlgorithm, attributes, authPolicy, ...(scheme ? {scheme} : {}), key};
}

function readScheme(reader: Reader): {algorithm: number; hash: number} | undefined {
	const algorithm = reader.u16('scheme');
	return algorithm === algorithms.null ? undefined : {algorithm, hash: reader.u16('scheme hash')};
}

function readRsa(reader: Reader): PublicArea['key'] {
	const bits = reader.u16('keyBits');
	const exponent = reader.u32('exponent');
	const modulus = reader.sized(512, 'modulus');
	if (modulus.length * 8 !== bits) throw new MalformedError(`modulus: ${modulus.length} bytes for ${bits} bits`);
	return {type: 'rsa', bits, exponent: exponent === 0 ? 65_537 : exponent, modulus};
}

function readEcc(reader: Reader): PublicArea['key'] {
	const curve = reader.u16('curve');
	if (reader.u16('kdf') !== algorithms.null) throw new MalformedError('kdf: an attestation key has none');
	return {type: 'ecc', curve, x: reader.sized(66, 'x'), y: reader.sized(66, 'y')};
}

export function writePublicArea(area: PublicArea): Uint8Array {
	const {key} = area;
	const scheme = area.scheme ? join(u16(area.scheme.algorithm), u16(area.scheme.hash)) : u16(algorithms.null);
	const details =
		key.type === 'rsa'
			? join(u16(key.bits), u32(key.exponent === 65_537 ? 0 : key.exponent), sized(key.modulus))
			: join(u16(key.curve), u16(algorithms.null), sized(key.x), sized(key.y));
	return join(
		u16(key.type === 'rsa' ? algorithms.rsa : algorithms.ecc),
		u16(area.nameAlgorithm),
		u32(area.attributes),
		sized(area.authPolicy),
		u16(algorithms.null),
		scheme,
		details,
	);
}

/** The key for signature checks. Throws MalformedError for what we do not accept: RSA below 2048 bits, curves other than P-256. */
export function publicKeyOf(area: PublicArea): KeyObject {
	const {key} = area;
	try {
		if (key.type === 'rsa') {
			if (key.bits < 2048 || (key.modulus[0] ?? 0) < 0x80) throw new MalformedError('modulus: at least 2048 bits');
			if (key.exponent !== 65_537) throw new MalformedError('exponent: not 65537');
			return createPublicKey({format: 'jwk', key: {kty: 'RSA', n: base64Url(key.modulus), e: 'AQAB'}});
		}
		if (key.curve !== curves.p256) throw new MalformedError('curve: not P-256');
		return createPublicKey({
			format: 'jwk',
			key: {kty: 'EC', crv: 'P-256', x: base64Url(padLeft(key.x, 32)), y: base64Url(padLeft(key.y, 32))},
		});
	} catch (error) {
		if (error instanceof MalformedError) throw error;
		throw new MalformedError('public key: not a point or modulus that the cryptography library accepts');
	}
}

/** nameAlg ‖ SHA-256(TPMT_PUBLIC): the TPM's name of the key. */
export function nameOf(publicArea: Uint8Array): Uint8Array {
	return join(u16(algorithms.sha256), createHash('sha256').update(publicArea).digest());
}

/** Some TPMs drop leading zeros of big numbers; left padding puts them back. Throws MalformedError when it is too long. */
export function padLeft(bytes: Uint8Array, length: number): Uint8Array {
	if (bytes.length > length) throw new MalformedError(`number: ${bytes.length} bytes, at most ${length} are allowed`);
	return join(new Uint8Array(length - bytes.length), bytes);
}

function base64Url(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString('base64url');
}
