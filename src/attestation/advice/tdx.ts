import {type AdviceOf, type AdviceTable, altered, replayed, stranger} from './advice.ts';

const fetchAgain: AdviceOf = () => ({
	likely: 'Intel’s statements that were fetched or imported for this check are missing, outdated or of another platform.',
	step: 'Fetch them again, or import a newer bundle with constellation trust import.',
});

const distrusted: AdviceOf = () => ({
	likely: 'What was fetched or imported as a statement of Intel’s was not written by Intel.',
	step: 'Fetch it from another place, and find out who serves the one that was used.',
});

const otherPlatform: AdviceOf = ({node}) => ({
	likely: `The hardware or the TDX module under ${node} is not one that the policy or Intel knows.`,
	step: `Compare the value with the provider’s published one before you change the policy; else replace ${node}.`,
});

const provider =
	(state: string): AdviceOf =>
	({node}) => ({
		likely: `The host of ${node} ${state}.`,
		step: `Look up the advisories, ask the provider for an updated host, or replace ${node}.`,
	});

/** Quotes of Intel TDX, the platform behind them and Intel's statements on it. */
export const tdxAdvice = {
	'tdx-quote-unknown': ({node}) => ({
		likely: `${node} runs on a newer platform than this release knows.`,
		step: 'Use a newer release of this tool; do not change the policy.',
	}),
	'tdx-debug': ({node}) => ({
		likely: `${node} was started so that its host can read and change it.`,
		step: `Start ${node} again without debug attributes; treat what it held as known to the host.`,
	}),
	'tdx-collateral-missing': fetchAgain,
	'tdx-collateral-malformed': distrusted,
	'tdx-collateral-signature': distrusted,
	'tdx-collateral-outdated': fetchAgain,
	'tdx-collateral-rolled-back': fetchAgain,
	'tdx-collateral-other-platform': fetchAgain,
	'tdx-pck-malformed': altered,
	'tdx-qe-vendor': stranger,
	'tdx-qe-signature': altered,
	'tdx-qe-binding': altered,
	'tdx-qe-identity': stranger,
	'tdx-quote-signature': altered,
	'tdx-module-identity': otherPlatform,
	'tdx-module-unknown': otherPlatform,
	'tdx-module-measurement': otherPlatform,
	'tdx-tcb-revoked': provider('runs on hardware or firmware that Intel no longer vouches for'),
	'tdx-tcb-unknown': provider('has versions that Intel’s statement does not name'),
	'tdx-tcb-outdated': provider('has not installed Intel’s security updates'),
	'tdx-tcb-configuration': provider('is configured in a way that Intel advises against'),
	'tdx-tcb-hardening': ({node}) => ({
		likely: `The processor of ${node} has a weakness that software has to work around.`,
		step: 'Read the advisories; if the image has the mitigations, accept SWHardeningNeeded in the policy as a warning.',
	}),
	'tdx-paravisor': ({node}) => ({
		likely: `Azure updated its paravisor, or something that is not Azure runs ${node}.`,
		step: 'Compare the value with a machine that you trust; only then add it under mrTd in the attestation section.',
	}),
	'tdx-attributes': otherPlatform,
	'tdx-xfam': otherPlatform,
	'tdx-attributes-weak': otherPlatform,
	'tdx-attributes-unknown': otherPlatform,
	'tdx-report-data': replayed,
} as const satisfies AdviceTable;
