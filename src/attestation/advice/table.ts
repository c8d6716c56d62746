import type {AdviceOf} from './advice.ts';
import {azureAdvice} from './azure.ts';
import {chainAdvice} from './chain.ts';
import {cloudAdvice} from './cloud.ts';
import {connectionAdvice} from './connection.ts';
import {documentAdvice} from './document.ts';
import {keyAdvice} from './key.ts';
import {policyAdvice} from './policy.ts';
import {quoteAdvice} from './quote.ts';
import {snpAdvice} from './snp.ts';
import {tdxAdvice} from './tdx.ts';

/** Everything a check can find wrong, the most telling first: what is asked for, who signed, what for, what was measured. */
const areas = {
	...policyAdvice,
	...documentAdvice,
	...keyAdvice,
	...chainAdvice,
	...snpAdvice,
	...tdxAdvice,
	...azureAdvice,
	...cloudAdvice,
	...quoteAdvice,
	...connectionAdvice,
};

export type FindingCode = keyof typeof areas;

export const adviceTable: Readonly<Record<FindingCode, AdviceOf>> = areas;

/** Stable codes of findings (docs/errors.md). */
export const findingCodes = Object.keys(adviceTable) as FindingCode[];
