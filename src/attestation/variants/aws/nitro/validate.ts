import type {Collateral, CollateralNeed, Validator, ValidatorDeps} from '../../../attested.ts';
import {parseTpmDocument} from '../../tpm-document/document.ts';
import {judgeEnrolment} from '../../tpm-document/enrolment.ts';
import {validateTpmDocument} from '../../tpm-document/validate.ts';
import {readAwsInstance} from '../instance.ts';
import {awsMachineNeeds, judgeAwsMachine} from '../machine.ts';
import type {NitroPolicy} from './policy.ts';

/**
 * Validation of v2.9 aws-nitro-tpm documents. Only a listed key says whose TPM it is: account, region and image are the machine's own
 * word, whatever AWS answers about them.
 */
export function validateNitro(policy: NitroPolicy, {collateral = {}}: ValidatorDeps): Validator['validate'] {
	return validateTpmDocument({
		variant: 'aws-nitro-tpm',
		measurements: policy.measurements,
		judge: ({document, attestationKey}) => ({
			findings: [...judgeEnrolment(policy, attestationKey), ...judgeAwsMachine(readAwsInstance(document), policy, collateral)],
		}),
	});
}

/** Throws MalformedError. */
export function nitroNeeds(policy: NitroPolicy, document: Uint8Array, have: Collateral): CollateralNeed[] {
	return awsMachineNeeds(readAwsInstance(parseTpmDocument(document)), policy, have);
}
