import {fromBase64, MalformedError} from '../../bytes.ts';
import {isObject} from '../../measurements.ts';
import {parseStrictJson} from '../../strict-json.ts';
import {algorithms, registerCount} from '../../tpm/constants.ts';
import type {QuoteEvidence} from '../../tpm/quote.ts';

/** What we use of a v2.9 TPM document: the SHA-256 quote. Other banks' quotes must have the right form and are not looked at. */
export type TpmDocument = {
	akPublic: Uint8Array;
	/** DER. */
	akCertificate?: Uint8Array;
	/** DER, of the attestation key's chain. */
	intermediates: readonly Uint8Array[];
	eventLog: Uint8Array;
	userData: Uint8Array;
	/** Form depends on the variant; the quote does not cover it. */
	instanceInfo?: Uint8Array;
	/** Every quote of the SHA-256 bank; exactly one is acceptable. */
	sha256Quotes: readonly Omit<QuoteEvidence, 'akPublic'>[];
};

/** A TLS peer takes no more than 64 KiB of certificate, so no honest document is larger. */
export const maximumDocumentSize = 64 * 1024;
const limits = {bytes: maximumDocumentSize, depth: 8};
const banks: readonly number[] = [algorithms.sha1, algorithms.sha256, algorithms.sha384, algorithms.sha512];
const maximumIntermediates = 8;

/** Reads the v2.9 JSON document: exact keys, no duplicates, strict base64, integers only. Throws MalformedError. */
export function parseTpmDocument(bytes: Uint8Array): TpmDocument {
	const outer = fields(parseStrictJson(bytes, limits), 'document', ['Attestation', 'InstanceInfo', 'UserData']);
	const attestation = fields(outer['Attestation'], 'Attestation', [
		'ak_pub',
		'quotes',
		'event_log',
		'ak_cert',
		'intermediate_certs',
		'TeeAttestation',
	]);
	if ((attestation['TeeAttestation'] ?? null) !== null) throw new MalformedError('TeeAttestation: not used by any variant');
	const instanceInfo = outer['InstanceInfo'] ?? null;
	const quotes = list(attestation['quotes'], 'quotes', banks.length).map(quote => readQuote(quote));
	const intermediates = list(attestation['intermediate_certs'] ?? [], 'intermediate_certs', maximumIntermediates);
	return {
		akPublic: base64(attestation['ak_pub'], 'ak_pub'),
		...(attestation['ak_cert'] === undefined ? {} : {akCertificate: base64(attestation['ak_cert'], 'ak_cert')}),
		intermediates: intermediates.map(certificate => base64(certificate, 'intermediate_certs')),
		eventLog: attestation['event_log'] === undefined ? new Uint8Array() : base64(attestation['event_log'], 'event_log'),
		userData: base64(outer['UserData'], 'UserData'),
		...(instanceInfo === null ? {} : {instanceInfo: base64(instanceInfo, 'InstanceInfo')}),
		sha256Quotes: quotes
			.filter(({hash}) => hash === algorithms.sha256)
			.map(({attest, signature, pcrs}) => ({attest, signature, pcrs})),
	};
}

/** What a variant puts into InstanceInfo: one JSON object with these keys at most. Throws MalformedError. */
export function readInstanceInfo(document: TpmDocument, allowed: readonly string[]): Record<string, unknown> {
	if (!document.instanceInfo) throw new MalformedError('InstanceInfo: is missing');
	return fields(parseStrictJson(document.instanceInfo, limits), 'InstanceInfo', allowed);
}

/** A text inside InstanceInfo, at most `limit` characters long. Throws MalformedError. */
export function textField(map: Readonly<Record<string, unknown>>, key: string, limit = 256): string {
	const value = map[key];
	if (typeof value !== 'string' || value.length > limit)
		throw new MalformedError(`InstanceInfo.${key}: not a text of at most ${limit}`);
	return value;
}

function readQuote(value: unknown): {hash: number} & Omit<QuoteEvidence, 'akPublic'> {
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

function list(value: unknown, what: string, limit: number): unknown[] {
	if (!Array.isArray(value) || value.length > limit) throw new MalformedError(`${what}: not a list of at most ${limit}`);
	return value;
}

function base64(value: unknown, field: string): Uint8Array {
	if (typeof value !== 'string') throw new MalformedError(`${field}: not base64 text`);
	return fromBase64(value, field);
}
