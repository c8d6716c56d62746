import {createHash, type KeyObject, verify} from 'node:crypto';
import {MalformedError, sameBytes, toHex} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import {registerSize} from '../measurements.ts';
import {algorithms, attributes, generatedValue, registerCount, tags} from './constants.ts';
import {type PublicArea, parsePublicArea, publicKeyOf} from './public-area.ts';
import {parseQuoteInfo, parseSignature, type QuoteInfo} from './structures.ts';

/** A quote over the SHA-256 bank as evidence carries it: raw structures and the register values they are said to cover. */
export type QuoteEvidence = {
	/** TPMT_PUBLIC of the attestation key. */
	akPublic: Uint8Array;
	/** TPMS_ATTEST, exact bytes. */
	attest: Uint8Array;
	/** TPMT_SIGNATURE. */
	signature: Uint8Array;
	/** Registers 0 to 23. */
	pcrs: readonly Uint8Array[];
};

export type QuoteVerdict = {findings: Finding[]; key?: KeyObject};

/**
 * Checks that a TPM's restricted key signed exactly these 24 register values for this challenge, and reports everything that is
 * wrong. `extraData` is what the quote must carry. Whose TPM it is, is not decided here.
 */
export function verifyQuote(evidence: QuoteEvidence, extraData: Uint8Array): QuoteVerdict {
	const findings: Finding[] = [];
	const area = attempt(findings, 'key-malformed', 'The attestation key cannot be read', () => parsePublicArea(evidence.akPublic));
	if (area) findings.push(...judgeKey(area));
	const key = area && attempt(findings, 'key-malformed', 'The attestation key cannot be used', () => publicKeyOf(area));
	if (area && key) findings.push(...judgeSignature(evidence, area, key));
	findings.push(...judgeRegisters(evidence.pcrs));
	const info = attempt(findings, 'quote-malformed', 'The quote cannot be read', () => parseQuoteInfo(evidence.attest));
	if (info) findings.push(...judgeInfo(info, evidence.pcrs, extraData));
	return {findings, ...(key ? {key} : {})};
}

const wanted = [
	['restricted', attributes.restricted],
	['sign', attributes.sign],
	['fixedTPM', attributes.fixedTpm],
	['sensitiveDataOrigin', attributes.sensitiveDataOrigin],
] as const;

/** Only a restricted signing key that was made inside the TPM and cannot leave it vouches for what it signs. */
function judgeKey(area: PublicArea): Finding[] {
	const missing = wanted.filter(([, bit]) => (area.attributes & bit) === 0).map(([name]) => name);
	const findings: Finding[] = [];
	if (missing.length > 0) findings.push(refusal('key-attributes', `The attestation key lacks ${missing.join(', ')}.`));
	if ((area.attributes & attributes.decrypt) !== 0)
		findings.push(refusal('key-attributes', 'The attestation key may also decrypt.'));
	if (area.nameAlgorithm !== algorithms.sha256)
		findings.push(refusal('key-attributes', 'The attestation key is not named with SHA-256.'));
	return findings;
}

function judgeSignature({attest, signature}: QuoteEvidence, area: PublicArea, key: KeyObject): Finding[] {
	const findings: Finding[] = [];
	const parsed = attempt(findings, 'signature-malformed', 'The signature cannot be read', () => parseSignature(signature));
	if (!parsed) return findings;
	const scheme = area.key.type === 'rsa' ? algorithms.rsassa : algorithms.ecdsa;
	const ofKey = area.scheme ?? {algorithm: scheme, hash: algorithms.sha256};
	if (
		parsed.scheme !== scheme ||
		parsed.hash !== algorithms.sha256 ||
		ofKey.algorithm !== scheme ||
		ofKey.hash !== algorithms.sha256
	) {
		return [refusal('signature-scheme', 'The quote is not signed with RSASSA or ECDSA and SHA-256.')];
	}
	const good = verify('sha256', attest, {key, dsaEncoding: 'ieee-p1363'}, parsed.value);
	return good ? [] : [refusal('signature-invalid', 'The signature of the quote does not belong to the quote and its key.')];
}

function judgeRegisters(pcrs: readonly Uint8Array[]): Finding[] {
	if (pcrs.length === registerCount && pcrs.every(value => value.length === registerSize)) return [];
	return [
		refusal('registers-malformed', `The evidence does not hold ${registerCount} register values of ${registerSize} bytes each.`),
	];
}

function judgeInfo(info: QuoteInfo, pcrs: readonly Uint8Array[], extraData: Uint8Array): Finding[] {
	const findings: Finding[] = [];
	if (info.magic !== generatedValue) findings.push(refusal('quote-magic', 'The signed structure was not made by a TPM.'));
	if (info.type !== tags.attestQuote) return [...findings, refusal('quote-type', 'The signed structure is not a quote.')];
	if (!sameBytes(info.extraData, extraData)) {
		const values = {expected: toHex(extraData), actual: toHex(info.extraData)};
		findings.push(refusal('quote-challenge', 'The quote answers another challenge than the one that was sent.', values));
	}
	const [selection, ...others] = info.selections;
	if (selection?.hash !== algorithms.sha256 || selection.registers.length !== registerCount || others.length > 0) {
		findings.push(
			refusal('quote-selection', `The quote does not cover all ${registerCount} registers of the SHA-256 bank and nothing else.`),
		);
	}
	const digest = createHash('sha256').update(Buffer.concat(pcrs)).digest();
	if (!sameBytes(info.pcrDigest, digest)) {
		const values = {expected: toHex(digest), actual: toHex(info.pcrDigest)};
		findings.push(refusal('quote-digest', 'The register values are not the ones the quote covers.', values));
	}
	return findings;
}

function attempt<T>(findings: Finding[], code: Finding['code'], what: string, read: () => T): T | undefined {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		findings.push(refusal(code, `${what}: ${error.message}.`));
		return undefined;
	}
}
