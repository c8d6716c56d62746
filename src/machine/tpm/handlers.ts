import {createHash} from 'node:crypto';
import {join, type Reader, sized, u16, u32} from '../../attestation/bytes.ts';
import {
	algorithms,
	capabilities,
	commandCodes,
	handles,
	maxEventSize,
	maxNvRead,
	registerCount,
	responseCodes,
} from '../../attestation/tpm/constants.ts';
import {nameOf} from '../../attestation/tpm/public-area.ts';
import {
	allRegisters,
	type PcrSelection,
	readPcrSelections,
	writePcrSelections,
	writeQuoteInfo,
} from '../../attestation/tpm/structures.ts';
import type {AttestationKey} from './attestation-key.ts';
import {type BankDigest, bankOf, banks, digestsOf, isDynamic, type Registers} from './banks.ts';
import {onHandle, onParameter, ResponseError} from './command.ts';
import type {EventLogWriter} from './event-log.ts';

export type TpmState = {
	registers: Registers;
	log: EventLogWriter;
	key: () => Promise<AttestationKey>;
	clock: () => {clock: bigint; resetCount: number; restartCount: number};
};

type Handler = {
	authorized: boolean;
	/** Handles in front of the authorization area. */
	handles: number;
	run(state: TpmState, handleValues: readonly number[], parameters: Reader): Uint8Array | Promise<Uint8Array>;
};

const firmwareVersion = 1n;
const registersPerRead = 8;

/** What a node may ask. Everything else (Startup, Clear, PCR_Reset, …) is answered with TPM_RC_COMMAND_CODE. */
export const handlers: ReadonlyMap<number, Handler> = new Map([
	[commandCodes.pcrRead, {authorized: false, handles: 0, run: pcrRead}],
	[commandCodes.pcrEvent, {authorized: true, handles: 1, run: pcrEvent}],
	[commandCodes.pcrExtend, {authorized: true, handles: 1, run: pcrExtend}],
	[commandCodes.quote, {authorized: true, handles: 1, run: quote}],
	[commandCodes.readPublic, {authorized: false, handles: 1, run: readPublic}],
	[commandCodes.nvReadPublic, {authorized: false, handles: 1, run: nvReadPublic}],
	[commandCodes.nvRead, {authorized: true, handles: 2, run: nvRead}],
	[commandCodes.getCapability, {authorized: false, handles: 0, run: getCapability}],
]);

function pcrRead({registers}: TpmState, _: readonly number[], parameters: Reader): Uint8Array {
	const wanted = readPcrSelections(parameters);
	let room = registersPerRead;
	const selections = wanted.map(({hash, registers: indices}): PcrSelection => {
		const taken = bankOf(hash) ? indices.slice(0, room) : [];
		room -= taken.length;
		return {hash, registers: taken};
	});
	const values = selections.flatMap(({hash, registers: indices}) => indices.map(index => sized(registers.read(hash, index))));
	return join(u32(registers.counter()), writePcrSelections(selections), u32(values.length), ...values);
}

function pcrEvent(state: TpmState, [register = 0]: readonly number[], parameters: Reader): Uint8Array {
	const digests = digestsOf(parameters.sized(maxEventSize, 'eventData'));
	parameters.end('PCR_Event');
	extendByNode(state, register, digests, 'extended by the node');
	return join(u32(digests.length), ...digests.flatMap(({algorithm, digest}) => [u16(algorithm), digest]));
}

function pcrExtend(state: TpmState, [register = 0]: readonly number[], parameters: Reader): Uint8Array {
	const count = parameters.u32('digest count');
	if (count > banks.length) throw new ResponseError(onParameter(responseCodes.size, 1));
	const digests = Array.from({length: count}, (): BankDigest => {
		const algorithm = parameters.u16('digest algorithm');
		const bank = bankOf(algorithm);
		if (!bank) throw new ResponseError(onParameter(responseCodes.hash, 1));
		return {algorithm, digest: Uint8Array.from(parameters.take(bank.size, 'digest'))};
	});
	parameters.end('PCR_Extend');
	extendByNode(state, register, digests, 'extended by the node');
	return new Uint8Array();
}

