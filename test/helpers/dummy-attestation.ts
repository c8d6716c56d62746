import {randomBytes} from 'node:crypto';
import {AttestationRefused} from '../../src/attestation/findings.ts';
import type {Attested, Issuer, Validator} from '../../src/attestation/variant.ts';
import type {NodeRole} from '../../src/events.ts';
import {decodeBase64, encodeBase64} from '../../src/keys/base64.ts';
import {equalBytes} from '../../src/keys/equal.ts';

/** The variant `dummy` of v2.9, which proves nothing: for tests of what surrounds the evidence. */
export const dummyOid = '1.3.9900.1.1';

const refuse = (code: 'document-malformed' | 'quote-challenge' | 'user-data-mismatch'): never => {
	throw new AttestationRefused([{code, severity: 'refuse', message: code}]);
};

type Document = {UserData: Uint8Array; Nonce: Uint8Array; Key: string};

const read = (document: Uint8Array): Document => {
	let value: Record<string, unknown>;
	try {
		value = JSON.parse(Buffer.from(document).toString('utf8')) as Record<string, unknown>;
	} catch {
		return refuse('document-malformed');
	}
	const bytes = (field: string) => {
		const text = value[field];
		if (text === null) return new Uint8Array();
		return (typeof text === 'string' ? decodeBase64(text) : undefined) ?? refuse('document-malformed');
	};
	return {UserData: bytes('UserData'), Nonce: bytes('Nonce'), Key: typeof value['Key'] === 'string' ? value['Key'] : ''};
};

export type DummyIssuer = Issuer & {issued: number};

export const dummyIssuer = (key = randomBytes(4).toString('hex')): DummyIssuer => {
	const issuer: DummyIssuer = {
		oid: dummyOid,
		issued: 0,
		issue: (userData, nonce) => {
			issuer.issued += 1;
			return Promise.resolve(
				Buffer.from(JSON.stringify({UserData: encodeBase64(userData), Nonce: encodeBase64(nonce), Key: key})),
			);
		},
	};
	return issuer;
};

export const dummyValidator = (oid = dummyOid, role?: NodeRole): Validator => ({
	oid,
	validate: (document, nonce, userData): Attested => {
		const {UserData, Nonce, Key} = read(document);
		if (!equalBytes(Nonce, nonce)) refuse('quote-challenge');
		if (!equalBytes(UserData, userData)) refuse('user-data-mismatch');
		return {
			variant: 'local-vtpm',
			attestationKey: Key,
			registers: [],
			userData: UserData,
			findings: [],
			document,
			...(role ? {machine: {name: 'x', role, diskUuid: '00000000-0000-4000-8000-000000000000'}} : {}),
		};
	},
});
