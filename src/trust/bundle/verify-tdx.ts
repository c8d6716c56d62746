import {toHex} from '../../attestation/bytes.ts';
import {chainLimits, type TdxContext} from '../../attestation/tdx/context.ts';
import {intelSgxRoot} from '../../attestation/tdx/intel-root.ts';
import {parseQeIdentity} from '../../attestation/tdx/qe-identity.ts';
import {parseStatement} from '../../attestation/tdx/signed-statement.ts';
import {judgeStatement} from '../../attestation/tdx/statement.ts';
import {parseTcbInfo} from '../../attestation/tdx/tcb-info.ts';
import {parseCertificate} from '../../attestation/x509/certificate.ts';
import {certificatesInPem} from '../../attestation/x509/pem.ts';
import {certificateExpiry, listExpiry} from './dates.ts';
import type {Part} from './part.ts';
import {type Anchors, type Expiry, momentOf, type PartVerdict} from './verdict.ts';
import {isIssuedBy, problemsOfList} from './verify-list.ts';

/** Intel's collateral of a family of platforms: statements, lists and their chains all lead to Intel's root. */
export function verifyTdxPart({name, blobs}: Part, {now, intelRoot = intelSgxRoot}: Anchors): PartVerdict {
	const none = new Uint8Array();
	const [
		tcbInfo = none,
		tcbInfoChain = none,
		qeIdentity = none,
		qeIdentityChain = none,
		list = none,
		listChain = none,
		rootList = none,
	] = blobs;
	const info = parseTcbInfo(parseStatement(tcbInfo, 'tcbInfo').json);
	const identity = parseQeIdentity(parseStatement(qeIdentity, 'enclaveIdentity').json);
	const chains = [tcbInfoChain, qeIdentityChain, listChain].map(pem => certificatesInPem(pem, chainLimits));
	const expiries: Expiry[] = [
		{what: `Intel’s statement on platforms ${toHex(info.fmspc)}`, at: info.nextUpdate},
		{what: 'Intel’s statement on the quoting enclave', at: identity.nextUpdate},
		listExpiry(list),
		listExpiry(rootList),
		...chains.flat().map(der => certificateExpiry(der)),
	];
	const rules = {tcbStatus: {}, collateral: 'warn' as const, intelRootKey: intelRoot};
	const context: TdxContext = {rules, collateral: {}, now: momentOf(now, expiries)};
	const findings = [
		...judgeStatement('tcbInfo', {statement: tcbInfo, chain: tcbInfoChain, parse: parseTcbInfo}, context).findings,
		...judgeStatement('enclaveIdentity', {statement: qeIdentity, chain: qeIdentityChain, parse: parseQeIdentity}, context)
			.findings,
	];
	const problems = findings.filter(({severity}) => severity === 'refuse').map(({message}) => message.replace(/\.$/, ''));
	const authorities = (chains[2] ?? []).filter(der => isIssuedBy(parseCertificate(der), [intelRoot], 'keyCertSign'));
	problems.push(...problemsOfList(list, authorities), ...problemsOfList(rootList, [intelRoot]));
	if (name.split('/')[0] !== toHex(info.fmspc)) problems.push('it is of other platforms');
	return {problems, expiries: unique(expiries)};
}

function unique(expiries: readonly Expiry[]): Expiry[] {
	return [...new Map(expiries.map(expiry => [`${expiry.what} ${expiry.at}`, expiry])).values()];
}
