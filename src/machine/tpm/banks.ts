import {createHash} from 'node:crypto';
import {algorithms, registerCount} from '../../attestation/tpm/constants.ts';

/** Banks of the software TPM, in the order it lists them. */
export const banks = [
	{algorithm: algorithms.sha256, hash: 'sha256', size: 32},
	{algorithm: algorithms.sha384, hash: 'sha384', size: 48},
] as const;

export type Bank = (typeof banks)[number];
export type BankDigest = {algorithm: number; digest: Uint8Array};

/** All registers of all banks. */
export type Registers = {
	read(algorithm: number, register: number): Uint8Array;
	/** Extends the banks that `digests` names. */
	extend(register: number, digests: readonly BankDigest[]): void;
	reset(): void;
	/** Moves with every extend. */
	counter(): number;
};

export function createRegisters(): Registers {
	const values = new Map<number, Uint8Array[]>();
	let counter = 0;
	function reset(): void {
		for (const {algorithm, size} of banks)
			values.set(
				algorithm,
				Array.from({length: registerCount}, (_, index) => initialValue(index, size)),
			);
	}
	reset();
	return {
		read: (algorithm, register) => Uint8Array.from(values.get(algorithm)?.[register] ?? []),
		extend(register, digests) {
			for (const {algorithm, digest} of digests) {
				const bank = values.get(algorithm);
				const old = bank?.[register];
				if (bank && old) bank[register] = createHash(hashOf(algorithm)).update(old).update(digest).digest();
			}
			counter += 1;
		},
		reset,
		counter: () => counter,
	};
}

/** Registers 17 to 22 belong to a dynamic launch and start with all bits set. */
function initialValue(register: number, size: number): Uint8Array {
	return new Uint8Array(size).fill(isDynamic(register) ? 0xff : 0);
}

/** Registers that only a dynamic launch may extend; a node has none. */
export function isDynamic(register: number): boolean {
	return register >= 17 && register <= 22;
}

export function bankOf(algorithm: number): Bank | undefined {
	return banks.find(bank => bank.algorithm === algorithm);
}

function hashOf(algorithm: number): string {
	return bankOf(algorithm)?.hash ?? 'sha256';
}

/** What every bank extends for this content. */
export function digestsOf(content: Uint8Array): BankDigest[] {
	return banks.map(({algorithm, hash}) => ({algorithm, digest: createHash(hash).update(content).digest()}));
}
