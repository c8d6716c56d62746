import type {SignatureAlgorithm} from './signature.ts';

/** What a chain has to keep to. One set of rules a vendor; RFC 5280 section 6.1 is kept by all. */
export type ChainRules = {
	/** Whose chain it is, for sentences: “the attestation key”. */
	subject: string;
	signatures: readonly SignatureAlgorithm[];
	/** Curves that keys may lie on, by OpenSSL's names. */
	curves: readonly string[];
	/** RSA keys may have no fewer bits; without it there may be none. */
	minimumRsaBits?: number;
	/** Certificates from the leaf to the root, both included, at most. */
	maximumLength: number;
	/** Whether a missing or outdated revocation list refuses, or is said only. */
	revocation: 'require' | 'warn';
	/** For vendors that list authorities only: the leaf is looked up where a list of its issuer came along, and not missed else. */
	listsOf?: 'authorities';
	/** Critical extensions that the caller judges himself, beside basic constraints and key usage. */
	understood?: readonly string[];
};
