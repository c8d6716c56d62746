import {createHash} from 'node:crypto';
import {registerCount} from './tpm/constants.ts';

/** The registers that evidence of a variant shows. */
export type RegisterBank = {
	count: number;
	/** Bytes of one register. */
	size: number;
	hash: 'sha256' | 'sha384';
	/** The register that carries the cluster ID: zero before a node is in a cluster. */
	clusterRegister: number;
	/** The register that measures the firmware, where nothing else vouches for it; without it the others mean nothing. */
	firmwareRegister?: number;
};

/** SHA-256 bank of a TPM. */
export const tpmBank: RegisterBank = {count: registerCount, size: 32, hash: 'sha256', clusterRegister: 15};

/** MRTD at index 0, RTMR0 to RTMR3 behind it, as v2.9 numbers them; RTMR2 carries the cluster ID. */
export const tdxBank: RegisterBank = {count: 5, size: 48, hash: 'sha384', clusterRegister: 3, firmwareRegister: 0};

/** Which registers a policy of this variant speaks of. On Azure the machine's TPM is what is measured, also with TDX. */
export function bankOf({variant}: {variant: string}): RegisterBank {
	return variant === 'qemu-tdx' ? tdxBank : tpmBank;
}

/** What the cluster register of a member shows: one extend of zeros with the digest of the cluster ID (TPM2_PCR_Event, TDG.MR.RTMR.EXTEND). */
export function memberRegister({size, hash}: RegisterBank, clusterId: Uint8Array): Uint8Array {
	const digest = createHash(hash).update(clusterId).digest();
	return createHash(hash).update(new Uint8Array(size)).update(digest).digest();
}

/** TPM register that carries the cluster ID: zero before a node is in a cluster. */
export const clusterRegister = tpmBank.clusterRegister;

/** What the registers of a local node stand for; all others stay zero. */
export const localRegisters = {launcher: 4, bundle: 9, runtime: 11, commandLine: 12, cluster: clusterRegister} as const;
