import {createHash, generateKeyPairSync, type KeyObject, randomUUID, sign} from 'node:crypto';
import {makeExtraData} from '../../src/attestation/attested.ts';
import {algorithms, attestationKeyAttributes, curves} from '../../src/attestation/tpm/constants.ts';
import {type PublicArea, writePublicArea} from '../../src/attestation/tpm/public-area.ts';
import type {QuoteEvidence} from '../../src/attestation/tpm/quote.ts';
import {
	allRegisters,
	type QuoteInfo,
	type TpmSignature,
	writeQuoteInfo,
	writeSignature,
} from '../../src/attestation/tpm/structures.ts';
import {encodeEvidence, type LocalEvidence} from '../../src/attestation/variants/local/evidence.ts';
import {akCertifier} from '../../src/machine/tpm/certify.ts';
import {newMaker} from './local-machine.ts';

export const maker = newMaker();
export const nonce = Buffer.alloc(32, 0x11);
export const userData = Buffer.alloc(32, 0x22);
export const machine = {name: 'worker-1', role: 'worker', diskUuid: randomUUID()} as const;
export const registers: readonly Uint8Array[] = allRegisters.map(index =>
	createHash('sha256').update(`register ${index}`).digest(),
);

export const rsa = generateKeyPairSync('rsa', {modulusLength: 2048}).privateKey;
export const ecc = generateKeyPairSync('ec', {namedCurve: 'prime256v1'}).privateKey;

/** What a forger can turn, one knob a check. Everything left alone is as an honest TPM would have it. */
export type Knobs = {
	key?: 'rsa' | 'ecc';
	area?: (area: PublicArea) => PublicArea;
	areaBytes?: (bytes: Uint8Array) => Uint8Array;
	info?: (info: QuoteInfo) => QuoteInfo;
	/** Before signing. */
	attestBytes?: (bytes: Buffer) => Uint8Array;
	/** After signing. */
	attestAfter?: (bytes: Buffer) => Uint8Array;
	signature?: (signature: TpmSignature) => TpmSignature;
	signatureBytes?: (bytes: Uint8Array) => Uint8Array;
	signer?: KeyObject;
	hash?: string;
	pcrs?: readonly Uint8Array[];
	evidence?: (evidence: LocalEvidence) => LocalEvidence | Promise<LocalEvidence>;
};

/** A quote over `registers` with the knobs turned. */
export function forgeQuote(knobs: Omit<Knobs, 'evidence'> & {values?: readonly Uint8Array[]} = {}): QuoteEvidence {
	const key = knobs.key === 'ecc' ? ecc : rsa;
	const values = knobs.values ?? registers;
	const area = (knobs.area ?? same)(publicAreaOf(key));
	const info: QuoteInfo = {
		magic: 0xff544347,
		type: 0x8018,
		qualifiedSigner: Buffer.alloc(34),
		extraData: makeExtraData(userData, nonce),
		clock: 1n,
		resetCount: 1,
		restartCount: 0,
		safe: true,
		firmwareVersion: 1n,
		selections: [{hash: algorithms.sha256, registers: allRegisters}],
		pcrDigest: createHash('sha256').update(Buffer.concat(values)).digest(),
	};
	const attest = (knobs.attestBytes ?? same)(Buffer.from(writeQuoteInfo((knobs.info ?? same)(info))));
	const value = sign(knobs.hash ?? 'sha256', attest, {key: knobs.signer ?? key, dsaEncoding: 'ieee-p1363'});
	const scheme = key === rsa ? algorithms.rsassa : algorithms.ecdsa;
	const signature = writeSignature((knobs.signature ?? same)({scheme, hash: algorithms.sha256, value}));
	return {
		akPublic: (knobs.areaBytes ?? same)(writePublicArea(area)),
		attest: (knobs.attestAfter ?? same)(Buffer.from(attest)),
		signature: (knobs.signatureBytes ?? same)(signature),
		pcrs: knobs.pcrs ?? values,
	};
}

export async function forge(knobs: Knobs = {}): Promise<Uint8Array> {
	const key = knobs.key === 'ecc' ? ecc : rsa;
	const evidence: LocalEvidence = {
		...forgeQuote(knobs),
		akCertificate: await akCertifier(maker, machine)(writePublicArea(publicAreaOf(key))),
		userData,
		events: [],
	};
	return encodeEvidence(await (knobs.evidence ?? same)(evidence));
}

export function publicAreaOf(privateKey: KeyObject): PublicArea {
	const jwk = privateKey.export({format: 'jwk'});
	const number = (text: string | undefined): Uint8Array => Buffer.from(text ?? '', 'base64url');
	const common = {nameAlgorithm: algorithms.sha256, attributes: attestationKeyAttributes, authPolicy: new Uint8Array()};
	if (privateKey.asymmetricKeyType === 'rsa') {
		const modulus = number(jwk.n);
		const scheme = {algorithm: algorithms.rsassa, hash: algorithms.sha256};
		return {...common, scheme, key: {type: 'rsa', bits: modulus.length * 8, exponent: 65_537, modulus}};
	}
	const scheme = {algorithm: algorithms.ecdsa, hash: algorithms.sha256};
	return {...common, scheme, key: {type: 'ecc', curve: curves.p256, x: number(jwk.x), y: number(jwk.y)}};
}

function same<T>(value: T): T {
	return value;
}
