import {type AdviceTable, altered, replayed} from './advice.ts';

/** What ties an Azure machine's TPM to its processor, and the word of Microsoft Azure Attestation. */
export const azureAdvice = {
	'runtime-data-malformed': altered,
	'runtime-data-mismatch': altered,
	'runtime-data-key': altered,
	'maa-token-missing': ({node}) => ({
		likely: `${node} runs a firmware signed by a key that the policy does not name, and sent no token of Microsoft Azure Attestation.`,
		step: 'Compare the digest with what Microsoft publishes before you add it to acceptedKeyDigests, or set up an attestation provider.',
	}),
	'maa-keys-missing': () => ({
		likely: 'The keys of the attestation provider were not fetched: it was not reachable, or the policy has no maaURL.',
		step: 'Check maaURL and the connection, or import a trust bundle that holds the keys.',
	}),
	'maa-token-malformed': altered,
	'maa-token-signature': altered,
	'maa-token-issuer': altered,
	'maa-token-time': () => ({
		likely: 'The clock of this machine or of the node is wrong, or an old token was sent.',
		step: 'Set the clocks and try again.',
	}),
	'maa-token-nonce': replayed,
	'maa-token-report': altered,
	'maa-token-accepted': () => ({
		likely: 'Microsoft signed the firmware with a key that the policy does not name yet.',
		step: 'Compare the digest with what Microsoft publishes, then add it to acceptedKeyDigests.',
	}),
} as const satisfies AdviceTable;
