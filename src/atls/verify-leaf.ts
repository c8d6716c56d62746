import {AttestationRefused, type FindingCode} from '../attestation/findings.ts';
import type {Attested, Validator} from '../attestation/variant.ts';
import {
	type Certificate,
	extendedKeyUsages,
	isAuthority,
	isInForce,
	isPlainP256Key,
	isSignedBy,
	readCertificate,
} from '../keys/certificate.ts';
import {usageId} from '../keys/pki.ts';
import {leafUserData} from './leaf.ts';

export type LeafChallenge = {
	validator: Validator;
	/** The verifier's own nonce, 32 bytes. */
	nonce: Uint8Array;
	now?: Date;
};

const anyUsage = '2.5.29.37.0';

/**
 * Judges the certificate that a peer showed in the handshake, and the evidence in it: made for this nonce and this key, under
 * the one variant that is configured. Throws AttestationRefused. The handshake itself proves that the peer holds the key.
 */
export const verifyLeaf = (der: Uint8Array | undefined, challenge: LeafChallenge): Attested => {
	const certificate = readLeaf(der);
	checkTime(certificate, challenge.now ?? new Date());
	checkKey(certificate);
	checkUsage(certificate);
	checkCritical(certificate);
	checkSelfSigned(certificate);
	const document = evidenceIn(certificate, challenge.validator.oid);
	return challenge.validator.validate(document, challenge.nonce, leafUserData(certificate.publicKey));
};

const refuse = (code: FindingCode, message: string): never => {
	throw new AttestationRefused([{code, severity: 'refuse', message}]);
};

const readLeaf = (der: Uint8Array | undefined): Certificate => {
	if (!der) return refuse('leaf-missing', 'The peer showed no certificate.');
	try {
		return readCertificate(der);
	} catch {
		// Whatever cannot be read strictly is refused, whatever the reason.
		return refuse('leaf-malformed', 'The peer’s certificate cannot be read.');
	}
};

const checkTime = (certificate: Certificate, now: Date): void => {
	if (!isInForce(certificate, now)) refuse('leaf-expired', 'The peer’s certificate is not valid now; compare the clocks.');
};

const checkKey = (certificate: Certificate): void => {
	if (!isPlainP256Key(certificate.publicKey)) refuse('leaf-malformed', 'The peer’s certificate is not for a P-256 key.');
};

const checkUsage = (certificate: Certificate): void => {
	const usages = readable(() => extendedKeyUsages(certificate));
	if (usages && !usages.includes(usageId('serverAuth')) && !usages.includes(anyUsage)) {
		refuse('leaf-malformed', 'The peer’s certificate is not meant for this use.');
	}
	if (readable(() => isAuthority(certificate))) refuse('leaf-malformed', 'The peer’s certificate is one of an authority.');
};

const readable = <T>(read: () => T): T => {
	try {
		return read();
	} catch {
		// A malformed extension is as good as a malformed certificate.
		return refuse('leaf-malformed', 'An extension of the peer’s certificate cannot be read.');
	}
};

/** Extensions whose meaning is checked above may be critical, no others. */
const understood: readonly string[] = ['2.5.29.15', '2.5.29.19', '2.5.29.37'];

const checkCritical = (certificate: Certificate): void => {
	const unknown = certificate.extensions.some(({oid, critical}) => critical && !understood.includes(oid));
	if (unknown) refuse('leaf-malformed', 'The peer’s certificate has a critical extension that is not known.');
};

const checkSelfSigned = (certificate: Certificate): void => {
	if (!readable(() => isSignedBy(certificate.raw, certificate.publicKey))) {
		refuse('leaf-malformed', 'The peer’s certificate is not signed with its own key.');
	}
};

const evidenceIn = (certificate: Certificate, oid: string): Uint8Array => {
	const found = certificate.extensions.find(extension => extension.oid === oid);
	return found?.value ?? refuse('evidence-missing', 'The peer’s certificate has no evidence of the expected variant.');
};
