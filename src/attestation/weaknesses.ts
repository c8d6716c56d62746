import {type Finding, refusal} from './findings.ts';
import type {Measurements} from './measurements.ts';
import {type RegisterBank, tpmBank} from './registers.ts';

/** A policy without an enforced entry, or silent about the cluster register, would let anything in. */
export function weaknesses(measurements: Measurements, {clusterRegister, firmwareRegister}: RegisterBank = tpmBank): Finding[] {
	const findings: Finding[] = [];
	if (![...measurements.values()].some(({warnOnly}) => !warnOnly)) {
		findings.push(refusal('policy-empty', 'The policy enforces no register, so it would accept any machine.'));
	}
	if (measurements.get(clusterRegister)?.warnOnly !== false) {
		findings.push(
			refusal(
				'policy-register-missing',
				`The policy does not enforce register ${clusterRegister}, which tells whether a node is in a cluster.`,
			),
		);
	}
	if (firmwareRegister !== undefined && measurements.get(firmwareRegister)?.warnOnly !== false) {
		const message = `The policy does not enforce register ${firmwareRegister}, so any firmware could fill the others.`;
		findings.push(refusal('policy-register-missing', message));
	}
	return findings;
}
