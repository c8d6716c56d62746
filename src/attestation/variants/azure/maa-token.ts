import {type KeyObject, verify, X509Certificate} from 'node:crypto';
import {fromBase64, fromBase64Url, MalformedError} from '../../bytes.ts';
import {isList, isObject} from '../../measurements.ts';
import {parseStrictJson} from '../../strict-json.ts';

/** A token of Microsoft Azure Attestation: a compact JWS (RFC 7515) signed with RS256. Its claims count only after a check. */
export type MaaToken = {
	keyId: string;
	/** What the signature covers. */
	signed: Uint8Array;
	signature: Uint8Array;
	claims: Readonly<Record<string, unknown>>;
};

const limits = {token: 32 * 1024, keys: 256 * 1024, depth: 10};

/** Reads a token without checking it. Throws MalformedError. */
export function parseMaaToken(text: string): MaaToken {
	if (text.length > limits.token) throw new MalformedError(`token: ${text.length} characters`);
	const [header = '', payload = '', signature = '', ...more] = text.split('.');
	if (more.length > 0 || !header || !payload || !signature) throw new MalformedError('token: not three parts');
	const {alg, kid, crit} = object(fromBase64Url(header, 'header'), 'header');
	// One algorithm, known before; what the header may demand beyond it (RFC 7515 section 4.1.11) is not known here.
	if (alg !== 'RS256' || crit !== undefined) throw new MalformedError('token: not RS256');
	if (typeof kid !== 'string' || kid.length === 0) throw new MalformedError('token: no key identifier');
	return {
		keyId: kid,
		signed: Buffer.from(`${header}.${payload}`, 'latin1'),
		signature: fromBase64Url(signature, 'signature'),
		claims: object(fromBase64Url(payload, 'payload'), 'payload'),
	};
}

/** Whether exactly one of the provider's published keys (a JWK set, RFC 7517) has the token's identifier and signed it. */
export function isSignedByProvider({keyId, signed, signature}: MaaToken, keySet: Uint8Array): boolean {
	const key = keyOf(keySet, keyId);
	return key !== undefined && verify('sha256', signed, key, signature);
}

/** The key is taken from the first certificate of `x5c`, as the provider publishes it. Undefined when there is none that can be used. */
function keyOf(keySet: Uint8Array, keyId: string): KeyObject | undefined {
	try {
		const keys: unknown = object(keySet, 'keys', limits.keys)['keys'];
		if (!isList(keys)) return undefined;
		const [entry, ...more] = keys.filter(candidate => isObject(candidate) && candidate['kid'] === keyId);
		const chain: unknown = isObject(entry) ? entry['x5c'] : undefined;
		const first = isList(chain) ? chain[0] : undefined;
		if (more.length > 0 || typeof first !== 'string') return undefined;
		const key = new X509Certificate(Buffer.from(fromBase64(first, 'x5c'))).publicKey;
		return key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048 ? key : undefined;
	} catch {
		// What cannot be read as a key signs nothing.
		return undefined;
	}
}

function object(bytes: Uint8Array, what: string, size = limits.token): Record<string, unknown> {
	const value = parseStrictJson(bytes, {bytes: size, depth: limits.depth});
	if (!isObject(value)) throw new MalformedError(`${what}: not an object`);
	return value;
}
