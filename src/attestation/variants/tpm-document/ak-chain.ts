import type {KeyObject} from 'node:crypto';
import {MalformedError, sameBytes} from '../../bytes.ts';
import {type Finding, refusal} from '../../findings.ts';
import {parseCertificate} from '../../x509/certificate.ts';
import {type ChainRules, verifyChain} from '../../x509/chain.ts';
import {extensionIds} from '../../x509/extensions.ts';
import {publicKeyFrom} from '../../x509/signature.ts';

/** The chain of an attestation key, as a cloud keeps it for its virtual TPMs. */
export type AkChain = {
	/** DER; untrusted. */
	certificate: Uint8Array;
	/** DER, from wherever they came; untrusted. */
	intermediates: readonly Uint8Array[];
	/** DER, pinned. */
	roots: readonly Uint8Array[];
	revocationLists: readonly Uint8Array[];
	requireRevocationLists: boolean;
	at: number;
};

const rules: Omit<ChainRules, 'revocation'> = {
	subject: 'the attestation key',
	signatures: ['rsa-sha256', 'rsa-sha384', 'rsa-sha512', 'ecdsa-sha256', 'ecdsa-sha384'],
	curves: ['prime256v1', 'secp384r1'],
	minimumRsaBits: 2048,
	maximumLength: 5,
	// They say which TPM a key is in and that it attests (TCG profile for attestation keys): it is used for nothing else here.
	understood: [extensionIds.extendedKeyUsage, extensionIds.subjectAlternativeName],
};

/** Whether a pinned root vouches for exactly this key; everything that is wrong. */
export function judgeAkChain(chain: AkChain, key: KeyObject | undefined): Finding[] {
	const findings = verifyChain({
		leaf: chain.certificate,
		intermediates: unique(chain.intermediates),
		roots: chain.roots,
		at: chain.at,
		revocationLists: chain.revocationLists,
		rules: {...rules, revocation: chain.requireRevocationLists ? 'require' : 'warn'},
	});
	if (!isKeyOf(chain.certificate, key))
		findings.push(refusal('key-certificate-mismatch', 'The certificate belongs to another attestation key.'));
	return findings;
}

function isKeyOf(certificate: Uint8Array, key: KeyObject | undefined): boolean {
	try {
		const certified = publicKeyFrom(parseCertificate(certificate).publicKey);
		return key !== undefined && certified !== undefined && certified.equals(key);
	} catch (error) {
		// The chain's own finding says that it cannot be read.
		if (error instanceof MalformedError) return true;
		throw error;
	}
}

/** Vendors' intermediates often come from several sides. */
function unique(certificates: readonly Uint8Array[]): Uint8Array[] {
	return certificates.filter((one, index) => certificates.findIndex(other => sameBytes(one, other)) === index);
}
