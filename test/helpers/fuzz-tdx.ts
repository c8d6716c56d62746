import {collateralNeeds} from '../../src/attestation/collateral-needs.ts';
import {assertAccepted} from '../../src/attestation/findings.ts';
import {readPck} from '../../src/attestation/tdx/pck.ts';
import {parseQeIdentity} from '../../src/attestation/tdx/qe-identity.ts';
import {parseTdxQuote} from '../../src/attestation/tdx/quote.ts';
import {parseTdxRules} from '../../src/attestation/tdx/rules.ts';
import {parseStatement} from '../../src/attestation/tdx/signed-statement.ts';
import {judgeStatement} from '../../src/attestation/tdx/statement.ts';
import {parseTcbInfo} from '../../src/attestation/tdx/tcb-info.ts';
import {parsePolicy, validatorOf} from '../../src/attestation/variant.ts';
import {azureDocument, azurePolicy} from './azure-tdx-world.ts';
import {nonce as tpmNonce, userData as tpmUserData} from './forge.ts';
import {at} from './forge-chain.ts';
import {forgeTdxQuote, pck, pemOf, platformCa, root} from './forge-tdx.ts';
import {forgeTdxCollateral} from './forge-tdx-collateral.ts';
import type {FuzzTarget} from './fuzz.ts';
import {documentOf, nonce, tdxPolicy, userData} from './tdx-world.ts';

const quotes = (): Uint8Array[] => [
	forgeTdxQuote(),
	forgeTdxQuote({version: 5, tdx15: true, after: quote => Buffer.concat([quote, Buffer.alloc(70)])}),
];
const collateral = forgeTdxCollateral();
const none = new Uint8Array();
const {tcbInfo, tcbInfoChain, qeIdentity} = collateral.tdx ?? {
	tcbInfo: none,
	tcbInfoChain: none,
	qeIdentity: none,
	qeIdentityChain: none,
};
const qemu = parsePolicy('qemu-tdx', tdxPolicy);
const azure = parsePolicy('azure-tdx', azurePolicy);
const rules = parseTdxRules({json: {intelRootKey: tdxPolicy.intelRootKey}, problems: []});
const deps = {now: () => at, collateral};

/** Everything that reads a TDX quote, its certificates or Intel's statements. */
export const tdxFuzzTargets: readonly FuzzTarget[] = [
	{name: 'TDX quote', seeds: quotes, run: parseTdxQuote},
	{name: 'PCK chain', seeds: () => [Buffer.from(pemOf(pck, platformCa, root))], run: readPck},
	{name: 'TCB info', seeds: () => [tcbInfo], run: bytes => parseTcbInfo(parseStatement(bytes, 'tcbInfo').json)},
	{
		name: 'QE identity',
		seeds: () => [qeIdentity],
		run: bytes => parseQeIdentity(parseStatement(bytes, 'enclaveIdentity').json),
	},
	{
		name: 'chain of a statement',
		seeds: () => [tcbInfoChain],
		run(bytes) {
			const input = {statement: tcbInfo, chain: bytes, parse: parseTcbInfo};
			assertAccepted(judgeStatement('tcbInfo', input, {rules, collateral, now: at}).findings);
		},
	},
	{
		name: 'qemu-tdx evidence',
		seeds: () => [documentOf({})],
		run(bytes) {
			collateralNeeds(qemu, bytes);
			return validatorOf(qemu, deps).validate(bytes, nonce, userData);
		},
	},
	{
		name: 'azure-tdx evidence',
		seeds: () => [azureDocument({})],
		run(bytes) {
			collateralNeeds(azure, bytes);
			return validatorOf(azure, deps).validate(bytes, tpmNonce, tpmUserData);
		},
	},
];
