import {createHash, createPrivateKey, createPublicKey, type KeyObject, randomUUID, sign, verify} from 'node:crypto';
import type {Secret} from '../../../secret.ts';

export const tokenIssuer = 'https://kubernetes.default.svc.cluster.local';
const longest = 2 ** 32;
const shortest = 600;
const tokenLimit = 8192;

export type TokenClaims = {
	iss: string;
	sub: string;
	aud: string[];
	exp: number;
	nbf: number;
	iat: number;
	jti: string;
	'kubernetes.io': {namespace: string; serviceaccount: {name: string; uid: string}};
};

/** Makes and checks ServiceAccount tokens (JWT, RS256 or ES256 after the kind of key). */
export type Tokens = {
	issue(
		account: {namespace: string; name: string; uid: string},
		audiences: string[],
		seconds: number,
	): {token: string; claims: TokenClaims};
	/** The claims of a token with a good signature, in its time and for this API server; otherwise undefined. */
	check(token: string): TokenClaims | undefined;
};

/** `key`: PEM private key shared by all control planes; `now` in milliseconds. */
export function createTokens(key: Secret, now: () => number): Tokens {
	const privateKey = createPrivateKey(Buffer.from(key.reveal()));
	const publicKey = createPublicKey(privateKey);
	const algorithm = privateKey.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256';
	const kid = createHash('sha256')
		.update(publicKey.export({type: 'spki', format: 'der'}))
		.digest('base64url');
	const signing = (material: KeyObject) => ({key: material, dsaEncoding: 'ieee-p1363'}) as const;
	return {
		issue(account, audiences, seconds) {
			const iat = Math.floor(now() / 1000);
			const claims: TokenClaims = {
				aud: audiences.length > 0 ? audiences : [tokenIssuer],
				exp: iat + Math.min(Math.max(seconds, shortest), longest),
				iat,
				iss: tokenIssuer,
				jti: randomUUID(),
				'kubernetes.io': {
					namespace: account.namespace,
					serviceaccount: {name: account.name, uid: account.uid},
				},
				nbf: iat,
				sub: `system:serviceaccount:${account.namespace}:${account.name}`,
			};
			const input = `${encode({alg: algorithm, kid})}.${encode(claims)}`;
			const signature = sign('sha256', Buffer.from(input), signing(privateKey));
			return {token: `${input}.${signature.toString('base64url')}`, claims};
		},
		check(token) {
			if (token.length > tokenLimit) return undefined;
			const [header = '', payload = '', signature = '', ...rest] = token.split('.');
			if (rest.length > 0 || decode(header)?.['alg'] !== algorithm) return undefined;
			const signed = Buffer.from(`${header}.${payload}`);
			if (!verify('sha256', signed, signing(publicKey), Buffer.from(signature, 'base64url'))) return undefined;
			const claims = claimsOf(decode(payload));
			const seconds = now() / 1000;
			if (!claims || claims.iss !== tokenIssuer || seconds >= claims.exp || seconds < claims.nbf - 60) return undefined;
			return claims.aud.includes(tokenIssuer) ? claims : undefined;
		},
	};
}

function encode(value: unknown): string {
	return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(text: string): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
		return typeof value === 'object' && value !== null ? {...value} : undefined;
	} catch {
		// Not JSON: not a token of ours.
		return undefined;
	}
}

function claimsOf(value: Record<string, unknown> | undefined): TokenClaims | undefined {
	if (!value) return undefined;
	const {iss, sub, aud, exp, nbf, iat, jti, 'kubernetes.io': bound} = value;
	if (typeof iss !== 'string' || typeof sub !== 'string' || typeof jti !== 'string') return undefined;
	if (typeof exp !== 'number' || typeof nbf !== 'number' || typeof iat !== 'number' || !Array.isArray(aud)) return undefined;
	if (typeof bound !== 'object' || bound === null || !('namespace' in bound) || !('serviceaccount' in bound)) return undefined;
	const {namespace, serviceaccount} = bound;
	if (typeof namespace !== 'string' || typeof serviceaccount !== 'object' || serviceaccount === null) return undefined;
	if (!('name' in serviceaccount) || !('uid' in serviceaccount)) return undefined;
	const {name, uid} = serviceaccount;
	if (typeof name !== 'string' || typeof uid !== 'string') return undefined;
	const audiences = aud.filter(entry => typeof entry === 'string');
	return {iss, sub, jti, exp, nbf, iat, aud: audiences, 'kubernetes.io': {namespace, serviceaccount: {name, uid}}};
}
