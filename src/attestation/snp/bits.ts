/**
 * Named bits of AMD's SEV-SNP firmware ABI specification (56860, revision 1.58): the guest policy (GUEST_POLICY, bits 16 and up) and
 * what the platform says of itself (PLATFORM_INFO). Later revisions only name bits that were reserved.
 */
export const guestPolicyBits = {
	smt: 16,
	migrationAgent: 18,
	debug: 19,
	singleSocket: 20,
	cxl: 21,
	memAes256Xts: 22,
	raplDisabled: 23,
	ciphertextHiding: 24,
	pageSwapDisabled: 25,
} as const;
export type GuestPolicyBit = keyof typeof guestPolicyBits;

/** Bit 17 of the guest policy is reserved and must be one. */
export const guestPolicyReservedOne = 17;

export const platformBits = {
	smt: 0,
	tsme: 1,
	ecc: 2,
	raplDisabled: 3,
	ciphertextHiding: 4,
	aliasCheckComplete: 5,
	tio: 7,
} as const;
export type PlatformBit = keyof typeof platformBits;

export function hasBit(value: bigint, bit: number): boolean {
	return ((value >> BigInt(bit)) & 1n) === 1n;
}

/** Bits that are set and have no name here, from `from` on. */
export function unknownBits(value: bigint, known: readonly number[], from = 0): number[] {
	return Array.from({length: 64 - from}, (_, index) => index + from).filter(bit => hasBit(value, bit) && !known.includes(bit));
}
