import {createHash} from 'node:crypto';
import {type Attested, makeExtraData, nonceSize, type Validator, type ValidatorDeps} from '../../attested.ts';
import {join, MalformedError, sameBytes, toHex} from '../../bytes.ts';
import {AttestationRefused, assertAccepted, type Finding, refusal} from '../../findings.ts';
import {compareRegisters} from '../../measurements.ts';
import {tdxBank} from '../../registers.ts';
import type {TdxQuote} from '../../tdx/quote.ts';
import {judgeTdxQuote, readTdxQuote} from '../../tdx/verify.ts';
import {weaknesses} from '../../weaknesses.ts';
import {parseTdxDocument, type TdxDocument} from './document.ts';
import type {QemuTdxPolicy} from './policy.ts';

/**
 * Validation of v2.9 qemu-tdx documents. The attestation key is that of the host's quoting enclave: trust domains on one host share
 * it, so it tells hosts apart and not nodes.
 */
export function validateQemuTdx(policy: QemuTdxPolicy, {now, collateral = {}}: ValidatorDeps): Validator['validate'] {
	return (document, nonce, userData): Attested => {
		const {quote: bytes, userData: stated} = readDocument(document);
		const unread: Finding[] = [];
		const quote = readTdxQuote(bytes, unread);
		if (!quote) throw new AttestationRefused(unread);
		const registers = [quote.report.mrTd, ...quote.report.runtime];
		const findings = [
			...weaknesses(policy.measurements, tdxBank),
			...judgeChallenge(quote, {nonce, userData, stated}),
			...judgeTdxQuote(quote, {rules: policy.tdx, collateral, now: now()}),
			...compareRegisters(policy.measurements, registers),
		];
		assertAccepted(findings);
		return {
			variant: 'qemu-tdx',
			attestationKey: createHash('sha256').update(quote.attestationKey).digest('hex'),
			registers,
			userData: stated,
			findings,
			document,
		};
	};
}

function readDocument(document: Uint8Array): TdxDocument {
	try {
		return parseTdxDocument(document);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		throw new AttestationRefused([refusal('document-malformed', `The evidence cannot be read: ${error.message}.`)]);
	}
}

function judgeChallenge(
	{report}: TdxQuote,
	{nonce, userData, stated}: {nonce: Uint8Array; userData: Uint8Array; stated: Uint8Array},
): Finding[] {
	const findings: Finding[] = [];
	if (nonce.length !== nonceSize) findings.push(refusal('nonce-length', `The challenge must have ${nonceSize} bytes.`));
	if (!sameBytes(stated, userData)) {
		const values = {expected: toHex(userData), actual: toHex(stated)};
		findings.push(refusal('user-data-mismatch', 'The evidence was made for another connection or request.', values));
	}
	const expected = join(makeExtraData(stated, nonce), new Uint8Array(32));
	if (!sameBytes(report.reportData, expected)) {
		const values = {expected: toHex(expected), actual: toHex(report.reportData)};
		findings.push(refusal('tdx-report-data', 'The quote does not answer this challenge.', values));
	}
	return findings;
}
