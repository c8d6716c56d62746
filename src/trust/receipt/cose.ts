import {createHash, createPublicKey, type KeyObject, sign, verify} from 'node:crypto';
import {join, MalformedError, sameBytes} from '../../attestation/bytes.ts';
import {decodeCbor, encodeCbor} from '../../attestation/cbor.ts';
import {isObject} from '../../attestation/measurements.ts';

/** Largest signed message that is read, in bytes. */
export const maxSignedSize = 1024 * 1024;

/** What a COSE_Sign1 message holds, its signature not yet checked. */
export type SignedMessage = {protectedHeader: Uint8Array; payload: Uint8Array; signature: Uint8Array; keyId: Uint8Array};

// COSE_Sign1 is CBOR tag 18 (RFC 9052 section 4.2), and the tag is always there: the file says what it is.
const tag = Uint8Array.of(0xd2);
// {1: -7} is ES256 (RFC 9053 section 2.1), 3 the content type, 4 the key identifier; keys in their one order.
const contentType = 'application/vnd.constellation.receipt+cbor';
const headerStart = join(Uint8Array.of(0xa3, 0x01, 0x26, 0x03), encodeCbor(contentType), Uint8Array.of(0x04, 0x58, 0x20));
const signatureSize = 64;

/** SHA-256 of the DER SubjectPublicKeyInfo: how a key is named in the header, and shown as its fingerprint. */
export function keyIdOf(publicKey: Uint8Array): Uint8Array {
	return createHash('sha256').update(publicKey).digest();
}

export function fingerprint(publicKey: Uint8Array): string {
	return `SHA256:${Buffer.from(keyIdOf(publicKey)).toString('hex')}`;
}

/** A COSE_Sign1 message (RFC 9052) over the payload with ECDSA P-256 and SHA-256. `publicKey`: that of `key`, DER. */
export function signMessage(payload: Uint8Array, key: KeyObject): Uint8Array {
	const publicKey = createPublicKey(key).export({format: 'der', type: 'spki'});
	const protectedHeader = join(headerStart, keyIdOf(publicKey));
	const signature = sign('sha256', toBeSigned(protectedHeader, payload), {key, dsaEncoding: 'ieee-p1363'});
	return join(tag, encodeCbor([protectedHeader, {}, payload, signature]));
}

/** Takes a message apart; only the exact form that signMessage writes is accepted. Throws MalformedError. */
export function parseMessage(bytes: Uint8Array): SignedMessage {
	if (bytes.length > maxSignedSize) throw new MalformedError(`${bytes.length} bytes, at most ${maxSignedSize} are allowed`);
	if (!sameBytes(bytes.subarray(0, 1), tag)) throw new MalformedError('not a COSE_Sign1 message');
	const parts = decodeCbor(bytes.subarray(1), {bytes: maxSignedSize, depth: 3, items: 8});
	if (!Array.isArray(parts) || parts.length !== 4) throw new MalformedError('not the four parts of a COSE_Sign1 message');
	const [protectedHeader, unprotectedHeader, payload, signature] = parts as unknown[];
	if (!isObject(unprotectedHeader) || unprotectedHeader instanceof Uint8Array || Object.keys(unprotectedHeader).length > 0)
		throw new MalformedError('the unprotected header is not empty');
	if (!(payload instanceof Uint8Array)) throw new MalformedError('no payload');
	if (!(signature instanceof Uint8Array) || signature.length !== signatureSize) throw new MalformedError('no ES256 signature');
	if (!(protectedHeader instanceof Uint8Array)) throw new MalformedError('no protected header');
	const keyId = protectedHeader.subarray(headerStart.length);
	if (!sameBytes(protectedHeader.subarray(0, headerStart.length), headerStart) || keyId.length !== 32)
		throw new MalformedError('the protected header names another algorithm or content');
	return {protectedHeader, payload, signature, keyId};
}

/** Whether the message was signed by this key (DER SubjectPublicKeyInfo, P-256), and names it. */
export function isSignedBy({protectedHeader, payload, signature, keyId}: SignedMessage, publicKey: Uint8Array): boolean {
	if (!sameBytes(keyIdOf(publicKey), keyId)) return false;
	const key = publicKeyFrom(publicKey);
	if (key === undefined) return false;
	return verify('sha256', toBeSigned(protectedHeader, payload), {key, dsaEncoding: 'ieee-p1363'}, signature);
}

function publicKeyFrom(der: Uint8Array): KeyObject | undefined {
	try {
		const key = createPublicKey({key: Buffer.from(der), format: 'der', type: 'spki'});
		if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
		// A second form of the same key would give it a second fingerprint.
		return sameBytes(key.export({format: 'der', type: 'spki'}), der) ? key : undefined;
	} catch {
		// Whatever cannot be read as a key signs nothing.
		return undefined;
	}
}

/** The Sig_structure of RFC 9052 section 4.4, without external data. */
function toBeSigned(protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array {
	return encodeCbor(['Signature1', protectedHeader, new Uint8Array(), payload]);
}
