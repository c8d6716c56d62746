import {createHash} from 'node:crypto';
import {join, MalformedError, type Reader, readerOf, sameBytes, sized, u16, u32} from '../bytes.ts';
import {
	algorithms,
	capabilities,
	commandCodes,
	handles,
	maxEventSize,
	maxNvRead,
	registerCount,
	responseCodes,
	tags,
} from './constants.ts';
import {parseEventLog} from './event-log.ts';
import {allRegisters, parseQuoteInfo, readPcrSelections, writePcrSelections} from './structures.ts';
import type {BankedTpm, TpmEvent, TpmQuote} from './tpm.ts';

/** Carries one TPM command at a time and gives its response: a device, a socket or a software TPM. */
export type TpmChannel = {send(command: Uint8Array): Promise<Uint8Array>; close(): void};

/** A TPM that answered with an error code (TPM_RC). */
export class TpmError extends Error {
	override readonly name = 'TpmError';
	readonly responseCode: number;

	constructor(command: string, responseCode: number) {
		super(`the TPM refused ${command} with code 0x${responseCode.toString(16)}`);
		this.responseCode = responseCode;
	}
}

/** Registers one TPM2_PCR_Read answers at most (TPML_DIGEST holds eight digests). */
const registersPerRead = 8;
/** A register extended between quote and read makes them differ; then the pair is asked for again. */
const attempts = 5;

type Session = 'none' | 'password';

/** Where a TPM keeps the attestation key, and in which NV indices its certificate (absent: none) and the event log (absent: empty). */
export type TpmLayout = {attestationKey: number; attestationCertificate: number; eventLog: number};

const {attestationKey, attestationCertificate, eventLog} = handles;
const commonLayout: TpmLayout = {attestationKey, attestationCertificate, eventLog};
/** Azure puts both into its virtual TPMs before a machine starts. */
export const azureLayout: TpmLayout = {...commonLayout, attestationKey: 0x8100_0003, attestationCertificate: 0x01c1_01d0};

