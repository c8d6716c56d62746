import {createPublicKey, type KeyObject, verify} from 'node:crypto';

/** An uncompressed point of P-256, x ‖ y, as a key; undefined when it does not lie on the curve. */
export function p256Key(point: Uint8Array): KeyObject | undefined {
	const coordinate = (from: number): string => Buffer.from(point.subarray(from, from + 32)).toString('base64url');
	try {
		return createPublicKey({key: {kty: 'EC', crv: 'P-256', x: coordinate(0), y: coordinate(32)}, format: 'jwk'});
	} catch {
		// Which signature cannot be checked for that is the caller's to say.
		return undefined;
	}
}

/** ECDSA P-256 with SHA-256, signature r ‖ s. A key of another kind signs nothing. */
export function isSigned(content: Uint8Array, signature: Uint8Array, key: KeyObject): boolean {
	if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
	return verify('sha256', content, {key, dsaEncoding: 'ieee-p1363'}, signature);
}
