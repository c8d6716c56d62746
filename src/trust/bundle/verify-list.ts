import {sameBytes} from '../../attestation/bytes.ts';
import {type Certificate, parseCertificate} from '../../attestation/x509/certificate.ts';
import {mayBeUsedFor} from '../../attestation/x509/extensions.ts';
import {parseRevocationList} from '../../attestation/x509/revocation-list.ts';
import {isSignedWith, publicKeyFrom} from '../../attestation/x509/signature.ts';

type Signed = Pick<Certificate, 'signedPart' | 'signatureAlgorithm' | 'signature' | 'issuer'>;

/** Whether one of these certificates signed a list or certificate, by name and key. Throws MalformedError. */
export function isIssuedBy(signed: Signed, issuers: readonly Uint8Array[], use: 'cRLSign' | 'keyCertSign'): boolean {
	const {signedPart: content, signatureAlgorithm: algorithm, signature, issuer} = signed;
	return issuers.some(der => {
		const certificate = parseCertificate(der);
		const key = publicKeyFrom(certificate.publicKey);
		if (!algorithm || !key || !sameBytes(certificate.subject, issuer)) return false;
		return mayBeUsedFor(certificate, use) !== false && isSignedWith({content, algorithm, signature}, key);
	});
}

/** Why a revocation list is not one of these authorities. Throws MalformedError. */
export function problemsOfList(der: Uint8Array, issuers: readonly Uint8Array[]): string[] {
	return isIssuedBy(parseRevocationList(der), issuers, 'cRLSign') ? [] : ['the authority did not sign the revocation list'];
}
