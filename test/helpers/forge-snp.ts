import {type KeyObject, sign} from 'node:crypto';
import {parseReport, reportSize, signedSize} from '../../src/attestation/snp/report.ts';
import type {Extension} from '../../src/attestation/x509/certificate.ts';
import * as der from '../../src/keys/der-writer.ts';
import {type CertificateKnobs, type Forged, forgeCertificate, keysOf} from './forge-chain.ts';

/** Offsets of the fields that tests change (ATTESTATION_REPORT). */
export const offsets = {
	version: 0x00,
	guestSvn: 0x04,
	policy: 0x08,
	vmpl: 0x30,
	algorithm: 0x34,
	currentTcb: 0x38,
	platformInfo: 0x40,
	keyInfo: 0x48,
	reportData: 0x50,
	measurement: 0x90,
	hostData: 0xc0,
	idKeyDigest: 0xe0,
	reportId: 0x140,
	reportedTcb: 0x180,
	cpu: 0x188,
	chipId: 0x1a0,
	committedTcb: 0x1e0,
	launchTcb: 0x1f0,
	r: 0x2a0,
	s: 0x2e8,
} as const;

/** Bytes to write at a place of the report. */
export type Patch = Partial<Record<keyof typeof offsets, Uint8Array>>;

export const chipId = Buffer.alloc(64, 0xc1);
export const tcb = Uint8Array.of(3, 0, 0, 0, 0, 0, 20, 209);
const tcbs = ['currentTcb', 'reportedTcb', 'committedTcb', 'launchTcb'] as const;

const u32 = (value: number): Uint8Array => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: bigint): Uint8Array => Buffer.from(BigUint64Array.of(value).buffer);
export const le = {u32, u64};

/** A guest as an honest host starts it: SMT allowed, no debugging, no migration. */
export const honestPolicy = (1n << 16n) | (1n << 17n) | 31n;

/** A report as the firmware writes it, of a Genoa processor (family 19h, model 11h). */
function honest(): Buffer {
	const report = Buffer.alloc(reportSize);
	const fields: Patch = {
		version: u32(3),
		guestSvn: u32(4),
		policy: u64(honestPolicy),
		algorithm: u32(1),
		platformInfo: u64(0x25n),
		measurement: Buffer.alloc(48, 0x4d),
		hostData: Buffer.alloc(32, 0x40),
		idKeyDigest: Buffer.alloc(48, 0x1d),
		reportId: Buffer.alloc(32, 0x1e),
		cpu: Uint8Array.of(0x19, 0x11, 0x01),
		chipId,
		...Object.fromEntries(tcbs.map(name => [name, tcb])),
	};
	return patched(report, fields);
}

export function patched(report: Uint8Array, patch: Patch): Buffer {
	const copy = Buffer.from(report);
	for (const [name, bytes] of Object.entries(patch)) copy.set(bytes, offsets[name as keyof typeof offsets]);
	return copy;
}

export type ReportKnobs = {
	/** Before signing. */
	fields?: Patch;
	/** After signing. */
	after?: Patch;
	signer?: KeyObject;
};

const littleEndian = (bytes: Uint8Array): Uint8Array => Buffer.concat([Uint8Array.from(bytes).reverse(), Buffer.alloc(24)]);

export function forgeReport({fields = {}, after = {}, signer = chipKey().privateKey}: ReportKnobs = {}): Uint8Array {
	const report = patched(honest(), fields);
	const signature = sign('sha384', report.subarray(0, signedSize), {key: signer, dsaEncoding: 'ieee-p1363'});
	const half = signature.length / 2;
	const signed = patched(report, {r: littleEndian(signature.subarray(0, half)), s: littleEndian(signature.subarray(half))});
	const done = patched(signed, after);
	parseReport(done);
	return done;
}

const arc = '1.3.6.1.4.1.3704.1';
export const oids = {
	product: `${arc}.2`,
	bootloader: `${arc}.3.1`,
	tee: `${arc}.3.2`,
	snp: `${arc}.3.3`,
	microcode: `${arc}.3.8`,
	fmc: `${arc}.3.9`,
	chipId: `${arc}.4`,
	provider: `${arc}.5`,
} as const;

/** Extensions of a certificate by name; undefined leaves one out. */
export type EndorsementKnobs = Partial<Record<keyof typeof oids, Uint8Array | undefined>>;

export const level = (value: number): Uint8Array => der.integer(Uint8Array.of(value));
export const name = (text: string): Uint8Array => der.element(0x16, Buffer.from(text, 'latin1'));

const honestEndorsement: EndorsementKnobs = {
	product: name('Genoa-B1'),
	bootloader: level(3),
	tee: level(0),
	snp: level(20),
	microcode: level(209),
	chipId,
};

export function endorsementExtensions(knobs: EndorsementKnobs = {}): Extension[] {
	return Object.entries({...honestEndorsement, ...knobs}).flatMap(([key, value]) =>
		value === undefined ? [] : [{oid: oids[key as keyof typeof oids], critical: false, value}],
	);
}

/** The extensions of a VLEK: a provider instead of a chip. */
export const loaded: EndorsementKnobs = {chipId: undefined, product: name('Genoa'), provider: name('Example Cloud')};

export function chipKey() {
	return keysOf('chip', 'p384');
}

// One RSA key is enough for all authorities of tests, and takes seconds to make.
const authority = (): Pick<CertificateKnobs, 'keys' | 'algorithm' | 'keyUsage'> => ({
	keys: keysOf('authorities', 'rsa-4096'),
	algorithm: 'rsa-pss-sha384',
	keyUsage: 0x06,
});

export const ark = (): Forged => (made.ark ??= forgeCertificate({name: 'ARK-Test', ...authority()}));
export const ask = (): Forged =>
	(made.ask ??= forgeCertificate({name: 'SEV-Test', issuer: ark(), authority: true, pathLength: 0, ...authority()}));
const made: {ark?: Forged; ask?: Forged} = {};

export function forgeChipCertificate(knobs: EndorsementKnobs = {}, certificate: Partial<CertificateKnobs> = {}): Uint8Array {
	return forgeCertificate({
		name: 'SEV-VCEK',
		issuer: ask(),
		keys: chipKey(),
		algorithm: 'rsa-pss-sha384',
		keyUsage: undefined,
		authority: undefined,
		extensions: endorsementExtensions(knobs),
		...certificate,
	}).der;
}
