import type {AdviceOf, AdviceTable} from './advice.ts';

const shortened: AdviceOf = () => ({
	likely: 'The attestation section of the configuration was shortened.',
	step: 'Restore the measurements in the configuration and run the command again.',
});

/** The policy itself. */
export const policyAdvice = {
	'policy-empty': shortened,
	'policy-register-missing': shortened,
} as const satisfies AdviceTable;
