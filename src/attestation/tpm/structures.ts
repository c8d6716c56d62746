import {join, MalformedError, type Reader, readerOf, sized, u8, u16, u32, u64} from '../bytes.ts';
import {algorithms, generatedValue, registerCount, tags} from './constants.ts';
import {padLeft} from './public-area.ts';

/** TPMS_PCR_SELECTION: registers of one bank, ascending. */
export type PcrSelection = {hash: number; registers: readonly number[]};

/** TPMS_ATTEST of a quote (TPM 2.0 part 2, 10.12.12). */
export type QuoteInfo = {
	magic: number;
	type: number;
	qualifiedSigner: Uint8Array;
	extraData: Uint8Array;
	clock: bigint;
	resetCount: number;
	restartCount: number;
	safe: boolean;
	firmwareVersion: bigint;
	selections: readonly PcrSelection[];
	pcrDigest: Uint8Array;
};

/** TPMT_SIGNATURE; `value` is the RSA signature, or r ‖ s of 32 bytes each. */
export type TpmSignature = {scheme: number; hash: number; value: Uint8Array};

export const allRegisters: readonly number[] = Array.from({length: registerCount}, (_, index) => index);

/** Reads TPML_PCR_SELECTION: at most 16 banks of at most 24 registers. */
export function readPcrSelections(reader: Reader): PcrSelection[] {
	const count = reader.u32('selection count');
	if (count > 16) throw new MalformedError(`selection count: ${count}, at most 16 are allowed`);
	return Array.from({length: count}, () => {
		const hash = reader.u16('selection hash');
		const size = reader.u8('sizeofSelect');
		const bitmap = reader.take(size, 'pcrSelect');
		if (bitmap.subarray(registerCount / 8).some(bits => bits !== 0)) throw new MalformedError('pcrSelect: register above 23');
		return {hash, registers: allRegisters.filter(register => ((bitmap[register >> 3] ?? 0) >> (register & 7)) & 1)};
	});
}

export function writePcrSelections(selections: readonly PcrSelection[]): Uint8Array {
	return join(
		u32(selections.length),
		...selections.map(({hash, registers}) => {
			const bitmap = new Uint8Array(registerCount / 8);
			for (const register of registers) bitmap[register >> 3] = (bitmap[register >> 3] ?? 0) | (1 << (register & 7));
			return join(u16(hash), u8(bitmap.length), bitmap);
		}),
	);
}

/** Reads a quote's TPMS_ATTEST without an outer size. Magic and type are only read here, judged by the caller. Throws MalformedError. */
export function parseQuoteInfo(bytes: Uint8Array): QuoteInfo {
	const reader = readerOf(bytes);
	const magic = reader.u32('magic');
	const type = reader.u16('type');
	const qualifiedSigner = reader.sized(66, 'qualifiedSigner');
	const extraData = reader.sized(64, 'extraData');
	const clock = reader.u64('clock');
	const resetCount = reader.u32('resetCount');
	const restartCount = reader.u32('restartCount');
	const safe = reader.u8('safe');
	if (safe > 1) throw new MalformedError('safe: neither 0 nor 1');
	const firmwareVersion = reader.u64('firmwareVersion');
	const header = {magic, type, qualifiedSigner, extraData, clock, resetCount, restartCount, safe: safe === 1, firmwareVersion};
	// What follows depends on the type; other types have nothing that reads as a quote.
	if (type !== tags.attestQuote) return {...header, selections: [], pcrDigest: new Uint8Array()};
	const selections = readPcrSelections(reader);
	const pcrDigest = reader.sized(64, 'pcrDigest');
	reader.end('quote');
	return {...header, selections, pcrDigest};
}

export function writeQuoteInfo(info: Omit<QuoteInfo, 'magic' | 'type'>): Uint8Array {
	return join(
		u32(generatedValue),
		u16(tags.attestQuote),
		sized(info.qualifiedSigner),
		sized(info.extraData),
		u64(info.clock),
		u32(info.resetCount),
		u32(info.restartCount),
		u8(info.safe ? 1 : 0),
		u64(info.firmwareVersion),
		writePcrSelections(info.selections),
		sized(info.pcrDigest),
	);
}

/** Reads TPMT_SIGNATURE of RSASSA, RSAPSS or ECDSA. Throws MalformedError. */
export function parseSignature(bytes: Uint8Array): TpmSignature {
	const reader = readerOf(bytes);
	const scheme = reader.u16('sigAlg');
	const hash = reader.u16('signature hash');
	const value = readSignatureValue(reader, scheme);
	reader.end('signature');
	return {scheme, hash, value};
}

function readSignatureValue(reader: Reader, scheme: number): Uint8Array {
	if (scheme === algorithms.rsassa || scheme === algorithms.rsapss) return reader.sized(512, 'signature');
	if (scheme !== algorithms.ecdsa) throw new MalformedError('sigAlg: neither RSASSA nor ECDSA');
	const r = padLeft(reader.sized(66, 'r'), 32);
	return join(r, padLeft(reader.sized(66, 's'), 32));
}

export function writeSignature({scheme, hash, value}: TpmSignature): Uint8Array {
	const head = join(u16(scheme), u16(hash));
	return scheme === algorithms.ecdsa
		? join(head, sized(value.subarray(0, 32)), sized(value.subarray(32)))
		: join(head, sized(value));
}
