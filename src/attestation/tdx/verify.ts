import {MalformedError} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import type {TdxContext} from './context.ts';
import {judgePck} from './pck.ts';
import {parseQeIdentity} from './qe-identity.ts';
import {parseTdxQuote, type TdxQuote, UnknownKindError} from './quote.ts';
import {judgeSignatures} from './signatures.ts';
import {judgeStatement} from './statement.ts';
import {judgeOrigins, judgeTcb} from './tcb.ts';
import {parseTcbInfo} from './tcb-info.ts';
import {judgeTrustDomain} from './trust-domain.ts';

/** Reads a quote; what prevents that becomes a finding. */
export function readTdxQuote(bytes: Uint8Array, findings: Finding[]): TdxQuote | undefined {
	try {
		return parseTdxQuote(bytes);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		findings.push(
			error instanceof UnknownKindError
				? refusal('tdx-quote-unknown', `The quote is of a kind that is not known here: ${error.message}.`)
				: refusal('document-malformed', `The evidence cannot be read: ${error.message}.`),
		);
		return undefined;
	}
}

/**
 * Whether a genuine, current TDX platform made this quote, and whether its trust domain is closed to the host. Registers and report
 * data are the caller's to compare. Reports everything that is wrong.
 */
export function judgeTdxQuote(quote: TdxQuote, context: TdxContext): Finding[] {
	const {findings, key, platform} = judgePck(quote.pckChain, context);
	findings.push(...judgeSignatures(quote, key), ...judgeTrustDomain(quote.report, context.rules));
	const {tdx} = context.collateral;
	if (!tdx) return [...findings, missing(context), ...judgeOrigins(quote)];
	const tcbInfo = {statement: tdx.tcbInfo, chain: tdx.tcbInfoChain, parse: parseTcbInfo};
	const info = judgeStatement('tcbInfo', tcbInfo, context);
	const qeIdentity = {statement: tdx.qeIdentity, chain: tdx.qeIdentityChain, parse: parseQeIdentity};
	const identity = judgeStatement('enclaveIdentity', qeIdentity, context);
	findings.push(...info.findings, ...identity.findings);
	if (platform && info.value && identity.value)
		findings.push(...judgeTcb(quote, platform, {info: info.value, identity: identity.value}, context.rules));
	return findings;
}

/** Without Intel's statements nothing says whether the platform has a known weakness. */
function missing({rules}: TdxContext): Finding {
	return {
		code: 'tdx-collateral-missing',
		severity: rules.collateral === 'require' ? 'refuse' : 'warn',
		message: 'Intel’s statements on the platform are not there, so nothing says whether it has known weaknesses.',
	};
}
