import type {Endorsement} from '../../attested.ts';
import {MalformedError} from '../../bytes.ts';
import {decodeCbor, encodeCbor} from '../../cbor.ts';
import {isObject, registerSize} from '../../measurements.ts';
import {registerCount} from '../../tpm/constants.ts';
import type {QuoteEvidence} from '../../tpm/quote.ts';
import type {TpmEvent} from '../../tpm/tpm.ts';

/** Evidence of a local machine, version 1. */
export type LocalEvidence = QuoteEvidence & {
	/** X.509 DER; absent where the TPM has none, which no policy accepts. */
	akCertificate?: Uint8Array;
	userData: Uint8Array;
	events: readonly TpmEvent[];
	endorsement?: Endorsement;
};

/** Fits into a TLS certificate of at most 64 KiB together with the certificate itself. */
const limits = {bytes: 60 * 1024, depth: 5, items: 2048};
const maxEvents = 256;

export function encodeEvidence(evidence: LocalEvidence): Uint8Array {
	const {akPublic, akCertificate, attest, signature, pcrs, userData, endorsement} = evidence;
	const events = evidence.events.map(({register, digest, description}) => ({register, digest, description}));
	return encodeCbor({
		v: 1,
		akPublic,
		...(akCertificate ? {akCertificate} : {}),
		attest,
		signature,
		pcrs: [...pcrs],
		userData,
		events,
		...(endorsement ? {endorsement} : {}),
	});
}

/** Reads encodeEvidence; unknown keys, wrong types and wrong lengths are refused. Throws MalformedError. */
export function decodeEvidence(document: Uint8Array): LocalEvidence {
	const map = fields(decodeCbor(document, limits), 'evidence', [
		'v',
		'akPublic',
		'akCertificate',
		'attest',
		'signature',
		'pcrs',
		'userData',
		'events',
		'endorsement',
	]);
	if (map['v'] !== 1) throw new MalformedError('evidence: version is not 1');
	const {akCertificate, endorsement} = map;
	return {
		akPublic: byteString(map['akPublic'], 'akPublic', 1024),
		...(akCertificate === undefined ? {} : {akCertificate: byteString(akCertificate, 'akCertificate', 4096)}),
		attest: byteString(map['attest'], 'attest', 1024),
		signature: byteString(map['signature'], 'signature', 1024),
		pcrs: list(map['pcrs'], 'pcrs', registerCount).map(value => register(value)),
		userData: byteString(map['userData'], 'userData', 64),
		events: list(map['events'], 'events', maxEvents).map(value => readEvent(value)),
		...(endorsement === undefined ? {} : {endorsement: readEndorsement(endorsement)}),
	};
}

function readEvent(value: unknown): TpmEvent {
	const event = fields(value, 'event', ['register', 'digest', 'description']);
	const {register: index, description} = event;
	if (typeof index !== 'number' || index >= registerCount) throw new MalformedError('event: register');
	if (typeof description !== 'string' || !/^[\x20-\x7e]{0,200}$/.test(description))
		throw new MalformedError('event: description');
	return {register: index, digest: register(event['digest']), description};
}

function readEndorsement(value: unknown): Endorsement {
	const map = fields(value, 'endorsement', ['measurements', 'signature', 'releaseKey', 'makerKey']);
	return {
		measurements: byteString(map['measurements'], 'measurements', 16 * 1024),
		signature: byteString(map['signature'], 'signature', 1024),
		releaseKey: byteString(map['releaseKey'], 'releaseKey', 256),
		makerKey: byteString(map['makerKey'], 'makerKey', 256),
	};
}

function fields(value: unknown, what: string, allowed: readonly string[]): Record<string, unknown> {
	if (!isObject(value)) throw new MalformedError(`${what}: not a map`);
	const unknown = Object.keys(value).find(key => !allowed.includes(key));
	if (unknown !== undefined) throw new MalformedError(`${what}: has an unknown key`);
	return value;
}

function byteString(value: unknown, field: string, limit: number): Uint8Array {
	if (!(value instanceof Uint8Array)) throw new MalformedError(`${field}: not a byte string`);
	if (value.length > limit) throw new MalformedError(`${field}: ${value.length} bytes, at most ${limit} are allowed`);
	return value;
}

function register(value: unknown): Uint8Array {
	const bytes = byteString(value, 'register', registerSize);
	if (bytes.length !== registerSize) throw new MalformedError(`register: ${bytes.length} bytes instead of ${registerSize}`);
	return bytes;
}

function list(value: unknown, field: string, limit: number): unknown[] {
	if (!Array.isArray(value)) throw new MalformedError(`${field}: not a list`);
	if (value.length > limit) throw new MalformedError(`${field}: ${value.length} entries, at most ${limit} are allowed`);
	return value;
}
