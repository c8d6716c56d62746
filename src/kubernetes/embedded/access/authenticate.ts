import {createHash, timingSafeEqual} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import {TLSSocket} from 'node:tls';
import {unauthorized} from '../http/status.ts';
import type {Store} from '../store/store.ts';
import {isObject} from '../types.ts';
import {anonymous, type Identity, serviceAccountIdentity} from './identity.ts';
import type {Tokens} from './tokens.ts';

const bootstrapToken = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const accountUser = /^system:serviceaccount:([^:]+):([^:]+)$/;

export type Authenticator = {
	/** Certificate first, then bearer token, else anonymous. Anything presented and not good is 401. */
	request(request: IncomingMessage): Identity;
	token(token: string): Identity | undefined;
};

export function createAuthenticator(store: Store, tokens: Tokens, now: () => number): Authenticator {
	const accountToken = (token: string): Identity | undefined => {
		const claims = tokens.check(token);
		if (!claims) return undefined;
		const {namespace, serviceaccount} = claims['kubernetes.io'];
		const account = store.get({resource: 'serviceaccounts', namespace, name: serviceaccount.name});
		// A deleted account's tokens are void, also after it was made anew.
		if (account?.metadata.uid !== serviceaccount.uid) return undefined;
		return {
			...serviceAccountIdentity(namespace, serviceaccount.name, serviceaccount.uid),
			extra: {'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`]},
		};
	};

	const bootstrap = (id: string, secret: string): Identity | undefined => {
		const stored = store.get({resource: 'secrets', namespace: 'kube-system', name: `bootstrap-token-${id}`});
		if (stored?.['type'] !== 'bootstrap.kubernetes.io/token' || !isObject(stored['data'])) return undefined;
		if (stored.metadata.deletionTimestamp !== undefined) return undefined;
		const {data} = stored;
		const field = (name: string): string => {
			const value = data[name];
			return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : '';
		};
		if (field('token-id') !== id || !sameText(field('token-secret'), secret)) return undefined;
		if (field('usage-bootstrap-authentication') !== 'true') return undefined;
		const expiration = field('expiration');
		if (expiration !== '' && !(Date.parse(expiration) > now())) return undefined;
		const extra = field('auth-extra-groups')
			.split(',')
			.filter(group => group.startsWith('system:bootstrappers:'));
		return {user: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...extra, 'system:authenticated']};
	};

	const token = (text: string): Identity | undefined => {
		const match = bootstrapToken.exec(text);
		return match ? bootstrap(match[1] ?? '', match[2] ?? '') : accountToken(text);
	};

	return {
		token,
		request(request) {
			const certificate = certificateIdentity(request, now());
			if (certificate) return certificate;
			const header = request.headers.authorization;
			if (header === undefined) return anonymous;
			const [scheme = '', value = ''] = header.split(' ', 2);
			const identity = scheme.toLowerCase() === 'bearer' && value !== '' ? token(value) : undefined;
			if (!identity) throw unauthorized();
			return identity;
		},
	};
}

/** Compares two texts in constant time by their digests. */
function sameText(left: string, right: string): boolean {
	const digest = (text: string) => createHash('sha256').update(text).digest();
	return timingSafeEqual(digest(left), digest(right));
}

function certificateIdentity(request: IncomingMessage, now: number): Identity | undefined {
	const {socket} = request;
	if (!(socket instanceof TLSSocket)) return undefined;
	const certificate = socket.getPeerX509Certificate();
	if (!certificate) return undefined;
	// `authorized` was decided at the handshake; a connection may outlive its certificate.
	if (!socket.authorized || Date.parse(certificate.validTo) <= now) throw unauthorized();
	const {CN, O = []} = {...certificate.toLegacyObject().subject} as {CN?: string | string[]; O?: string | string[]};
	if (typeof CN !== 'string' || CN === '') throw unauthorized();
	const extra = {
		'authentication.kubernetes.io/credential-id': [`X509SHA256=${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`],
	};
	const account = accountUser.exec(CN);
	if (account) return {...serviceAccountIdentity(account[1] ?? '', account[2] ?? ''), extra};
	const groups = typeof O === 'string' ? [O] : O;
	return {user: CN, groups: [...groups, 'system:authenticated'], extra};
}
