import {MalformedError} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import {parseCertificate} from '../x509/certificate.ts';
import {verifyChain} from '../x509/chain.ts';
import {commonNameOf} from '../x509/common-name.ts';
import {certificatesInPem} from '../x509/pem.ts';
import {publicKeyFrom} from '../x509/signature.ts';
import {chainLimits, intelChainRules, type TdxContext} from './context.ts';
import {isSigned} from './ecdsa.ts';
import {parseStatement} from './signed-statement.ts';
import type {Validity} from './tcb-info.ts';

const signerName = 'Intel SGX TCB Signing';
const words = {
	tcbInfo: 'Intel’s statement on the platform',
	enclaveIdentity: 'Intel’s statement on the quoting enclave',
} as const;

/**
 * One of Intel's statements: its form, that Intel's key for statements signed it, that it is in date and not older than the policy
 * allows. `value` only when it may be believed.
 */
export function judgeStatement<T extends Validity>(
	name: keyof typeof words,
	input: {statement: Uint8Array; chain: Uint8Array; parse: (json: unknown) => T},
	context: TdxContext,
): {findings: Finding[]; value?: T} {
	const what = words[name];
	try {
		const {body, signature, json} = parseStatement(input.statement, name);
		const all = certificatesInPem(input.chain, chainLimits);
		const signers = all.filter(der => commonNameOf(parseCertificate(der).subject) === signerName);
		const [leaf] = signers;
		if (!leaf || signers.length > 1) return {findings: [untrusted(what)]};
		const findings = verifyChain({
			leaf,
			intermediates: all.filter(der => der !== leaf),
			roots: [context.rules.intelRootKey],
			at: context.now,
			revocationLists: context.collateral.revocationLists ?? [],
			rules: intelChainRules(what, context),
		});
		const key = publicKeyFrom(parseCertificate(leaf).publicKey);
		if (!key || !isSigned(body, signature, key)) findings.push(untrusted(what));
		const value = input.parse(json);
		const isBelieved = findings.every(({severity}) => severity === 'warn');
		return {findings: [...findings, ...judgeValidity(what, value, context)], ...(isBelieved ? {value} : {})};
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		return {findings: [refusal('tdx-collateral-malformed', `${what} cannot be read: ${error.message}.`)]};
	}
}

function untrusted(what: string): Finding {
	return refusal('tdx-collateral-signature', `${what} was not signed with Intel’s key for it.`);
}

function judgeValidity(what: string, {issued, nextUpdate, evaluation}: Validity, {now, rules}: TdxContext): Finding[] {
	const findings: Finding[] = [];
	if (now < issued || now > nextUpdate) {
		const expected = `${new Date(issued).toISOString()} to ${new Date(nextUpdate).toISOString()}`;
		const severity = rules.collateral === 'require' ? 'refuse' : 'warn';
		const message = `${what} is not in date.`;
		findings.push({code: 'tdx-collateral-outdated', severity, message, expected, actual: new Date(now).toISOString()});
	}
	const minimum = rules.minimumTcbEvaluation ?? 0;
	if (evaluation < minimum) {
		const values = {expected: `at least ${minimum}`, actual: String(evaluation)};
		findings.push(refusal('tdx-collateral-rolled-back', `${what} is older than the policy allows.`, values));
	}
	return findings;
}
