import {type AdviceTable, altered} from './advice.ts';

/** The TLS connection that the evidence came through, and who it said it was before. */
export const connectionAdvice = {
	'leaf-missing': altered,
	'leaf-malformed': altered,
	'leaf-expired': altered,
	'evidence-missing': altered,
	'attestation-key-changed': altered,
	'role-mismatch': altered,
} as const satisfies AdviceTable;
