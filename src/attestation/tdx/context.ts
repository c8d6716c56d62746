import type {Collateral} from '../attested.ts';
import type {ChainRules} from '../x509/rules.ts';
import type {TdxRules} from './rules.ts';

/** What a quote is judged by. `now`: milliseconds since the epoch. */
export type TdxContext = {rules: TdxRules; collateral: Collateral; now: number};

/** All of Intel's certificates are ECDSA P-256 with SHA-256 (Intel SGX PCK Certificate and CRL Profile, section 1.3). */
export function intelChainRules(subject: string, {rules}: TdxContext): ChainRules {
	return {
		subject,
		signatures: ['ecdsa-sha256'],
		curves: ['prime256v1'],
		maximumLength: 3,
		revocation: rules.collateral,
	};
}

/** Three certificates of at most 16 KiB each. */
export const chainLimits = {bytes: 64 * 1024, count: 3};
