import type {Validator} from '../../attested.ts';
import {MalformedError} from '../../bytes.ts';
import {judgeEnrolment} from '../tpm-document/enrolment.ts';
import {validateTpmDocument} from '../tpm-document/validate.ts';
import type {QemuPolicy} from './policy.ts';

/** Validation of v2.9 qemu-vtpm documents. Nothing in them says whose TPM it is; accepting that is a visible warning. */
export function validateQemu(policy: QemuPolicy): Validator['validate'] {
	return validateTpmDocument({
		variant: 'qemu-vtpm',
		measurements: policy.measurements,
		judge({document, attestationKey}) {
			if (document.instanceInfo) throw new MalformedError('InstanceInfo: this variant has none');
			return {findings: judgeEnrolment(policy, attestationKey)};
		},
	});
}
