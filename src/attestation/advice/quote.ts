import {type AdviceTable, altered, replayed} from './advice.ts';
import {registerAdvice} from './register.ts';

/** What a TPM signed, and the registers and event log beside it. */
export const quoteAdvice = {
	'signature-malformed': altered,
	'signature-scheme': altered,
	'signature-invalid': altered,
	'quote-magic': altered,
	'quote-type': altered,
	'quote-bank': altered,
	'quote-malformed': altered,
	'quote-selection': altered,
	'registers-malformed': altered,
	'quote-digest': altered,
	'nonce-length': replayed,
	'user-data-mismatch': replayed,
	'quote-challenge': replayed,
	'not-initialised': ({node}) => ({
		likely: `${node} restarted and has not rejoined its cluster.`,
		step: `Wait until ${node} has rejoined, or recover it.`,
	}),
	'register-mismatch': registerAdvice,
	'event-log-malformed': altered,
	'event-log-mismatch': altered,
} as const satisfies AdviceTable;
