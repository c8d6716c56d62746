import {eventTypes} from '../../attestation/tpm/event-log.ts';
import {type BankDigest, banks} from './banks.ts';

/** NV indices hold at most this many bytes (sizes are 16 bits). */
const maxSize = 0xffff;

/** The TPM's own record of what was extended, in the crypto-agile form of the TCG PC client profile (little-endian). */
export type EventLogWriter = {
	append(register: number, digests: readonly BankDigest[], description: string): void;
	bytes(): Uint8Array;
	reset(): void;
	/** Whether a further event with this description still fits. */
	hasRoom(description: string): boolean;
};

export function createEventLog(): EventLogWriter {
	let log = specIdRecord();
	return {
		append(register, digests, description) {
			log = Buffer.concat([log, eventRecord(register, digests, description)]);
		},
		bytes: () => log,
		reset() {
			log = specIdRecord();
		},
		hasRoom: description => log.length + recordOverhead + Buffer.byteLength(description) <= maxSize,
	};
}

const recordOverhead = 4 + 4 + 4 + banks.reduce((sum, {size}) => sum + 2 + size, 0) + 4;

function eventRecord(register: number, digests: readonly BankDigest[], description: string): Buffer {
	const data = Buffer.from(description, 'latin1');
	return Buffer.concat([
		u32(register),
		u32(eventTypes.ipl),
		u32(digests.length),
		...digests.flatMap(({algorithm, digest}) => [u16(algorithm), digest]),
		u32(data.length),
		data,
	]);
}

/** First record of every log: names the banks. Platform class 0, version 2.0, errata 0, 64-bit sizes, no vendor bytes. */
function specIdRecord(): Buffer {
	const data = Buffer.concat([
		Buffer.from('Spec ID Event03\0', 'latin1'),
		u32(0),
		Buffer.from([0, 2, 0, 2]),
		u32(banks.length),
		...banks.flatMap(({algorithm, size}) => [u16(algorithm), u16(size)]),
		Buffer.from([0]),
	]);
	return Buffer.concat([u32(0), u32(eventTypes.noAction), Buffer.alloc(20), u32(data.length), data]);
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
