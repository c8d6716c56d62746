import {type AdviceOf, type AdviceTable, altered, stranger} from './advice.ts';

const clock: AdviceOf = () => ({
	likely: 'The clock of this machine is wrong, or the certificate is too old or too new.',
	step: 'Compare the clock first; if it is right, replace the node so that it gets a new certificate.',
});

const fetchAgain: AdviceOf = () => ({
	likely: 'The certificates or lists that were fetched or imported for this check are incomplete or outdated.',
	step: 'Fetch them again, or import a newer bundle with constellation trust import.',
});

/** Certificates between a key and a pinned root (RFC 5280). */
export const chainAdvice = {
	'chain-malformed': altered,
	'chain-too-large': altered,
	'chain-signature': altered,
	'chain-self-issued': stranger,
	'chain-untrusted': ({node}) => ({
		likely: `Something else than the cloud made the key of ${node}, or the cloud has a new root.`,
		step: 'Compare the root with the one that the vendor publishes; only then add it under roots in the attestation section.',
	}),
	'chain-revoked': ({node}) => ({
		likely: `The vendor withdrew the certificate behind the key of ${node}.`,
		step: `Replace ${node}, on other hardware where the provider lets you choose.`,
	}),
	'chain-root-expired': () => ({
		likely: 'The vendor replaced the root that is pinned here.',
		step: 'Add the vendor’s new root under roots in the attestation section, after comparing its fingerprint; leave the clock alone.',
	}),
	'chain-expired': clock,
	'chain-not-yet-valid': clock,
	'chain-authority': altered,
	'chain-path-length': altered,
	'chain-algorithm': altered,
	'chain-extension': altered,
	'revocation-list-malformed': fetchAgain,
	'revocation-list-untrusted': fetchAgain,
	'chain-incomplete': fetchAgain,
	'revocation-list-outdated': fetchAgain,
	'revocation-unchecked': fetchAgain,
} as const satisfies AdviceTable;
