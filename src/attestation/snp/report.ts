import {MalformedError} from '../bytes.ts';

/** Bytes of a SEV-SNP attestation report, and how many of them its signature covers. */
export const reportSize = 0x4a0;
export const signedSize = 0x2a0;

/** Who signed: the chip's own key, a key that a cloud provider loaded, nobody, or a value unknown here. */
export type ReportSigner = 'vcek' | 'vlek' | 'none' | 'unknown';

/**
 * ATTESTATION_REPORT of AMD's SEV-SNP firmware ABI specification (56860). Versions 2 to 5 share one layout: later ones gave names to
 * what was reserved. TCB versions stay bytes, because their layout depends on the processor.
 */
export type SnpReport = {
	version: number;
	guestSvn: number;
	policy: bigint;
	familyId: Uint8Array;
	imageId: Uint8Array;
	vmpl: number;
	signatureAlgorithm: number;
	currentTcb: Uint8Array;
	platformInfo: bigint;
	authorKeyEnabled: boolean;
	chipKeyMasked: boolean;
	signer: ReportSigner;
	reportData: Uint8Array;
	measurement: Uint8Array;
	hostData: Uint8Array;
	idKeyDigest: Uint8Array;
	authorKeyDigest: Uint8Array;
	reportId: Uint8Array;
	reportedTcb: Uint8Array;
	/** From version 3 on. */
	cpu?: {family: number; model: number; stepping: number};
	chipId: Uint8Array;
	committedTcb: Uint8Array;
	launchTcb: Uint8Array;
	/** From version 5 on. */
	mitigations?: {launch: bigint; current: bigint};
	/** The exact bytes that the signature covers. */
	signed: Uint8Array;
	/** R and S of the signature, 72 bytes each, little-endian. */
	signature: {r: Uint8Array; s: Uint8Array};
};

/** Reads a report of exactly 1184 bytes. Nothing in it is judged here. Throws MalformedError. */
export function parseReport(bytes: Uint8Array): SnpReport {
	if (bytes.length !== reportSize) throw new MalformedError(`report: ${bytes.length} bytes instead of ${reportSize}`);
	const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const take = (offset: number, length: number): Uint8Array => buffer.subarray(offset, offset + length);
	const version = buffer.readUInt32LE(0);
	const flags = buffer.readUInt32LE(0x48);
	return {
		version,
		guestSvn: buffer.readUInt32LE(0x04),
		policy: buffer.readBigUInt64LE(0x08),
		familyId: take(0x10, 16),
		imageId: take(0x20, 16),
		vmpl: buffer.readUInt32LE(0x30),
		signatureAlgorithm: buffer.readUInt32LE(0x34),
		currentTcb: take(0x38, 8),
		platformInfo: buffer.readBigUInt64LE(0x40),
		authorKeyEnabled: (flags & 1) !== 0,
		chipKeyMasked: (flags & 2) !== 0,
		signer: signerOf((flags >> 2) & 7),
		reportData: take(0x50, 64),
		measurement: take(0x90, 48),
		hostData: take(0xc0, 32),
		idKeyDigest: take(0xe0, 48),
		authorKeyDigest: take(0x110, 48),
		reportId: take(0x140, 32),
		reportedTcb: take(0x180, 8),
		...(version >= 3 ? {cpu: {family: bytes[0x188] ?? 0, model: bytes[0x189] ?? 0, stepping: bytes[0x18a] ?? 0}} : {}),
		chipId: take(0x1a0, 64),
		committedTcb: take(0x1e0, 8),
		launchTcb: take(0x1f0, 8),
		...(version >= 5 ? {mitigations: {launch: buffer.readBigUInt64LE(0x1f8), current: buffer.readBigUInt64LE(0x200)}} : {}),
		signed: take(0, signedSize),
		signature: {r: take(0x2a0, 72), s: take(0x2e8, 72)},
	};
}

function signerOf(value: number): ReportSigner {
	switch (value) {
		case 0:
			return 'vcek';
		case 1:
			return 'vlek';
		case 7:
			return 'none';
		default:
			return 'unknown';
	}
}
