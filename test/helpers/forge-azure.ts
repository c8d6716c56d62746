import {createHash, type KeyObject, sign} from 'node:crypto';
import {makeExtraData} from '../../src/attestation/attested.ts';
import {parsePublicArea} from '../../src/attestation/tpm/public-area.ts';
import {nonce, userData} from './forge.ts';
import {at, forgeCertificate, keysOf} from './forge-chain.ts';
import {type DocumentKnobs, forgeDocument} from './forge-document.ts';
import {ask, type EndorsementKnobs, forgeChipCertificate, forgeReport, type ReportKnobs} from './forge-snp.ts';

export const maaUrl = 'https://shared.example.attest.azure.net';

type Json = Record<string, unknown>;

/** The token of an honest provider about an honest report; `x-ms-isolation-tee` is what it says of the report. */
export type TokenKnobs = {
	header?: (header: Json) => Json;
	claims?: (claims: Json) => Json;
	tee?: (claims: Json) => Json;
	signer?: KeyObject;
	text?: (token: string) => string;
};

export type AzureKnobs = {
	report?: ReportKnobs;
	/** The half of the report data behind the digest. */
	rest?: Uint8Array;
	certificate?: EndorsementKnobs;
	runtimeData?: (json: {keys: Json[]} & Json) => Json;
	runtimeText?: (text: string) => string;
	/** Undefined for a machine without an attestation provider. */
	token?: TokenKnobs;
	info?: (info: Json) => Json;
	document?: DocumentKnobs;
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const base64Url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
function same<T>(value: T): T {
	return value;
}

export const pem = (certificate: Uint8Array): string =>
	`-----BEGIN CERTIFICATE-----\n${base64(certificate).replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

const provider = () => keysOf('attestation provider', 'rsa-2048');

/** The JWK set that the provider publishes, and any number of entries beside the honest one. */
export function providerKeys(entry: Json = {}, ...more: Json[]): Uint8Array {
	const certificate = forgeCertificate({name: 'attestation provider', kind: 'rsa-2048'});
	return Buffer.from(JSON.stringify({keys: [{kty: 'RSA', kid: 'key-1', x5c: [base64(certificate.der)], ...entry}, ...more]}));
}

export function forgeToken(
	report: Uint8Array,
	{header = same, claims = same, tee = same, signer, text = same}: TokenKnobs = {},
): string {
	const at_ = (offset: number, length: number): string => hex(report.subarray(offset, offset + length));
	const body = claims({
		iss: maaUrl,
		iat: at / 1000 - 10,
		nbf: at / 1000 - 10,
		exp: at / 1000 + 3600,
		'x-ms-attestation-type': 'azurevm',
		'x-ms-runtime': {'client-payload': {nonce: base64(makeExtraData(userData, nonce))}},
		'x-ms-isolation-tee': tee({
			'x-ms-attestation-type': 'sevsnpvm',
			'x-ms-compliance-status': 'azure-compliant-cvm',
			'x-ms-sevsnpvm-reportid': at_(0x140, 32),
			'x-ms-sevsnpvm-reportdata': at_(0x50, 64),
			'x-ms-sevsnpvm-idkeydigest': at_(0xe0, 48),
			'x-ms-sevsnpvm-launchmeasurement': at_(0x90, 48),
			'x-ms-sevsnpvm-vmpl': 0,
			'x-ms-sevsnpvm-guestsvn': 4,
			'x-ms-sevsnpvm-is-debuggable': false,
		}),
	});
	const signed = `${base64Url(header({alg: 'RS256', kid: 'key-1', typ: 'JWT', jku: `${maaUrl}/certs`}))}.${base64Url(body)}`;
	const signature = sign('sha256', Buffer.from(signed), signer ?? provider().privateKey).toString('base64url');
	return text(`${signed}.${signature}`);
}

/** The modulus and exponent of the key that forgeDocument quotes with. */
export function attestationKey(): {n: string; e: string} {
	const text = Buffer.from(forgeDocument()).toString();
	const {key} = parsePublicArea(Buffer.from(/"ak_pub":"([^"]+)"/.exec(text)?.[1] ?? '', 'base64'));
	if (key.type !== 'rsa') throw new Error('not an RSA key');
	return {n: Buffer.from(key.modulus).toString('base64url'), e: 'AQAB'};
}

export function forgeAzure(knobs: AzureKnobs = {}): Uint8Array {
	const runtime = (knobs.runtimeData ?? same<Json>)({
		keys: [
			{kid: 'HCLAkPub', key_ops: ['sign'], kty: 'RSA', ...attestationKey()},
			{kid: 'HCLEkPub', key_ops: ['encrypt'], kty: 'RSA', e: 'AQAB', n: 'AQAB'},
		],
		'vm-configuration': {'secure-boot': true, 'tpm-enabled': true},
	});
	const runtimeData = Buffer.from(JSON.stringify(runtime));
	const reportData = Buffer.concat([createHash('sha256').update(runtimeData).digest(), knobs.rest ?? Buffer.alloc(32)]);
	const report = forgeReport({...knobs.report, fields: {reportData, ...knobs.report?.fields}});
	const info = (knobs.info ?? same)({
		Vcek: base64(Buffer.from(pem(forgeChipCertificate(knobs.certificate)))),
		CertChain: base64(Buffer.from(pem(ask().der))),
		AttestationReport: base64(report),
		RuntimeData: base64(Buffer.from((knobs.runtimeText ?? same)(runtimeData.toString()))),
		MAAToken: knobs.token ? forgeToken(report, knobs.token) : '',
	});
	return forgeDocument({instanceInfo: Buffer.from(JSON.stringify(info)), ...knobs.document});
}
