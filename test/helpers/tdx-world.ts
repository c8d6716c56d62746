import type {Collateral} from '../../src/attestation/attested.ts';
import {makeExtraData} from '../../src/attestation/attested.ts';
import {AttestationRefused, type Finding} from '../../src/attestation/findings.ts';
import {memberRegister, tdxBank} from '../../src/attestation/registers.ts';
import {type Attested, parsePolicy, validatorOf} from '../../src/attestation/variant.ts';
import {formatTdxDocument} from '../../src/attestation/variants/tdx/document.ts';
import {at} from './forge-chain.ts';
import {forgeTdxQuote, pemOf, type QuoteKnobs, root, tdReport} from './forge-tdx.ts';
import {type CollateralKnobs, forgeTdxCollateral, tcbInfo} from './forge-tdx-collateral.ts';

export const nonce = Buffer.alloc(32, 0x11);
export const userData = Buffer.alloc(32, 0x22);
export const reportData = Buffer.concat([makeExtraData(userData, nonce), Buffer.alloc(32)]);
export const clusterId = Buffer.alloc(32, 0x33);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A policy of qemu-tdx as a cluster holds it. */
export const tdxPolicy = {
	measurements: Object.fromEntries(
		[tdReport.mrTd, ...tdReport.runtime].map((value, index) => [String(index), {expected: hex(value), warnOnly: false}]),
	),
	intelRootKey: pemOf(root),
};

/** As tdxPolicy, for a node that is in the cluster. */
export const memberPolicy = {
	...tdxPolicy,
	measurements: {...tdxPolicy.measurements, 3: {expected: hex(memberRegister(tdxBank, clusterId)), warnOnly: false}},
};

/** One case: what is forged, under which policy. */
export type TdxCase = {
	quote?: QuoteKnobs;
	collateral?: CollateralKnobs | 'none';
	policy?: Readonly<Record<string, unknown>>;
	userData?: Uint8Array;
	nonce?: Uint8Array;
	document?: (document: Buffer) => Uint8Array;
};

export function documentOf({quote, document}: TdxCase): Uint8Array {
	const report = {reportData, ...quote?.report};
	const made = Buffer.from(formatTdxDocument({quote: forgeTdxQuote({...quote, report}), userData}));
	return document?.(made) ?? made;
}

export function collateralOf({collateral}: TdxCase): Collateral {
	return collateral === 'none' ? {} : forgeTdxCollateral(collateral);
}

/** What the validator makes of a case: what it accepted, or all it found. */
export function judge(given: TdxCase): Attested | readonly Finding[] {
	const policy = parsePolicy('qemu-tdx', {...tdxPolicy, ...given.policy});
	const validator = validatorOf(policy, {now: () => at, collateral: collateralOf(given)});
	try {
		return validator.validate(documentOf(given), given.nonce ?? nonce, given.userData ?? userData);
	} catch (error) {
		if (error instanceof AttestationRefused) return error.findings;
		throw error;
	}
}

export function findingsOf(verdict: Attested | readonly Finding[]): readonly Finding[] {
	return 'registers' in verdict ? verdict.findings : verdict;
}

/** Cases that several tables have. */
export const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
export const svn = (hex: string): TdxCase => ({quote: {report: {teeTcbSvn: bytes(hex.padEnd(32, '0'))}}});
export const attributes = (hex: string): TdxCase => ({quote: {report: {tdAttributes: bytes(hex)}}});
export const withStatus = (tcbStatus: string): TdxCase => ({
	collateral: {info: {tcbLevels: [{...tcbInfo.tcbLevels[0], tcbStatus, advisoryIDs: ['INTEL-SA-00615']}]}},
});
export const measured = (register: number, value: Uint8Array): TdxCase => {
	const runtime = tdReport.runtime.map((own, index) => (index + 1 === register ? value : own));
	return {quote: {report: register === 0 ? {mrTd: value} : {runtime}}};
};
