import {type AdviceTable, altered, stranger} from './advice.ts';

/** The attestation key and its certificate. */
export const keyAdvice = {
	'key-malformed': altered,
	'key-attributes': altered,
	'key-template': altered,
	'key-not-enrolled': ({node}) => ({
		likely: `${node} is a new machine, or not yours at all.`,
		step: 'Read the key on the machine itself and add it under attestationKeys only if both are the same.',
	}),
	'key-certificate-missing': ({node}) => ({
		likely: `On QEMU and AWS no TPM has a certificate, and your policy lists no key; elsewhere ${node} is not a machine of this cluster.`,
		step: 'Read the key on the machine itself and list it under attestationKeys; acceptUnknownKeys takes any, and that stays visible.',
	}),
	'key-certificate-malformed': stranger,
	'key-certificate-mismatch': stranger,
	'key-certificate-untrusted': stranger,
	'key-certificate-expired': () => ({
		likely: 'The clock of this machine or of the node is wrong.',
		step: 'Set the clocks and try again.',
	}),
} as const satisfies AdviceTable;
