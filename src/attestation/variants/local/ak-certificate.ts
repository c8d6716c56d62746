import {type KeyObject, X509Certificate} from 'node:crypto';
import type {NodeRole} from '../../../events.ts';
import {sameBytes} from '../../bytes.ts';
import {type Finding, refusal} from '../../findings.ts';

/** Who a machine is, by the word of the maker that certified its TPM. */
export type MachineIdentity = {name: string; role: NodeRole; diskUuid: string};

// Anchored over the whole subject: further or repeated attributes do not match.
const subjectPattern =
	/^CN=([a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?)\nOU=(control-plane|worker)\nserialNumber=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * Checks the certificate of an attestation key (X.509 DER, subject CN=machine, OU=role, serialNumber=disk UUID, issued by the maker
 * key): signature, dates, that it certifies exactly this key. Reports everything that is wrong.
 */
export function judgeAkCertificate(
	der: Uint8Array,
	expected: {maker: KeyObject; key: KeyObject | undefined; now: number},
): {findings: Finding[]; machine?: MachineIdentity} {
	const certificate = parse(der);
	if (!certificate)
		return {findings: [refusal('key-certificate-malformed', 'The certificate of the attestation key cannot be read.')]};
	const findings: Finding[] = [];
	if (!isIssuedBy(certificate, expected.maker)) {
		findings.push(
			refusal('key-certificate-untrusted', 'The attestation key was not certified by the maker of this cluster’s machines.'),
		);
	}
	if (expected.now < certificate.validFromDate.getTime() || expected.now > certificate.validToDate.getTime()) {
		findings.push(refusal('key-certificate-expired', 'The certificate of the attestation key is not valid at this time.'));
	}
	if (!expected.key || !isKeyOf(certificate, expected.key)) {
		findings.push(refusal('key-certificate-mismatch', 'The certificate belongs to another attestation key.'));
	}
	const [, name, role, diskUuid] = subjectPattern.exec(certificate.subject) ?? [];
	if (name === undefined || diskUuid === undefined || certificate.ca) {
		findings.push(
			refusal(
				'key-certificate-malformed',
				'The certificate of the attestation key does not name a machine, its role and its disk.',
			),
		);
		return {findings};
	}
	return {findings, machine: {name, role: role === 'worker' ? 'worker' : 'control-plane', diskUuid}};
}

function parse(der: Uint8Array): X509Certificate | undefined {
	try {
		const certificate = new X509Certificate(der);
		// The parser takes PEM and spare bytes too; only the exact DER is evidence.
		return sameBytes(certificate.raw, der) ? certificate : undefined;
	} catch {
		return undefined;
	}
}

function isIssuedBy(certificate: X509Certificate, maker: KeyObject): boolean {
	try {
		return certificate.verify(maker);
	} catch {
		// An algorithm that does not fit the key throws instead of answering false.
		return false;
	}
}

function isKeyOf(certificate: X509Certificate, key: KeyObject): boolean {
	try {
		return certificate.publicKey.equals(key);
	} catch {
		// A certificate of a key type that the cryptography library does not know.
		return false;
	}
}
