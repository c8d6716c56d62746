import type {Collateral, CollateralNeed, Validator, ValidatorDeps} from '../../../attested.ts';
import {chipNeeds} from '../../../snp/needs.ts';
import {parseReport} from '../../../snp/report.ts';
import {parseTpmDocument} from '../../tpm-document/document.ts';
import {judgeSnpPart, splitSnpPart} from '../../tpm-document/snp-part.ts';
import {validateTpmDocument} from '../../tpm-document/validate.ts';
import {judgeFirmware} from '../firmware.ts';
import {gcpMachineNeeds, judgeGcpMachine} from '../machine.ts';
import type {GcpSnpPolicy} from './policy.ts';

/**
 * Validation of gcp-sev-snp documents, a form of our own over public layouts: whose virtual TPM it is, what the firmware measured
 * about itself, and a report of the processor on the attestation key. Not tested on hardware.
 */
export function validateGcpSnp(policy: GcpSnpPolicy, deps: ValidatorDeps): Validator['validate'] {
	return validateTpmDocument({
		variant: 'gcp-sev-snp',
		measurements: policy.measurements,
		judge(evidence) {
			const {snp, document} = splitSnpPart(evidence.document);
			const wanted = {technology: 'sev-snp', minimumVersion: policy.minimumFirmwareVersion} as const;
			return {
				findings: [
					...judgeSnpPart(snp, evidence, policy.snp, deps),
					...judgeGcpMachine({...evidence, document}, policy, deps.collateral ?? {}, deps.now()),
					...judgeFirmware(document.eventLog, wanted),
				],
			};
		},
	});
}

/** Throws MalformedError. */
export function gcpSnpNeeds(policy: GcpSnpPolicy, bytes: Uint8Array, have: Collateral): CollateralNeed[] {
	const {snp, document} = splitSnpPart(parseTpmDocument(bytes));
	return [...chipNeeds(parseReport(snp.report), snp.certificates, policy.snp, have), ...gcpMachineNeeds(policy, document, have)];
}
