import type {ReleasePath} from '../measurements/release-path.ts';
import type {Signer} from '../measurements/signer.ts';
import type {Log} from '../transparency/log-key.ts';

/** Something that ends: a certificate, a list, a statement. `at` in milliseconds since the epoch. */
export type Expiry = {what: string; at: number};

/** What parts are checked against: keys and roots that this machine already has, and its clock in milliseconds. */
export type Anchors = {
	now: number;
	signersOf: (image: ReleasePath) => readonly Signer[];
	log: Log;
	/** DER certificates in place of the vendors' own. */
	amdRoot?: Uint8Array;
	intelRoot?: Uint8Array;
	cloudRoots?: readonly Uint8Array[];
	/** Issuers that were checked already, DER: lists of their own are checked against them. */
	issuers?: readonly Uint8Array[];
};

/** `problems`: why a part proves nothing, as clauses. `expiries`: until when it can be used; one that never ends has none. */
export type PartVerdict = {problems: readonly string[]; expiries: readonly Expiry[]};

/** When signatures are looked at: now, or, for what has expired, while it was valid. That it expired is told by its dates. */
export function momentOf(now: number, expiries: readonly Expiry[]): number {
	return Math.min(now, ...expiries.map(({at}) => at));
}
