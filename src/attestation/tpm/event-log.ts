import {createHash} from 'node:crypto';
import {MalformedError, sameBytes} from '../bytes.ts';
import {algorithms, registerCount} from './constants.ts';
import type {TpmEvent} from './tpm.ts';

/** Event types of the TCG PC client firmware profile. */
export const eventTypes = {
	noAction: 0x03,
	separator: 0x04,
	crtmVersion: 0x08,
	ipl: 0x0d,
	nonHostInfo: 0x11,
	efiAction: 0x8000_0007,
} as const;

export type LogEvent = TpmEvent & {type: number; data: Uint8Array};

const specIdSignature = Buffer.from('Spec ID Event03\0', 'latin1');
const maxEvents = 4096;

/**
 * Reads an event log in the crypto-agile form of the TCG PC client profile (little-endian): the Spec ID record, then events.
 * Only SHA-256 digests are kept; other banks' sizes come from the Spec ID record. Throws MalformedError.
 */
export function parseEventLog(log: Uint8Array): {locality: number; events: LogEvent[]} {
	const reader = littleEndianReader(log);
	const sizes = readSpecId(reader);
	const events: LogEvent[] = [];
	let locality = 0;
	while (reader.remaining() > 0) {
		if (events.length >= maxEvents) throw new MalformedError('event log: too many events');
		const register = reader.u32();
		const type = reader.u32();
		const digest = readDigests(reader, sizes);
		const data = reader.take(reader.u32());
		if (type === eventTypes.noAction) {
			if (register === 0) locality = startupLocality(data) ?? locality;
			continue;
		}
		// Other indices are none of a TPM's registers and nothing quotes them.
		if (register < registerCount) events.push({register, type, digest, data, description: printable(data)});
	}
	return {locality, events};
}

function readSpecId(reader: LittleEndianReader): Map<number, number> {
	const [register, type] = [reader.u32(), reader.u32()];
	reader.take(20);
	const record = littleEndianReader(reader.take(reader.u32()));
	const signature = record.take(specIdSignature.length);
	if (register !== 0 || type !== eventTypes.noAction || !specIdSignature.equals(signature)) {
		throw new MalformedError('event log: does not begin with the Spec ID record');
	}
	record.u32();
	const [minor, major] = [record.u8(), record.u8()];
	if (minor !== 0 || major !== 2) throw new MalformedError('event log: version is not 2.0');
	record.take(2);
	const count = record.u32();
	if (count > 16) throw new MalformedError('event log: too many banks');
	const sizes = new Map<number, number>();
	for (let index = 0; index < count; index++) sizes.set(record.u16(), record.u16());
	record.take(record.u8());
	if (record.remaining() !== 0) throw new MalformedError('event log: Spec ID record has spare bytes');
	if (sizes.get(algorithms.sha256) !== 32) throw new MalformedError('event log: has no SHA-256 bank');
	return sizes;
}

function readDigests(reader: LittleEndianReader, sizes: ReadonlyMap<number, number>): Uint8Array {
	const count = reader.u32();
	if (count > sizes.size) throw new MalformedError('event log: more digests than banks');
	let found: Uint8Array | undefined;
	for (let index = 0; index < count; index++) {
		const algorithm = reader.u16();
		const size = sizes.get(algorithm);
		if (size === undefined) throw new MalformedError('event log: digest of a bank that the log does not name');
		const digest = reader.take(size);
		if (algorithm === algorithms.sha256) found = digest;
	}
	if (!found) throw new MalformedError('event log: event without a SHA-256 digest');
	return found;
}

/** `StartupLocality\0` and one byte; it becomes the last byte of register 0 before the first event. */
function startupLocality(data: Uint8Array): number | undefined {
	const name = Buffer.from('StartupLocality\0', 'latin1');
	return data.length === 17 && name.equals(data.subarray(0, 16)) ? data[16] : undefined;
}

/** Values the registers have after these events; a register without events is absent. */
export function replayEvents(events: readonly TpmEvent[], locality = 0): ReadonlyMap<number, Uint8Array> {
	const values = new Map<number, Uint8Array>();
	for (const {register, digest} of events) {
		const start = new Uint8Array(32);
		if (register === 0) start[31] = locality;
		values.set(register, extended(values.get(register) ?? start, digest));
	}
	return values;
}

/** Whether every register that the log speaks of has the value that the log leads to. */
export function logMatches(events: readonly TpmEvent[], registers: readonly Uint8Array[], locality = 0): boolean {
	return [...replayEvents(events, locality)].every(([register, value]) =>
		sameBytes(value, registers[register] ?? new Uint8Array()),
	);
}

/** New value of a SHA-256 register: SHA-256(old ‖ digest). */
export function extended(old: Uint8Array, digest: Uint8Array): Uint8Array {
	return createHash('sha256').update(old).update(digest).digest();
}

/** Text of an event, for people: printable ASCII only, cut at 200 characters. */
export function printable(data: Uint8Array): string {
	return Buffer.from(data)
		.toString('latin1')
		.replaceAll(/[^\x20-\x7e]/g, '')
		.slice(0, 200);
}

type LittleEndianReader = {u8(): number; u16(): number; u32(): number; take(length: number): Uint8Array; remaining(): number};

function littleEndianReader(bytes: Uint8Array): LittleEndianReader {
	const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	let offset = 0;
	function advance(length: number): number {
		if (length > buffer.length - offset) throw new MalformedError('event log: ends early');
		offset += length;
		return offset - length;
	}
	return {
		u8: () => buffer.readUInt8(advance(1)),
		u16: () => buffer.readUInt16LE(advance(2)),
		u32: () => buffer.readUInt32LE(advance(4)),
		take(length) {
			const at = advance(length);
			return buffer.subarray(at, at + length);
		},
		remaining: () => buffer.length - offset,
	};
}
