import type {CollateralNeed} from '../attested.ts';
import {readPck} from './pck.ts';
import type {TdxQuote} from './quote.ts';

/** Which of Intel's statements and lists a quote asks for. Throws MalformedError for certificates that cannot be read. */
export function tdxNeeds({pckChain}: Pick<TdxQuote, 'pckChain'>): CollateralNeed[] {
	const {platform, ca} = readPck(pckChain);
	return [{kind: 'tdx', fmspc: platform.fmspc, ca}];
}
