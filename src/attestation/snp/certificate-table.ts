import {MalformedError} from '../bytes.ts';

const entrySize = 24;
const guidSize = 16;
const maximumEntries = 16;
const maximumSize = 64 * 1024;

/**
 * The certificates that a host hands out with a report (struct cert_table of AMD's GHCB specification, 56421; on Linux the `auxblob`
 * of configfs-tsm): entries of GUID, offset and length, little-endian, up to one of zeros. Throws MalformedError.
 */
export function parseCertificateTable(bytes: Uint8Array): Uint8Array[] {
	if (bytes.length > maximumSize) throw new MalformedError(`certificate table: ${bytes.length} bytes`);
	const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const certificates: Uint8Array[] = [];
	for (let at = 0; ; at += entrySize) {
		if (at + entrySize > buffer.length) throw new MalformedError('certificate table: ends early');
		if (buffer.subarray(at, at + entrySize).every(byte => byte === 0)) return certificates;
		if (certificates.length === maximumEntries) throw new MalformedError('certificate table: too many entries');
		const offset = buffer.readUInt32LE(at + guidSize);
		const length = buffer.readUInt32LE(at + guidSize + 4);
		if (length === 0 || offset + length > buffer.length) throw new MalformedError('certificate table: an entry ends early');
		certificates.push(buffer.subarray(offset, offset + length));
	}
}
