import {parseCertificate} from '../../attestation/x509/certificate.ts';
import {commonNameOf} from '../../attestation/x509/common-name.ts';
import {parseRevocationList} from '../../attestation/x509/revocation-list.ts';
import type {Expiry} from './verdict.ts';

/** When a certificate ends. Throws MalformedError. */
export function certificateExpiry(der: Uint8Array): Expiry {
	const {subject, notAfter} = parseCertificate(der);
	return {what: `certificate ${commonNameOf(subject) ?? 'without a name'}`, at: notAfter.getTime()};
}

/** When a revocation list has to be replaced. Throws MalformedError. */
export function listExpiry(der: Uint8Array): Expiry {
	const {issuer, nextUpdate} = parseRevocationList(der);
	return {what: `revocation list of ${commonNameOf(issuer) ?? 'an authority without a name'}`, at: nextUpdate.getTime()};
}
