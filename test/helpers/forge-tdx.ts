import {createHash, type KeyObject, sign} from 'node:crypto';
import type {PlatformFacts} from '../../src/attestation/tdx/pck-extension.ts';
import type {TdReport} from '../../src/attestation/tdx/td-report.ts';
import * as der from '../../src/keys/der-writer.ts';
import {toPem} from '../../src/keys/pem.ts';
import {type CertificateKnobs, type Forged, forgeCertificate, keysOf} from './forge-chain.ts';

/** Intel's hierarchy, with keys of our own. */
export const root = forgeCertificate({name: 'Intel SGX Root CA', pathLength: 1});
export const platformCa = forgeCertificate({name: 'Intel SGX PCK Platform CA', issuer: root, authority: true, pathLength: 0});
export const tcbSigner = forgeCertificate({name: 'Intel SGX TCB Signing', issuer: root});

export const platform: PlatformFacts = {
	fmspc: Buffer.from('90c06f000000', 'hex'),
	pceId: Buffer.alloc(2),
	pceSvn: 13,
	components: [3, 3, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
};
export const extension = '1.2.840.113741.1.13.1';

/** Value of the SGX extension, in the order that Intel writes. */
export function platformExtension({fmspc, pceId, pceSvn, components}: PlatformFacts): Uint8Array {
	const number = (value: number): Uint8Array => der.integer(Uint8Array.of(value >> 8, value & 0xff));
	const pair = (oid: string, value: Uint8Array): Uint8Array => der.sequence(der.objectIdentifier(`${extension}.${oid}`), value);
	const octets = (bytes: Uint8Array): Uint8Array => der.element(0x04, bytes);
	return der.sequence(
		pair('1', octets(Buffer.alloc(16, 7))),
		pair(
			'2',
			der.sequence(
				...components.map((component, index) => pair(`2.${index + 1}`, number(component))),
				pair('2.17', number(pceSvn)),
				pair('2.18', octets(Uint8Array.from(components))),
			),
		),
		pair('3', octets(pceId)),
		pair('4', octets(fmspc)),
		pair('5', der.element(0x0a, Uint8Array.of(1))),
	);
}

export function forgePck(knobs: Partial<CertificateKnobs> = {}, facts = platform): Forged {
	const extensions = [{oid: extension, critical: false, value: platformExtension(facts)}];
	return forgeCertificate({name: 'Intel SGX PCK Certificate', issuer: platformCa, extensions, ...knobs});
}
export const pck = forgePck();

export const pemOf = (...certificates: readonly Forged[]): string =>
	certificates.map(certificate => toPem('CERTIFICATE', certificate.der)).join('');

/** A trust domain without debugging, on a TDX module of version 1. */
export const tdReport: TdReport = {
	teeTcbSvn: Buffer.from('07010300000000000000000000000000', 'hex'),
	mrSeam: Buffer.alloc(48, 0x5e),
	mrSignerSeam: Buffer.alloc(48),
	seamAttributes: Buffer.alloc(8),
	tdAttributes: Buffer.from('0000001000000000', 'hex'),
	xfam: Buffer.from('e702060000000000', 'hex'),
	mrTd: Buffer.alloc(48, 0x10),
	mrConfigId: Buffer.alloc(48),
	mrOwner: Buffer.alloc(48),
	mrOwnerConfig: Buffer.alloc(48),
	runtime: [Buffer.alloc(48, 0x20), Buffer.alloc(48, 0x21), Buffer.alloc(48), Buffer.alloc(48)],
	reportData: Buffer.alloc(64),
};
export const qeSigner = 'dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5';
type EnclaveFields = {miscSelect: Uint8Array; attributes: Uint8Array; mrSigner: Uint8Array; productId: number; svn: number};
export const enclave: EnclaveFields = {
	miscSelect: Buffer.alloc(4),
	attributes: Buffer.from('1500000000000000e700000000000000', 'hex'),
	mrSigner: Buffer.from(qeSigner, 'hex'),
	productId: 2,
	svn: 4,
};

/** What a forger can turn. Everything left alone is as an honest platform would have it. */
export type QuoteKnobs = {
	version?: 4 | 5;
	/** A body of TDX 1.5, in version 5. */
	tdx15?: boolean;
	vendor?: string;
	keyType?: number;
	teeType?: number;
	report?: Partial<TdReport>;
	enclave?: Partial<EnclaveFields>;
	/** Of the QE report; made from the attestation key otherwise. */
	qeReportData?: Uint8Array;
	authData?: Uint8Array;
	attestationKey?: KeyObject;
	signer?: KeyObject;
	qeSigner?: KeyObject;
	pck?: Forged;
	chain?: string;
	certification?: {outer?: number; inner?: number};
	/** After signing. */
	after?: (quote: Buffer) => Uint8Array;
};

const attestation = keysOf('attestation key', 'p256');

export function forgeTdxQuote(knobs: QuoteKnobs = {}): Uint8Array {
	const signed = signedPart(knobs);
	const key = knobs.attestationKey ?? attestation.privateKey;
	const point = pointOf(key);
	const authData = knobs.authData ?? Buffer.from(Array.from({length: 32}, (_, index) => index));
	const bound = createHash('sha256').update(point).update(authData).digest();
	const qeReport = enclaveReport({...enclave, ...knobs.enclave}, knobs.qeReportData ?? Buffer.concat([bound, Buffer.alloc(32)]));
	const leaf = knobs.pck ?? pck;
	const chain = knobs.chain ?? `${pemOf(leaf, platformCa, root)}\0`;
	const certification = Buffer.concat([
		qeReport,
		signature(qeReport, knobs.qeSigner ?? leaf.privateKey),
		u16(authData.length),
		authData,
		section(knobs.certification?.inner ?? 5, Buffer.from(chain)),
	]);
	const data = Buffer.concat([
		signature(signed, knobs.signer ?? key),
		point,
		section(knobs.certification?.outer ?? 6, certification),
	]);
	const quote = Buffer.concat([signed, u32(data.length), data]);
	return knobs.after?.(quote) ?? quote;
}

function signedPart({version = 4, tdx15 = false, vendor, keyType = 2, teeType = 0x81, report}: QuoteKnobs): Buffer {
	const {runtime, reportData, ...fields} = {...tdReport, ...report};
	const order = [
		fields.teeTcbSvn,
		fields.mrSeam,
		fields.mrSignerSeam,
		fields.seamAttributes,
		fields.tdAttributes,
		fields.xfam,
		fields.mrTd,
		fields.mrConfigId,
		fields.mrOwner,
		fields.mrOwnerConfig,
	];
	const body = Buffer.concat([...order, ...runtime, reportData, ...(tdx15 ? [Buffer.alloc(64)] : [])]);
	return Buffer.concat([
		u16(version),
		u16(keyType),
		u32(teeType),
		Buffer.alloc(4),
		Buffer.from(vendor ?? '939a7233f79c4ca9940a0db3957f0607', 'hex'),
		Buffer.alloc(20),
		...(version === 5 ? [u16(tdx15 ? 3 : 2), u32(body.length)] : []),
		body,
	]);
}

function enclaveReport({miscSelect, attributes, mrSigner, productId, svn}: EnclaveFields, reportData: Uint8Array): Buffer {
	const parts = [Buffer.alloc(16), miscSelect, Buffer.alloc(28), attributes, Buffer.alloc(64), mrSigner, Buffer.alloc(96)];
	return Buffer.concat([...parts, u16(productId), u16(svn), Buffer.alloc(60), reportData]);
}

function pointOf(key: KeyObject): Buffer {
	const {x = '', y = ''} = key.export({format: 'jwk'});
	return Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

export const signature = (content: Uint8Array, key: KeyObject): Buffer =>
	sign('sha256', content, {key, dsaEncoding: 'ieee-p1363'});

function section(type: number, content: Uint8Array): Buffer {
	return Buffer.concat([u16(type), u32(content.length), content]);
}

function u16(value: number): Buffer {
	const bytes = Buffer.alloc(2);
	bytes.writeUInt16LE(value);
	return bytes;
}

function u32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(value);
	return bytes;
}
