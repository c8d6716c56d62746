import {readerOf} from '../bytes.ts';

/** What the processor says of the quoting enclave. */
export type EnclaveReport = {
	miscSelect: Uint8Array;
	attributes: Uint8Array;
	mrSigner: Uint8Array;
	productId: number;
	svn: number;
	reportData: Uint8Array;
};

export const enclaveReportSize = 384;

/** Reads an SGX enclave report body (Intel SDM volume 3D, REPORT structure). Integers are little-endian. Throws MalformedError. */
export function parseEnclaveReport(bytes: Uint8Array): EnclaveReport {
	const reader = readerOf(bytes);
	reader.take(16, 'CPUSVN');
	const miscSelect = reader.take(4, 'MISCSELECT');
	reader.take(28, 'reserved');
	const attributes = reader.take(16, 'ATTRIBUTES');
	reader.take(64, 'MRENCLAVE');
	const mrSigner = reader.take(32, 'MRSIGNER');
	reader.take(96, 'reserved');
	const productId = u16(reader.take(2, 'ISVPRODID'));
	const svn = u16(reader.take(2, 'ISVSVN'));
	reader.take(60, 'reserved');
	const reportData = reader.take(64, 'REPORTDATA');
	reader.end('enclave report');
	return {miscSelect, attributes, mrSigner, productId, svn, reportData};
}

function u16(bytes: Uint8Array): number {
	return Buffer.from(bytes).readUInt16LE();
}
