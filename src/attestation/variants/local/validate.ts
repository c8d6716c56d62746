import {createHash, createPublicKey, type KeyObject} from 'node:crypto';
import {type Attested, makeExtraData, nonceSize, type Validator, type ValidatorDeps} from '../../attested.ts';
import {MalformedError, sameBytes, toHex} from '../../bytes.ts';
import {AttestationRefused, assertAccepted, type Finding, refusal} from '../../findings.ts';
import {compareRegisters} from '../../measurements.ts';
import type {LocalPolicy} from '../../policy.ts';
import {algorithms, attestationKeyAttributes} from '../../tpm/constants.ts';
import {logMatches} from '../../tpm/event-log.ts';
import {padLeft, parsePublicArea, writePublicArea} from '../../tpm/public-area.ts';
import {verifyQuote} from '../../tpm/quote.ts';
import {weaknesses} from '../../weaknesses.ts';
import {judgeAkCertificate, type MachineIdentity} from './ak-certificate.ts';
import {decodeEvidence, type LocalEvidence} from './evidence.ts';
import {singlePolicies} from './policy.ts';

/** Validation under a known policy: registers, maker key, challenge, user data. */
export function validateLocal(policy: LocalPolicy, deps: ValidatorDeps): Validator['validate'] {
	const maker = keyFrom(policy.makerKey);
	return (document, nonce, userData) => {
		const evidence = readEvidence(document);
		const {findings, machine} = judgeLocal(evidence, {nonce, userData, maker, now: deps.now()});
		const {measurements} = closest(policy, evidence.pcrs);
		findings.push(...weaknesses(measurements), ...compareRegisters(measurements, evidence.pcrs));
		return attestedFrom(evidence, document, findings, machine);
	};
}

/** Of the images that a policy accepts the one that fits; the one with the fewest differences where none does. */
export function closest(policy: LocalPolicy, registers: readonly Uint8Array[]): LocalPolicy {
	const differences = (each: LocalPolicy) => compareRegisters(each.measurements, registers).length;
	return singlePolicies(policy).reduce((best, each) => (differences(each) < differences(best) ? each : best));
}

export function readEvidence(document: Uint8Array): LocalEvidence {
	try {
		return decodeEvidence(document);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		throw new AttestationRefused([refusal('document-malformed', `The evidence cannot be read: ${error.message}.`)]);
	}
}

/** Everything that does not depend on expected register values. */
export function judgeLocal(
	evidence: LocalEvidence,
	expected: {nonce: Uint8Array; userData: Uint8Array; maker: KeyObject; now: number},
): {findings: Finding[]; machine?: MachineIdentity} {
	const findings: Finding[] = [];
	if (expected.nonce.length !== nonceSize) findings.push(refusal('nonce-length', `The challenge must have ${nonceSize} bytes.`));
	if (!sameBytes(evidence.userData, expected.userData)) {
		const values = {expected: toHex(expected.userData), actual: toHex(evidence.userData)};
		findings.push(refusal('user-data-mismatch', 'The evidence was made for another connection or request.', values));
	}
	if (!isTemplate(evidence.akPublic))
		findings.push(refusal('key-template', 'The attestation key is not made from the template of local machines.'));
	const quote = verifyQuote(evidence, makeExtraData(evidence.userData, expected.nonce));
	findings.push(...quote.findings);
	if (!logMatches(evidence.events, evidence.pcrs)) {
		findings.push(refusal('event-log-mismatch', 'The event log does not lead to the register values.'));
	}
	if (!evidence.akCertificate) {
		findings.push(refusal('key-certificate-missing', 'The attestation key has no certificate, so nothing says whose it is.'));
		return {findings};
	}
	const certificate = judgeAkCertificate(evidence.akCertificate, {maker: expected.maker, key: quote.key, now: expected.now});
	return {findings: [...findings, ...certificate.findings], ...(certificate.machine ? {machine: certificate.machine} : {})};
}

/**
 * The certificate vouches for the key, not for the rest of its public area. Only the one form that our TPMs give is accepted, so that
 * a key has one name and nobody can add or drop an attribute of it.
 */
function isTemplate(akPublic: Uint8Array): boolean {
	try {
		const {key} = parsePublicArea(akPublic);
		const algorithm = key.type === 'rsa' ? algorithms.rsassa : algorithms.ecdsa;
		const template = {
			nameAlgorithm: algorithms.sha256,
			attributes: attestationKeyAttributes,
			authPolicy: new Uint8Array(),
			scheme: {algorithm, hash: algorithms.sha256},
			key: key.type === 'rsa' ? key : {...key, x: padLeft(key.x, 32), y: padLeft(key.y, 32)},
		};
		return sameBytes(writePublicArea(template), akPublic);
	} catch (error) {
		// The quote check says what is wrong with a key that cannot be read.
		if (error instanceof MalformedError) return true;
		throw error;
	}
}

export function attestedFrom(
	evidence: LocalEvidence,
	document: Uint8Array,
	findings: readonly Finding[],
	machine: MachineIdentity | undefined,
): Attested {
	assertAccepted(findings);
	return {
		variant: 'local-vtpm',
		attestationKey: createHash('sha256').update(evidence.akPublic).digest('hex'),
		registers: evidence.pcrs,
		userData: evidence.userData,
		findings,
		...(machine ? {machine} : {}),
		...(evidence.endorsement ? {endorsement: evidence.endorsement} : {}),
		document,
	};
}

export function keyFrom(spki: Uint8Array): KeyObject {
	return createPublicKey({key: Buffer.from(spki), format: 'der', type: 'spki'});
}
