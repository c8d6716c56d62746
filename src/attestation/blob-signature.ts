import {createPublicKey, type KeyObject, sign, verify} from 'node:crypto';
import {fromBase64} from './bytes.ts';

/**
 * Signature over the exact bytes of a file, as `cosign sign-blob` writes it: base64 text of an ASN.1 DER ECDSA signature with
 * SHA-256. `key`: P-256 private key.
 */
export function signBlob(content: Uint8Array, key: KeyObject): Uint8Array {
	return Buffer.from(sign('sha256', content, key).toString('base64'), 'latin1');
}

/** Checks what signBlob or cosign wrote; line breaks in the text are allowed. `publicKey`: DER SubjectPublicKeyInfo. Never throws. */
export function verifyBlob(content: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
	if (signature.length > 1024) return false;
	try {
		const text = Buffer.from(signature)
			.toString('latin1')
			.replaceAll(/[\r\n]/g, '');
		const key = createPublicKey({key: Buffer.from(publicKey), format: 'der', type: 'spki'});
		if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
		return verify('sha256', content, key, fromBase64(text, 'signature'));
	} catch {
		// Whatever cannot be read as key or signature signs nothing.
		return false;
	}
}
