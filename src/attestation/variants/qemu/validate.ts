import {createHash, type KeyObject, X509Certificate} from 'node:crypto';
import {type Attested, makeExtraData, nonceSize, type Validator} from '../../attested.ts';
import {MalformedError, sameBytes, toHex} from '../../bytes.ts';
import {AttestationRefused, assertAccepted, type Finding, refusal} from '../../findings.ts';
import {compareRegisters} from '../../measurements.ts';
import {type QemuPolicy, weaknesses} from '../../policy.ts';
import {judgeFirmwareLog} from '../../tpm/firmware-log.ts';
import {verifyQuote} from '../../tpm/quote.ts';
import {parseQemuDocument, type QemuDocument} from './document.ts';

/** Validation of v2.9 qemu-vtpm documents. Nothing in them says whose TPM it is; accepting that is a visible warning. */
export function validateQemu(policy: QemuPolicy): Validator['validate'] {
	return (document, nonce, userData): Attested => {
		const parsed = readDocument(document);
		const findings: Finding[] = [judgeOrigin(policy), ...weaknesses(policy.measurements)];
		if (nonce.length !== nonceSize) findings.push(refusal('nonce-length', `The challenge must have ${nonceSize} bytes.`));
		if (!sameBytes(parsed.userData, userData)) {
			const values = {expected: toHex(userData), actual: toHex(parsed.userData)};
			findings.push(refusal('user-data-mismatch', 'The evidence was made for another connection or request.', values));
		}
		const [quote, ...others] = parsed.sha256Quotes;
		if (!quote || others.length > 0) {
			findings.push(refusal('quote-bank', 'The evidence does not hold exactly one quote of the SHA-256 bank.'));
			throw new AttestationRefused(findings);
		}
		// The registers compared below are the very ones whose quote is verified here.
		const verdict = verifyQuote({akPublic: parsed.akPublic, ...quote}, makeExtraData(parsed.userData, nonce));
		findings.push(...verdict.findings, ...judgeCertificate(parsed.akCertificate, verdict.key));
		findings.push(...judgeFirmwareLog(parsed.eventLog, quote.pcrs), ...compareRegisters(policy.measurements, quote.pcrs));
		assertAccepted(findings);
		return {
			variant: 'qemu-vtpm',
			attestationKey: createHash('sha256').update(parsed.akPublic).digest('hex'),
			registers: quote.pcrs,
			userData: parsed.userData,
			findings,
			document,
		};
	};
}

function readDocument(document: Uint8Array): QemuDocument {
	try {
		return parseQemuDocument(document);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		throw new AttestationRefused([refusal('document-malformed', `The evidence cannot be read: ${error.message}.`)]);
	}
}

function judgeOrigin(policy: QemuPolicy): Finding {
	return {
		code: 'key-certificate-missing',
		severity: policy.acceptUnknownKeys ? 'warn' : 'refuse',
		message: 'Nothing here proves that a genuine TPM made this report.',
	};
}

/** No chain is known for this variant, but a certificate of another key is a contradiction. */
function judgeCertificate(der: Uint8Array | undefined, key: KeyObject | undefined): Finding[] {
	if (der === undefined) return [];
	try {
		if (key && new X509Certificate(der).publicKey.equals(key)) return [];
		return [refusal('key-certificate-mismatch', 'The certificate belongs to another attestation key.')];
	} catch {
		// The parser's own words say nothing to the reader of a finding.
		return [refusal('key-certificate-malformed', 'The certificate of the attestation key cannot be read.')];
	}
}
