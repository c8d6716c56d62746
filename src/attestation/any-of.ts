import type {Attested, Validator, ValidatorDeps} from './attested.ts';
import {AttestationRefused, refusal} from './findings.ts';
import type {Policy} from './policy.ts';
import {validatorOf} from './variant.ts';

/**
 * Accepts what satisfies one of the policies (newest first) completely; never a part of one and a part of another. While a cluster moves
 * from one image to the next, nodes of both are what is expected. What none accepts is refused with the findings under the newest.
 * Throws TypeError for policies of several variants: one connection carries evidence of one.
 */
export function validatorOfAny(policies: readonly Policy[], deps: ValidatorDeps = {now: Date.now}): Validator {
	const validators = policies.map(policy => validatorOf(policy, deps));
	const oid = validators[0]?.oid ?? '';
	if (validators.some(each => each.oid !== oid)) throw new TypeError('policies of several variants');
	return {
		oid,
		validate(document, nonce, userData): Attested {
			let refused: AttestationRefused | undefined;
			for (const validator of validators) {
				try {
					return validator.validate(document, nonce, userData);
				} catch (error) {
					if (!(error instanceof AttestationRefused)) throw error;
					refused ??= error;
				}
			}
			throw refused ?? new AttestationRefused([refusal('policy-empty', 'No policy is in force.')]);
		},
	};
}
