import {connectionNonce, exporterLabels, type JoinFields, joinUserData} from '../../atls/binding.ts';
import type {Connection} from '../../atls/connection.ts';
import {AttestationRefused} from '../../attestation/findings.ts';
import {type Attested, validatorOf} from '../../attestation/variant.ts';
import type {JoinPolicies} from './policies.ts';

/**
 * Judges the evidence of a ticket request: it must be made for this connection and these fields, and satisfy one of the accepted
 * policies. Says by which image's. Throws AttestationRefused with the findings under the newest policy.
 */
export const judgeEvidence = (
	evidence: Uint8Array,
	connection: Connection,
	fields: JoinFields,
	{policies}: JoinPolicies,
): Attested & {imageVersion: string} => {
	const nonce = connectionNonce(connection, exporterLabels.join);
	const userData = joinUserData(fields);
	let refused: AttestationRefused | undefined;
	for (const policy of policies) {
		try {
			return {...validatorOf(policy).validate(evidence, nonce, userData), imageVersion: policy.version};
		} catch (error) {
			if (!(error instanceof AttestationRefused)) throw error;
			refused ??= error;
		}
	}
	throw refused ?? new AttestationRefused([{code: 'policy-empty', severity: 'refuse', message: 'No policy is in force.'}]);
};
