import type {KeyObject} from 'node:crypto';
import {MalformedError} from '../../bytes.ts';
import {type Finding, refusal} from '../../findings.ts';
import {parseCertificate} from '../../x509/certificate.ts';
import {publicKeyFrom} from '../../x509/signature.ts';
import {certifiedInstance, type GcpInstance} from './instance.ts';

/** Compares the attestation key with the signing key that the Compute API names for the machine (getShieldedInstanceIdentity). */
export function judgeShieldedKey(spki: Uint8Array, key: KeyObject | undefined): Finding[] {
	const named = publicKeyFrom(spki);
	if (!named) return [refusal('shielded-key-malformed', 'The signing key that the Compute API named cannot be read.')];
	if (key && named.equals(key)) return [];
	return [refusal('shielded-key-mismatch', 'The Compute API names another signing key for this machine.')];
}

/** A certificate that names a machine counts for that machine only; Google's older ones name none. */
export function judgeCertifiedInstance(certificate: Uint8Array, instance: GcpInstance): Finding[] {
	try {
		const certified = certifiedInstance(parseCertificate(certificate));
		if (!certified) return [];
		const isSame = (['project', 'zone', 'name'] as const).every(part => certified[part] === instance[part]);
		return isSame ? [] : [refusal('instance-mismatch', 'The attestation key was certified for another machine.')];
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		return [refusal('key-certificate-malformed', 'The certificate of the attestation key cannot be read.')];
	}
}