/** Speaks TPM 2.0 over a channel. Commands of one Tpm never overlap. */
export function openTpm(channel: TpmChannel, layout: TpmLayout = commonLayout): BankedTpm {
	let last: Promise<unknown> = Promise.resolve();

	async function run(
		name: keyof typeof commandCodes,
		session: Session,
		handleBytes: Uint8Array,
		parameters: Uint8Array,
	): Promise<Reader> {
		const command = buildCommand(commandCodes[name], session, handleBytes, parameters);
		const answer = last.then(async () => channel.send(command));
		// The next command waits for this one, however it ends; its caller gets the error.
		last = answer.catch(() => undefined);
		return parseResponse(name, session, await answer);
	}

	async function readPcrs(bank: number = algorithms.sha256): Promise<Uint8Array[]> {
		for (let attempt = 0; attempt < attempts; attempt++) {
			const parts: {counter: number; values: Uint8Array[]}[] = [];
			for (let first = 0; first < registerCount; first += registersPerRead) parts.push(await readSome(bank, first));
			// The counter moves with every extend: equal counters mean one consistent picture.
			if (parts.every(({counter}) => counter === parts[0]?.counter)) return parts.flatMap(({values}) => values);
		}
		throw new MalformedError('registers: they keep changing');
	}

	async function readSome(bank: number, first: number): Promise<{counter: number; values: Uint8Array[]}> {
		const registers = Array.from({length: registersPerRead}, (_, index) => first + index);
		const reader = await run('pcrRead', 'none', new Uint8Array(), writePcrSelections([{hash: bank, registers}]));
		const counter = reader.u32('pcrUpdateCounter');
		const [selection] = readPcrSelections(reader);
		if (selection?.registers.join() !== registers.join())
			throw new MalformedError('registers: the TPM read others than asked for');
		if (reader.u32('digest count') !== registers.length) throw new MalformedError('registers: a value is missing');
		const values = registers.map(() => Uint8Array.from(reader.sized(64, 'digest')));
		reader.end('PCR_Read');
		return {counter, values};
	}

	const known = new Map<number, {pcrs: Uint8Array[]; digest: Uint8Array}>();

	async function quoteBank(bank: number, extraData: Uint8Array): Promise<TpmQuote> {
		const selection = writePcrSelections([{hash: bank, registers: allRegisters}]);
		for (let attempt = 0; attempt < attempts; attempt++) {
			const parameters = join(sized(extraData), u16(algorithms.null), selection);
			const reader = await run('quote', 'password', u32(layout.attestationKey), parameters);
			const attest = Uint8Array.from(reader.sized(1024, 'attest'));
			const signature = Uint8Array.from(reader.take(reader.remaining(), 'signature'));
			// The quote itself says whether the values that were read before still are: reading them again costs most of the time.
			const kept = known.get(bank);
			if (kept !== undefined && sameBytes(parseQuoteInfo(attest).pcrDigest, kept.digest))
				return {attest, signature, pcrs: kept.pcrs};
			const pcrs = await readPcrs(bank);
			const digest = createHash('sha256').update(Buffer.concat(pcrs)).digest();
			known.set(bank, {pcrs, digest});
			if (sameBytes(parseQuoteInfo(attest).pcrDigest, digest)) return {attest, signature, pcrs};
		}
		throw new MalformedError('quote: the registers keep changing');
	}

	async function readNv(index: number): Promise<Uint8Array | undefined> {
		let size: number;
		try {
			const reader = readerOf((await run('nvReadPublic', 'none', u32(index), new Uint8Array())).sized(256, 'NV public'));
			reader.take(4 + 2 + 4, 'NV public');
			reader.sized(64, 'NV policy');
			size = reader.u16('NV size');
		} catch (error) {
			if (error instanceof TpmError && (error.responseCode & 0x0bf) === responseCodes.handle) return undefined;
			throw error;
		}
		const parts: Uint8Array[] = [];
		for (let offset = 0; offset < size; offset += maxNvRead) {
			const piece = join(u16(Math.min(maxNvRead, size - offset)), u16(offset));
			const reader = await run('nvRead', 'password', join(u32(index), u32(index)), piece);
			parts.push(Uint8Array.from(reader.sized(maxNvRead, 'NV data')));
			reader.end('NV_Read');
		}
		return Buffer.concat(parts);
	}

	return {
		readPcrs: async () => readPcrs(),
		quote: async extraData => quoteBank(algorithms.sha256, extraData),
		quoteBank,
		async banks() {
			const reader = await run('getCapability', 'none', new Uint8Array(), join(u32(capabilities.pcrs), u32(0), u32(1)));
			reader.take(5, 'capability');
			const complete = readPcrSelections(reader).filter(({registers}) => registers.length === registerCount);
			return complete.map(({hash}) => hash);
		},
		firmwareLog: async () => (await readNv(layout.eventLog)) ?? new Uint8Array(),
		async extend(register, data) {
			if (data.length > maxEventSize) throw new RangeError(`at most ${maxEventSize} bytes can be extended at once`);
			await run('pcrEvent', 'password', u32(register), sized(data));
		},
		async attestationKey() {
			const reader = await run('readPublic', 'none', u32(layout.attestationKey), new Uint8Array());
			const publicArea = Uint8Array.from(reader.sized(1024, 'public area'));
			const certificate = await readNv(layout.attestationCertificate);
			return {public: publicArea, ...(certificate ? {certificate} : {})};
		},
		async eventLog(): Promise<TpmEvent[]> {
			const log = await readNv(layout.eventLog);
			return log ? parseEventLog(log).events.map(({register, digest, description}) => ({register, digest, description})) : [];
		},
	};
}

/** TPM_ST, size, code, handles, an empty password authorization where the command needs one, parameters. */
export function buildCommand(code: number, session: Session, handleBytes: Uint8Array, parameters: Uint8Array): Uint8Array {
	const authorization = join(u32(handles.passwordSession), u16(0), Uint8Array.of(0), u16(0));
	const area = session === 'password' ? join(u32(authorization.length), authorization) : new Uint8Array();
	const body = join(u32(code), handleBytes, area, parameters);
	return join(u16(session === 'password' ? tags.sessions : tags.noSessions), u32(6 + body.length), body);
}

function parseResponse(name: string, session: Session, response: Uint8Array): Reader {
	const reader = readerOf(response);
	const tag = reader.u16('response tag');
	if (reader.u32('response size') !== response.length) throw new MalformedError('response: wrong size');
	const code = reader.u32('response code');
	if (code !== responseCodes.success) throw new TpmError(name, code);
	if (tag !== (session === 'password' ? tags.sessions : tags.noSessions)) throw new MalformedError('response: unexpected tag');
	if (session === 'none') return reader;
	const parameterSize = reader.u32('parameter size');
	return readerOf(reader.take(parameterSize, 'parameters'));
}
