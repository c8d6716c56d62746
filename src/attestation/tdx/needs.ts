import type {Collateral, CollateralNeed} from '../attested.ts';
import {readPck} from './pck.ts';
import {parseTdxQuote} from './quote.ts';

/** Which of Intel's statements and lists a quote asks for. Throws MalformedError for one that cannot be read. */
export function tdxNeeds(quote: Uint8Array, have: Collateral): CollateralNeed[] {
	const {platform, ca} = readPck(parseTdxQuote(quote).pckChain);
	return have.tdx ? [] : [{kind: 'tdx', fmspc: platform.fmspc, ca}];
}
