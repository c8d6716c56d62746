import {fromBase64, MalformedError} from '../../bytes.ts';
import {isObject} from '../../measurements.ts';
import {parseStrictJson} from '../../strict-json.ts';
import {algorithms, registerCount} from '../../tpm/constants.ts';

/** What we use of a v2.9 TPM document: the SHA-256 quote. Other banks' quotes must have the right form and are not looked at. */
export type QemuDocument = {
	akPublic: Uint8Array;
	akCertificate?: Uint8Array;
	eventLog: Uint8Array;
	userData: Uint8Array;
	/** Every quote of the SHA-256 bank; exactly one is acceptable. */
	sha256Quotes: {attest: Uint8Array; signature: Uint8Array; pcrs: Uint8Array[]}[];
};

const limits = {bytes: 256 * 1024, depth: 8};
const banks: readonly number[] = [algorithms.sha1, algorithms.sha256, algorithms.sha384, algorithms.sha512];

/** Reads the v2.9 JSON document: exact keys, no duplicates, strict base64, integers only. Throws MalformedError. */
export function parseQemuDocument(bytes: Uint8Array): QemuDocument {
	const outer = fields(parseStrictJson(bytes, limits), 'document', ['Attestation', 'InstanceInfo', 'UserData']);
	if ((outer['InstanceInfo'] ?? null) !== null) throw new MalformedError('InstanceInfo: this variant has none');
	const attestation = fields(outer['Attestation'], 'Attestation', ['ak_pub', 'quotes', 'event_log', 'ak_cert', 'TeeAttestation']);
	if ((attestation['TeeAttestation'] ?? null) !== null) throw new MalformedError('TeeAttestation: this variant has none');
	const quotes = attestation['quotes'];
	if (!Array.isArray(quotes) || quotes.length > banks.length) throw new MalformedError('quotes: not a list of at most four');
	const parsed = quotes.map(quote => readQuote(quote));
	return {
		akPublic: base64(attestation['ak_pub'], 'ak_pub'),
		...(attestation['ak_cert'] === undefined ? {} : {akCertificate: base64(attestation['ak_cert'], 'ak_cert')}),
		eventLog: attestation['event_log'] === undefined ? new Uint8Array() : base64(attestation['event_log'], 'event_log'),
		userData: base64(outer['UserData'], 'UserData'),
		sha256Quotes: parsed
			.filter(({hash}) => hash === algorithms.sha256)
			.map(({attest, signature, pcrs}) => ({attest, signature, pcrs})),
	};
}

function readQuote(value: unknown): {hash: number; attest: Uint8Array; signature: Uint8Array; pcrs: Uint8Array[]} {
	const quote = fields(value, 'quote', ['quote', 'raw_sig', 'pcrs']);
	const {hash, pcrs} = fields(quote['pcrs'], 'pcrs', ['hash', 'pcrs']);
	if (typeof hash !== 'number' || !banks.includes(hash)) throw new MalformedError('pcrs.hash: not a known bank');
	return {
		hash,
		attest: base64(quote['quote'], 'quote'),
		signature: base64(quote['raw_sig'], 'raw_sig'),
		pcrs: readRegisters(pcrs),
	};
}

/** Values in register order; a missing, extra or oddly written index is refused, so that no value can be re-split. */
function readRegisters(value: unknown): Uint8Array[] {
	const indices = Array.from({length: registerCount}, (_, index) => String(index));
	const map = fields(value, 'pcrs.pcrs', indices);
	return indices.map(index => base64(map[index], `pcrs.${index}`));
}

function fields(value: unknown, what: string, allowed: readonly string[]): Record<string, unknown> {
	if (!isObject(value)) throw new MalformedError(`${what}: not an object`);
	if (Object.keys(value).some(key => !allowed.includes(key))) throw new MalformedError(`${what}: has an unknown key`);
	return value;
}

function base64(value: unknown, field: string): Uint8Array {
	if (typeof value !== 'string') throw new MalformedError(`${field}: not base64 text`);
	return fromBase64(value, field);
}
