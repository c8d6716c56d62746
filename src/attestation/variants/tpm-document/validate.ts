import {createHash, type KeyObject, X509Certificate} from 'node:crypto';
import {type Attested, makeExtraData, nonceSize, type Validator, type VariantName} from '../../attested.ts';
import {MalformedError, sameBytes, toHex} from '../../bytes.ts';
import {AttestationRefused, assertAccepted, type Finding, refusal} from '../../findings.ts';
import {compareRegisters, type Measurements} from '../../measurements.ts';
import {judgeFirmwareLog} from '../../tpm/firmware-log.ts';
import {verifyQuote} from '../../tpm/quote.ts';
import {weaknesses} from '../../weaknesses.ts';
import {parseTpmDocument, type TpmDocument} from './document.ts';

/** What the shared checks hand to the checks of one variant. */
export type TpmEvidence = {
	document: TpmDocument;
	/** The attestation key; undefined where it cannot be read, which was found already. */
	key: KeyObject | undefined;
	/** SHA-256 of the TPMT_PUBLIC, hex. */
	attestationKey: string;
	/** SHA-256(user data ‖ nonce): the challenge of everything that was made for this evidence. */
	extraData: Uint8Array;
};

/** What a variant adds: whose key it is, and what else its policy asks for. */
export type TpmVariant = {
	variant: VariantName;
	measurements: Measurements;
	/** Reports everything that is wrong. A MalformedError means that InstanceInfo cannot be read. */
	judge(evidence: TpmEvidence): {findings: readonly Finding[]; attested?: Partial<Attested>};
};

/**
 * Validation of v2.9 TPM documents, the same for every variant: exactly one SHA-256 quote, verified, and its registers compared; the
 * event log against the same registers; and all findings at once.
 */
export function validateTpmDocument(variant: TpmVariant): Validator['validate'] {
	return (document, nonce, userData): Attested => {
		const parsed = readDocument(document);
		const findings: Finding[] = [...weaknesses(variant.measurements)];
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
		const extraData = makeExtraData(parsed.userData, nonce);
		const {key, ...verdict} = verifyQuote({akPublic: parsed.akPublic, ...quote}, extraData);
		const attestationKey = createHash('sha256').update(parsed.akPublic).digest('hex');
		const own = judgeVariant(variant, {document: parsed, key, attestationKey, extraData});
		findings.unshift(...own.findings);
		findings.push(...verdict.findings, ...judgeCertificate(parsed.akCertificate, key));
		findings.push(...judgeFirmwareLog(parsed.eventLog, quote.pcrs), ...compareRegisters(variant.measurements, quote.pcrs));
		assertAccepted(findings);
		return {
			...own.attested,
			variant: variant.variant,
			attestationKey,
			registers: quote.pcrs,
			userData: parsed.userData,
			findings,
			document,
		};
	};
}

function readDocument(document: Uint8Array): TpmDocument {
	try {
		return parseTpmDocument(document);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		throw new AttestationRefused([refusal('document-malformed', `The evidence cannot be read: ${error.message}.`)]);
	}
}

function judgeVariant(variant: TpmVariant, evidence: TpmEvidence): ReturnType<TpmVariant['judge']> {
	try {
		return variant.judge(evidence);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		return {findings: [refusal('instance-malformed', `What the node says of its machine cannot be read: ${error.message}.`)]};
	}
}

/** Whether it leads to a pinned root is up to the variant; a certificate of another key is a contradiction anyway. */
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
