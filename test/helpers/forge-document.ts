import {createHash} from 'node:crypto';
import {algorithms} from '../../src/attestation/tpm/constants.ts';
import {eventTypes, parseEventLog, replayEvents} from '../../src/attestation/tpm/event-log.ts';
import {formatTpmDocument, type TpmDocumentContent} from '../../src/attestation/variants/tpm-document/format.ts';
import {forgeQuote, type Knobs, registers, userData} from './forge.ts';

export type FirmwareEvent = {register: number; type: number; data: Uint8Array; digest?: Uint8Array};

/** What a forger of v2.9 TPM documents can turn. */
export type DocumentKnobs = Omit<Knobs, 'evidence' | 'pcrs'> & {
	/** Register values that are sent but not quoted. */
	pcrs?: readonly Uint8Array[];
	/** The log; the registers that it speaks of get the values that it leads to. */
	events?: readonly FirmwareEvent[];
	akCertificate?: Uint8Array;
	instanceInfo?: Uint8Array;
	content?: (content: TpmDocumentContent) => TpmDocumentContent;
	text?: (json: string) => string;
};

export function forgeDocument({
	events = [],
	akCertificate,
	instanceInfo,
	content,
	text,
	...knobs
}: DocumentKnobs = {}): Uint8Array {
	const {akPublic, ...quote} = forgeQuote({...knobs, values: registersAfter(events)});
	const honest: TpmDocumentContent = {
		akPublic,
		quotes: [{hash: algorithms.sha256, ...quote}],
		eventLog: events.length > 0 ? writeEventLog(events) : new Uint8Array(),
		...(akCertificate ? {akCertificate} : {}),
		...(instanceInfo ? {instanceInfo} : {}),
		userData,
	};
	const document = formatTpmDocument(content?.(honest) ?? honest);
	return text ? Buffer.from(text(Buffer.from(document).toString())) : document;
}

/** Values of all registers when these events were measured. */
export function registersAfter(events: readonly FirmwareEvent[]): readonly Uint8Array[] {
	if (events.length === 0) return registers;
	const replayed = replayEvents(parseEventLog(writeEventLog(events)).events);
	return registers.map((value, index) => replayed.get(index) ?? value);
}

const u16 = (value: number): Buffer => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);

/** A log in the crypto-agile form with a SHA-256 bank; `digest` is that of the data unless it says otherwise. */
export function writeEventLog(events: readonly FirmwareEvent[]): Uint8Array {
	const specId = Buffer.concat([
		Buffer.from('Spec ID Event03\0', 'latin1'),
		u32(0),
		Buffer.from([0, 2, 0, 2]),
		u32(1),
		u16(algorithms.sha256),
		u16(32),
		Buffer.from([0]),
	]);
	return Buffer.concat([
		u32(0),
		u32(eventTypes.noAction),
		Buffer.alloc(20),
		u32(specId.length),
		specId,
		...events.flatMap(({register, type, data, digest}) => [
			u32(register),
			u32(type),
			u32(1),
			u16(algorithms.sha256),
			digest ?? createHash('sha256').update(data).digest(),
			u32(data.length),
			data,
		]),
	]);
}

/** What Google's firmware measures into register 0 before anything else. */
export function gceEvents({version = 'GCE Virtual Firmware v1\0', technology = 1} = {}): FirmwareEvent[] {
	return [
		{register: 0, type: eventTypes.crtmVersion, data: Buffer.from(version, 'utf16le')},
		{
			register: 0,
			type: eventTypes.nonHostInfo,
			data: Buffer.concat([Buffer.from('GCE NonHostInfo\0', 'latin1'), Buffer.from([technology]), Buffer.alloc(15)]),
		},
		{register: 0, type: eventTypes.separator, data: Buffer.alloc(4)},
	];
}
