import {createHash} from 'node:crypto';
import type {Finding} from './findings.ts';
import type {MachineIdentity} from './variants/local/ak-certificate.ts';

/** Object identifiers of the certificate extension that carries a variant's evidence. */
export const variantOids = {
	'local-vtpm': '1.3.9900.100.1',
	'qemu-vtpm': '1.3.9900.5.1',
	'qemu-tdx': '1.3.9900.5.99',
	'aws-nitro-tpm': '1.3.9900.2.1',
	'aws-sev-snp': '1.3.9900.2.2',
	'gcp-sev-es': '1.3.9900.3.1',
	'gcp-sev-snp': '1.3.9900.3.2',
	'azure-sev-snp': '1.3.9900.4.1',
	'azure-trustedlaunch': '1.3.9900.4.2',
	'azure-tdx': '1.3.9900.4.3',
} as const;
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
	/** The 24 registers of the SHA-256 bank; for TDX MRTD and RTMR0 to RTMR3 (48 bytes each). */
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

/**
 * What a variant's evidence does not carry and a verifier has to bring along, as it was fetched or taken from an offline bundle:
 * nothing in here is trusted before it was checked against a pinned root.
 */
export type Collateral = {
	/** DER certificates that complete a chain (VCEK or VLEK, ASK, PCK, intermediates). */
	certificates?: readonly Uint8Array[];
	/** DER revocation lists. */
	revocationLists?: readonly Uint8Array[];
	/** Intel's signed statements, exact bytes: TCB info and QE identity as JSON, issuer chains as PEM. */
	tdx?: {tcbInfo: Uint8Array; tcbInfoChain: Uint8Array; qeIdentity: Uint8Array; qeIdentityChain: Uint8Array};
	/** JWK sets of Microsoft Azure Attestation by URL, exact bytes. */
	maaKeys?: ReadonlyMap<string, Uint8Array>;
	/** Signing keys of Google's shielded instances (DER SubjectPublicKeyInfo) by `project/zone/instance`. */
	shieldedKeys?: ReadonlyMap<string, Uint8Array>;
	/** Whether an AWS machine image has a TPM 2.0, by `region/image`. */
	machineImages?: ReadonlyMap<string, {tpmSupport: string}>;
};

/** One piece of collateral that a policy and a document ask for. */
export type CollateralNeed =
	/** DER of an issuer, and of a revocation list, at an address of the vendor; HTTP is enough, both are signed. */
	| {kind: 'certificate'; url: string}
	| {kind: 'revocation-list'; url: string}
	| {kind: 'amd-certificates'; product: string; chipId: Uint8Array; tcb: Uint8Array}
	| {kind: 'amd-revocation-list'; product: string}
	| {kind: 'tdx'; fmspc: Uint8Array; ca: 'processor' | 'platform'}
	| {kind: 'maa-keys'; url: string}
	| {kind: 'shielded-key'; project: string; zone: string; instance: string}
	| {kind: 'machine-image'; region: string; image: string};

export type ValidatorDeps = {now: () => number; collateral?: Collateral};

export const nonceSize = 32;

/** Challenge of a quote: SHA-256(userData ‖ nonce), as v2.9 forms it. The nonce has a fixed size, so the two cannot be re-split. */
export function makeExtraData(userData: Uint8Array, nonce: Uint8Array): Uint8Array {
	return createHash('sha256').update(userData).update(nonce).digest();
}
