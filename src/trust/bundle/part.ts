import {MalformedError} from '../../attestation/bytes.ts';
import {decodeCbor, encodeCbor} from '../../attestation/cbor.ts';
import {isObject} from '../../attestation/measurements.ts';

/** What can be checked against a pinned key, and so may lie around and travel in files. `name` tells two of a kind apart. */
export const partKinds = {
	/** `v2.9.1`, or ref and stream in front: measurements file, signature file, and the log's answer where there is one. */
	measurements: [2, 3],
	/** `2023-06-11-14-09`: lowest firmware versions for azure-sev-snp, and their signature. */
	'azure-snp-versions': [2, 2],
	/** `Milan/CHIP/TCB` in hex: VCEK, then ASK and whatever else is in AMD's chain; DER. */
	'amd-certificates': [2, 4],
	/** `Milan`: AMD's revocation list; DER. */
	'amd-revocation-list': [1, 1],
	/** `FMSPC/processor` or `FMSPC/platform`: TCB info, its chain, QE identity, its chain, PCK list, its chain, list of the root. */
	tdx: [7, 7],
	/** An address of Google's or Microsoft's: the issuer, or the revocation list, that lies there; DER. */
	certificate: [1, 1],
	'revocation-list': [1, 1],
} as const;

export type PartKind = keyof typeof partKinds;

/** `at`: when it was fetched, in seconds since the epoch. `blobs`: exact bytes, in the order that the kind says. */
export type Part = {kind: PartKind; name: string; at: number; blobs: readonly Uint8Array[]};

const namePattern = /^[A-Za-z0-9][A-Za-z0-9./-]{0,299}$/;
const addressPattern = /^https?:\/\/[\x21-\x7e]{1,500}$/;
/** Revocation lists are the largest. */
const maxBlob = 4 * 1024 * 1024;
const maxPart = 8 * 1024 * 1024;
/** A bundle has at most this many bytes and parts. */
const maxBundle = 32 * 1024 * 1024;
const maxParts = 1000;
const maxTime = 0xffff_ffff;

export function encodePart({kind, name, at, blobs}: Part): Uint8Array {
	return encodeCbor({v: 1, kind, name, at, blobs});
}

/** Throws MalformedError; the content is still to be checked. */
export function decodePart(bytes: Uint8Array): Part {
	return readPart(decodeCbor(bytes, {bytes: maxPart, depth: 3, items: 32}));
}

/** `at`: when the bundle was made, in seconds since the epoch. */
export type Bundle = {at: number; parts: readonly Part[]};

/** One file with everything, in canonical CBOR: parts in the order of kind and name. */
export function encodeBundle({at, parts}: Bundle): Uint8Array {
	const key = ({kind, name}: Part) => `${kind} ${name}`;
	const sorted = parts.toSorted((left, right) => (key(left) < key(right) ? -1 : 1));
	return encodeCbor({v: 1, at, parts: sorted.map(({kind, name, at, blobs}) => ({v: 1, kind, name, at, blobs}))});
}

/** Throws MalformedError, also for two parts of one kind and name. */
export function decodeBundle(bytes: Uint8Array): Bundle {
	const value = decodeCbor(bytes, {bytes: maxBundle, depth: 6, items: maxParts * 32});
	if (!isObject(value)) throw new MalformedError('bundle: not a map');
	const {v, at, parts, ...others} = value;
	if (v !== 1) throw new MalformedError('bundle: not of version 1');
	if (Object.keys(others).length > 0) throw new MalformedError('bundle: unknown key');
	if (!isTime(at) || !Array.isArray(parts) || parts.length > maxParts) throw new MalformedError('bundle: time or parts');
	const read = parts.map((part: unknown) => readPart(part));
	if (new Set(read.map(({kind, name}) => `${kind} ${name}`)).size !== read.length)
		throw new MalformedError('bundle: a part occurs twice');
	return {at, parts: read};
}

function readPart(value: unknown): Part {
	if (!isObject(value)) throw new MalformedError('part: not a map');
	const {v, kind, name, at, blobs, ...others} = value;
	if (v !== 1 || Object.keys(others).length > 0) throw new MalformedError('part: version or unknown key');
	if (typeof kind !== 'string' || !isPartKind(kind)) throw new MalformedError('part: unknown kind');
	const pattern = kind === 'certificate' || kind === 'revocation-list' ? addressPattern : namePattern;
	if (typeof name !== 'string' || !pattern.test(name)) throw new MalformedError('part: name');
	if (!isTime(at) || !Array.isArray(blobs)) throw new MalformedError('part: time or blobs');
	const [least, most] = partKinds[kind];
	const read = blobs.map((blob: unknown) => {
		if (blob instanceof Uint8Array && blob.length <= maxBlob) return blob;
		throw new MalformedError('part: a blob is too large or none');
	});
	if (read.length < least || read.length > most) throw new MalformedError('part: number of blobs');
	return {kind, name, at, blobs: read};
}

function isPartKind(name: string): name is PartKind {
	return Object.hasOwn(partKinds, name);
}

function isTime(value: unknown): value is number {
	return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxTime;
}
