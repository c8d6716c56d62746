import {MalformedError} from '../../bytes.ts';

/**
 * What Azure's paravisor (the host compatibility layer, HCL) leaves in NV index 0x01400001 of a confidential machine's TPM, by
 * Microsoft's guest attestation documentation: a header, the report of the processor, and the runtime data that the report covers.
 */
export type HclReport = {
	kind: 'snp' | 'tdx';
	/** Report of the processor: a SEV-SNP report, or for TDX a TDREPORT; 1184 bytes of room. */
	report: Uint8Array;
	/** JSON, exact bytes. */
	runtimeData: Uint8Array;
};

const sizes = {header: 0x20, report: 0x4a0, dataHeader: 0x14} as const;
const kinds: Readonly<Record<number, HclReport['kind']>> = {2: 'snp', 4: 'tdx'};
/** The only hash of runtime data that occurs: SHA-256. */
const sha256 = 1;
const maximumSize = 16 * 1024;

/** Reads the content of the NV index, little-endian. Throws MalformedError. */
export function parseHclReport(bytes: Uint8Array): HclReport {
	const start = sizes.header + sizes.report + sizes.dataHeader;
	if (bytes.length <= start || bytes.length > maximumSize) throw new MalformedError(`HCL report: ${bytes.length} bytes`);
	const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	if (buffer.toString('latin1', 0, 4) !== 'HCLA') throw new MalformedError('HCL report: another signature');
	const data = sizes.header + sizes.report;
	const kind = kinds[buffer.readUInt32LE(data + 8)];
	if (!kind) throw new MalformedError('HCL report: neither SEV-SNP nor TDX');
	if (buffer.readUInt32LE(data + 12) !== sha256) throw new MalformedError('HCL report: runtime data is not hashed with SHA-256');
	const length = buffer.readUInt32LE(data + 16);
	if (length === 0 || length > bytes.length - start) throw new MalformedError('HCL report: runtime data ends early');
	return {
		kind,
		report: bytes.subarray(sizes.header, data),
		runtimeData: bytes.subarray(start, start + length),
	};
}
