import {MalformedError, type Reader, readerOf} from '../bytes.ts';
import {enclaveReportSize} from './enclave-report.ts';
import {parseTdReport, type TdReport, tdReport10, tdReportSizes} from './td-report.ts';

/** A quote over a trust domain, taken apart; nothing in it is checked yet. */
export type TdxQuote = {
	version: 4 | 5;
	/** Header and body: the exact bytes that the attestation key signed. */
	signed: Uint8Array;
	/** Who made the quoting enclave. */
	qeVendor: Uint8Array;
	report: TdReport;
	/** ECDSA P-256, r ‖ s. */
	signature: Uint8Array;
	/** Public point x ‖ y. */
	attestationKey: Uint8Array;
	/** What ties the attestation key to the platform: a report of the quoting enclave, signed with the platform's PCK key. */
	qe: {report: Uint8Array; signature: Uint8Array; authData: Uint8Array};
	/** PCK certificate and its issuers, PEM. */
	pckChain: Uint8Array;
};

/** A quote of a kind that this release does not know: newer perhaps, and neither good nor bad. */
export class UnknownKindError extends MalformedError {}

export const maxQuoteSize = 32 * 1024;
const headerSize = 48;
const tdxType = 0x81;
const ecdsaP256 = 2;
const certification = {qeReport: 6, pckChain: 5} as const;

/**
 * Reads a quote of Intel's TDX DCAP quoting library API, appendix A.3: version 4, or version 5 with a TD report of TDX 1.0 or 1.5,
 * signed with ECDSA P-256, with a QE report and a PCK chain as certification data. Integers are little-endian. Zero bytes behind it
 * are padding, which quoting services add. Throws MalformedError, or UnknownKindError.
 */
export function parseTdxQuote(bytes: Uint8Array): TdxQuote {
	if (bytes.length > maxQuoteSize) throw new MalformedError(`quote: ${bytes.length} bytes, at most ${maxQuoteSize} are allowed`);
	const reader = readerOf(bytes);
	const version = u16(reader, 'quote version');
	if (version !== 4 && version !== 5) throw new UnknownKindError(`version ${version}`);
	const keyType = u16(reader, 'key type');
	if (keyType !== ecdsaP256) throw new UnknownKindError(`attestation key type ${keyType}`);
	const teeType = u32(reader, 'TEE type');
	if (teeType !== tdxType) throw new UnknownKindError(`TEE type ${teeType}`);
	reader.take(4, 'reserved');
	const qeVendor = reader.take(16, 'QE vendor');
	reader.take(20, 'user data');
	const size = version === 4 ? tdReport10 : describedSize(reader);
	const report = parseTdReport(reader.take(size, 'TD report'));
	const signed = bytes.subarray(0, headerSize + (version === 5 ? 6 : 0) + size);
	const signatureData = readerOf(reader.take(u32(reader, 'signature data'), 'signature data'));
	if (reader.take(reader.remaining(), 'padding').some(byte => byte !== 0)) throw new MalformedError('quote: something follows');
	return {version, signed, qeVendor, report, ...readSignatureData(signatureData)};
}

/** Body descriptor of version 5: type, then size, which must fit the type. */
function describedSize(reader: Reader): number {
	const type = u16(reader, 'body type');
	const size = tdReportSizes.get(type);
	if (size === undefined) throw new UnknownKindError(`body type ${type}`);
	if (u32(reader, 'body size') !== size) throw new MalformedError('quote: the size does not fit the body');
	return size;
}

function readSignatureData(reader: Reader): Pick<TdxQuote, 'signature' | 'attestationKey' | 'qe' | 'pckChain'> {
	const signature = reader.take(64, 'quote signature');
	const attestationKey = reader.take(64, 'attestation key');
	const outer = readCertification(reader, certification.qeReport);
	reader.end('signature data');
	const report = outer.take(enclaveReportSize, 'QE report');
	const qeSignature = outer.take(64, 'QE report signature');
	const authData = outer.take(u16(outer, 'QE authentication data'), 'QE authentication data');
	const inner = readCertification(outer, certification.pckChain);
	outer.end('QE certification data');
	const pckChain = inner.take(inner.remaining(), 'PCK chain');
	return {signature, attestationKey, qe: {report, signature: qeSignature, authData}, pckChain};
}

function readCertification(reader: Reader, wanted: number): Reader {
	const type = u16(reader, 'certification data');
	if (type !== wanted) throw new UnknownKindError(`certification data of type ${type}`);
	return readerOf(reader.take(u32(reader, 'certification data'), 'certification data'));
}

function u16(reader: Reader, field: string): number {
	return Buffer.from(reader.take(2, field)).readUInt16LE();
}

function u32(reader: Reader, field: string): number {
	return Buffer.from(reader.take(4, field)).readUInt32LE();
}
