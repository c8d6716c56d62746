import {createHash} from 'node:crypto';
import type {MachineIdentity} from './ak-certificate.ts';
import type {Finding} from './findings.ts';

/** Object identifiers of the certificate extension that carries a variant's evidence. */
export const variantOids = {'local-vtpm': '1.3.9900.100.1', 'qemu-vtpm': '1.3.9900.5.1'} as const;
export type VariantName = keyof typeof variantOids;

/**
 * Lets a node judge a service before it knows any policy: the signed measurements of the service's image (exact file bytes), their
 * signature file, and the keys whose digests the node finds on its own measured command line (DER SubjectPublicKeyInfo).
 */
export type Endorsement = {measurements: Uint8Array; signature: Uint8Array; releaseKey: Uint8Array; makerKey: Uint8Array};

/** What accepted evidence says. */
export type Attested = {
	variant: VariantName;
	/** SHA-256 of the TPMT_PUBLIC, hex: the name under which a machine's key is remembered. */
	attestationKey: string;
	/** The 24 registers of the SHA-256 bank. */
	registers: readonly Uint8Array[];
	userData: Uint8Array;
	/** Warnings; nothing in here refuses. */
	findings: readonly Finding[];
	/** From the attestation key's certificate, where the variant has one. */
	machine?: MachineIdentity;
	endorsement?: Endorsement;
	/** The evidence itself, to keep or to show. */
	document: Uint8Array;
};

/** `nonce`: 32 bytes. Throws AttestationRefused with all findings. */
export type Validator = {oid: string; validate(document: Uint8Array, nonce: Uint8Array, userData: Uint8Array): Attested};
export type Issuer = {oid: string; issue(userData: Uint8Array, nonce: Uint8Array): Promise<Uint8Array>};

export type ValidatorDeps = {now: () => number};

export const nonceSize = 32;

/** Challenge of a quote: SHA-256(userData ‖ nonce), as v2.9 forms it. The nonce has a fixed size, so the two cannot be re-split. */
export function makeExtraData(userData: Uint8Array, nonce: Uint8Array): Uint8Array {
	return createHash('sha256').update(userData).update(nonce).digest();
}
