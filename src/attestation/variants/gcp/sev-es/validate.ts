import type {Validator, ValidatorDeps} from '../../../attested.ts';
import {validateTpmDocument} from '../../tpm-document/validate.ts';
import {judgeFirmware} from '../firmware.ts';
import {judgeGcpMachine} from '../machine.ts';
import type {SevEsPolicy} from './policy.ts';

/**
 * Validation of v2.9 gcp-sev-es documents: whose virtual TPM it is, and what its firmware measured about itself. That memory is
 * encrypted is the firmware's word, which Google vouches for; no report of the processor comes with it.
 */
export function validateSevEs(policy: SevEsPolicy, {now, collateral = {}}: ValidatorDeps): Validator['validate'] {
	const {measurements, technology, minimumFirmwareVersion} = policy;
	return validateTpmDocument({
		variant: 'gcp-sev-es',
		measurements,
		judge: evidence => ({
			findings: [
				...judgeGcpMachine(evidence, policy, collateral, now()),
				...judgeFirmware(evidence.document.eventLog, {technology, minimumVersion: minimumFirmwareVersion}),
			],
		}),
	});
}