/** Every extend is logged, so that the log always leads to the registers; without room for the record there is no extend. */
function extendByNode({registers, log}: TpmState, register: number, digests: readonly BankDigest[], description: string): void {
	if (register >= registerCount) throw new ResponseError(onHandle(responseCodes.value, 1));
	if (isDynamic(register)) throw new ResponseError(responseCodes.locality);
	const complete = new Set(digests.map(({algorithm}) => algorithm)).size === banks.length;
	if (!complete || !log.hasRoom(description)) throw new ResponseError(onParameter(responseCodes.value, 1));
	registers.extend(register, digests);
	log.append(register, digests, description);
}

async function quote(state: TpmState, [handle]: readonly number[], parameters: Reader): Promise<Uint8Array> {
	if (handle !== handles.attestationKey) throw new ResponseError(onHandle(responseCodes.handle, 1));
	const extraData = Uint8Array.from(parameters.sized(64, 'qualifyingData'));
	const scheme = parameters.u16('inScheme');
	if (scheme !== algorithms.null && (scheme !== algorithms.rsassa || parameters.u16('inScheme hash') !== algorithms.sha256)) {
		throw new ResponseError(onParameter(responseCodes.scheme, 2));
	}
	const selections = readPcrSelections(parameters);
	parameters.end('Quote');
	if (selections.some(({hash}) => !bankOf(hash))) throw new ResponseError(onParameter(responseCodes.hash, 3));
	const key = await state.key();
	// Values and clock are taken in one go, after the wait for the key.
	const values = selections.flatMap(({hash, registers}) => registers.map(register => state.registers.read(hash, register)));
	const attest = writeQuoteInfo({
		qualifiedSigner: qualifiedName(key.name),
		extraData,
		...state.clock(),
		safe: true,
		firmwareVersion,
		selections,
		pcrDigest: createHash('sha256').update(Buffer.concat(values)).digest(),
	});
	return join(sized(attest), await key.signStructure(attest));
}

async function readPublic({key}: TpmState, [handle]: readonly number[]): Promise<Uint8Array> {
	if (handle !== handles.attestationKey) throw new ResponseError(onHandle(responseCodes.handle, 1));
	const {public: publicArea, name} = await key();
	return join(sized(publicArea), sized(name), sized(qualifiedName(name)));
}

/** Name of a primary key below the owner hierarchy: nameAlg ‖ SHA-256(hierarchy handle ‖ name). */
function qualifiedName(name: Uint8Array): Uint8Array {
	return nameOf(join(u32(handles.ownerHierarchy), name));
}

async function nvContent(state: TpmState, index: number | undefined, position: number): Promise<Uint8Array> {
	if (index === handles.attestationCertificate) return (await state.key()).certificate;
	if (index === handles.eventLog) return state.log.bytes();
	throw new ResponseError(onHandle(responseCodes.handle, position));
}

/** TPMA_NV: read by anyone with the (empty) password, written, never written by nodes. */
const nvAttributes = 0x2004_0000;

async function nvReadPublic(state: TpmState, [index = 0]: readonly number[]): Promise<Uint8Array> {
	const content = await nvContent(state, index, 1);
	const area = join(u32(index), u16(algorithms.sha256), u32(nvAttributes), sized(new Uint8Array()), u16(content.length));
	return join(sized(area), sized(nameOf(area)));
}

async function nvRead(state: TpmState, [, index]: readonly number[], parameters: Reader): Promise<Uint8Array> {
	const [size, offset] = [parameters.u16('size'), parameters.u16('offset')];
	parameters.end('NV_Read');
	if (size > maxNvRead) throw new ResponseError(onParameter(responseCodes.value, 1));
	const content = await nvContent(state, index, 2);
	if (offset + size > content.length) throw new ResponseError(responseCodes.nvRange);
	return sized(content.subarray(offset, offset + size));
}

/** Only the list of banks: what a quoting program needs to know. */
function getCapability(_: TpmState, __: readonly number[], parameters: Reader): Uint8Array {
	const capability = parameters.u32('capability');
	if (capability !== capabilities.pcrs) throw new ResponseError(onParameter(responseCodes.value, 1));
	const selections = banks.map(({algorithm}) => ({hash: algorithm, registers: allRegisters}));
	return join(Uint8Array.of(0), u32(capability), writePcrSelections(selections));
}
