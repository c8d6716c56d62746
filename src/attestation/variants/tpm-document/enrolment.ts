import {fromHex, toHex} from '../../bytes.ts';
import {type Finding, refusal, warning} from '../../findings.ts';
import type {PolicyFields} from '../../policy-fields.ts';
import {hexListField} from '../../policy-values.ts';

/** Which attestation keys count although no certificate vouches for them. */
export type Enrolment = {
	/** SHA-256 of TPMT_PUBLIC, hex: keys that the administrator read from his own machines. */
	attestationKeys: readonly string[];
	/** The administrator agreed that any key will do. It stays visible as a warning. */
	acceptUnknownKeys: boolean;
};

export const enrolmentKeys = ['attestationKeys', 'acceptUnknownKeys'] as const;

export function parseEnrolment(fields: PolicyFields): Enrolment {
	const keys = hexListField(fields, 'attestationKeys', 32) ?? [];
	const {acceptUnknownKeys = false} = fields.json;
	if (typeof acceptUnknownKeys !== 'boolean') fields.problems.push({path: 'acceptUnknownKeys', message: 'must be true or false'});
	return {attestationKeys: keys.map(key => toHex(key)), acceptUnknownKeys: acceptUnknownKeys === true};
}

export function formatEnrolment({attestationKeys, acceptUnknownKeys}: Enrolment): Record<string, unknown> {
	return {
		...(attestationKeys.length > 0 ? {attestationKeys: attestationKeys.map(key => toHex(fromHex(key, 'key')))} : {}),
		...(acceptUnknownKeys ? {acceptUnknownKeys: true} : {}),
	};
}

/** Judges a key for which there is no certificate: enrolled, agreed to, or refused. */
export function judgeEnrolment({attestationKeys, acceptUnknownKeys}: Enrolment, attestationKey: string): Finding[] {
	if (attestationKeys.includes(attestationKey)) return [];
	if (acceptUnknownKeys) return [warning('key-certificate-missing', 'Nothing here proves that a genuine TPM made this report.')];
	if (attestationKeys.length === 0)
		return [refusal('key-certificate-missing', 'Nothing here proves that a genuine TPM made this report.')];
	return [
		refusal('key-not-enrolled', 'The attestation key is not one of those that the policy lists.', {actual: attestationKey}),
	];
}
