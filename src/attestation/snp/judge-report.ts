import {MalformedError} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import type {ChipKey} from './chip-key.ts';
import {judgeGuest} from './judge-guest.ts';
import {judgeTcb} from './judge-tcb.ts';
import {judgeOwner} from './owner.ts';
import {parseReport, type SnpReport} from './report.ts';
import type {SnpRules} from './rules.ts';
import {judgeReportSignature} from './signature.ts';
import type {Tcb} from './tcb.ts';

/** The part of a policy that is about SEV-SNP. */
export type SnpPolicy = {
	minimumTcb: Partial<Tcb>;
	/** The root that chains must end in, DER; without it AMD's pinned roots count. */
	root?: Uint8Array;
	rules: SnpRules;
};

/** Reads a report; what is wrong with its form becomes a finding. */
export function readReport(bytes: Uint8Array, findings: Finding[]): SnpReport | undefined {
	try {
		return parseReport(bytes);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		findings.push(refusal('snp-report-malformed', `The report of the processor cannot be read: ${error.message}.`));
		return undefined;
	}
}

/**
 * Everything about a report but what it was made for (its report data) and the chain behind the key, which checkChipKey has judged:
 * owner of the key, signature, TCB, guest and platform. Returns all findings.
 */
export function judgeReport(report: SnpReport, {key, endorsement}: ChipKey, policy: SnpPolicy): Finding[] {
	const product = endorsement?.product;
	return [
		...judgeOwner(report, endorsement, policy.rules),
		...(key ? judgeReportSignature(report, key) : []),
		...(endorsement && product ? judgeTcb(report, product, endorsement, policy.minimumTcb) : []),
		...judgeGuest(report, policy.rules),
	];
}
