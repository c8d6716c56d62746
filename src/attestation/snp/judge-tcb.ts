import {type Finding, refusal} from '../findings.ts';
import type {Endorsement} from './endorsement.ts';
import type {Product} from './product.ts';
import type {SnpReport} from './report.ts';
import {parseTcb, partsBelow, partsDiffering, type Tcb, tcbText} from './tcb.ts';

/**
 * Judges the four TCB versions of a report. The reported one decides which key signed, so it must be the certificate's: an outdated
 * platform cannot have that key. The others are the word of the firmware that this proves: committed and reported reach the minimum,
 * the guest was launched on what is committed, and nothing runs below it.
 */
export function judgeTcb(report: SnpReport, product: Product, endorsement: Endorsement, minimum: Partial<Tcb>): Finding[] {
	const findings: Finding[] = [];
	const reported = parseTcb(report.reportedTcb, product);
	const committed = parseTcb(report.committedTcb, product);
	const launch = parseTcb(report.launchTcb, product);
	const current = parseTcb(report.currentTcb, product);
	if (partsDiffering(reported, endorsement.tcb).length > 0) {
		const values = {expected: tcbText(endorsement.tcb), actual: tcbText(reported)};
		findings.push(refusal('snp-certificate-tcb', 'The certificate is for another firmware than the report names.', values));
	}
	for (const [tcb, name] of [
		[committed, 'committed'],
		[reported, 'reported'],
	] as const) {
		const below = partsBelow(tcb, minimum);
		if (below.length === 0) continue;
		const values = {expected: tcbText(minimum), actual: tcbText(tcb)};
		findings.push(
			refusal('snp-tcb-outdated', `The ${name} firmware is older than the policy allows: ${below.join(', ')}.`, values),
		);
	}
	if (partsDiffering(launch, committed).length > 0) {
		const values = {expected: tcbText(committed), actual: tcbText(launch)};
		findings.push(refusal('snp-tcb-launch', 'The guest was launched on another firmware than the one committed now.', values));
	}
	if (partsBelow(current, committed).length > 0) {
		const values = {expected: tcbText(committed), actual: tcbText(current)};
		findings.push(refusal('snp-tcb-current', 'The platform runs an older firmware than the one it has committed to.', values));
	}
	return findings;
}
