import {verifyBlob} from '../../attestation/blob-signature.ts';
import {MalformedError, sameBytes} from '../../attestation/bytes.ts';
import type {Measurements} from '../../attestation/measurements.ts';
import {parseMeasurementsFile} from '../../attestation/measurements-file.ts';
import {parsePolicy} from '../../attestation/policy.ts';
import {AppError} from '../../errors.ts';
import {publicLog} from '../transparency/log-key.ts';
import {judgeEntries} from '../transparency/prove.ts';
import {logWords} from '../transparency/verdict.ts';
import {fingerprint, keyIdOf} from './cose.ts';
import {openReceipt, type Receipt} from './receipt.ts';

export type ReceiptCheck = {check: string; verdict: 'ok' | 'failed' | 'not-checked'; detail: string};

/** The one sentence that a valid signature allows. */
export const unchangedSentence = 'Unchanged since signed by this workspace’s key.';

export type CheckedReceipt = {receipt: Receipt; fingerprint: string; checks: ReceiptCheck[]};

/**
 * Checks a receipt with nothing but itself: its signature, then what it brings along. `key`: SHA-256 of the one key (DER
 * SubjectPublicKeyInfo) that may have signed it. Throws MalformedError where the signature does not hold.
 */
export function checkReceipt(file: Uint8Array, key?: Uint8Array): CheckedReceipt {
	const {receipt, signedBy} = openReceipt(file);
	const checks = [
		{check: 'signature', verdict: 'ok' as const, detail: unchangedSentence},
		checkKey(signedBy, key),
		checkMeasurements(receipt),
		checkLog(receipt),
		checkPolicy(receipt),
		checkOutcome(receipt),
	];
	return {receipt, fingerprint: fingerprint(signedBy), checks};
}

function checkKey(signedBy: Uint8Array, wanted: Uint8Array | undefined): ReceiptCheck {
	const check = 'key';
	if (wanted === undefined)
		return {
			check,
			verdict: 'not-checked',
			detail: 'It is the one inside the receipt; compare its fingerprint with one you kept.',
		};
	if (sameBytes(keyIdOf(signedBy), wanted)) return {check, verdict: 'ok', detail: 'It is the one that was named.'};
	return {check, verdict: 'failed', detail: 'Another key than the one that was named signed this receipt.'};
}

function checkMeasurements({measurements: {file, signature, key, source}}: Receipt): ReceiptCheck {
	const check = 'measurements';
	if (file === undefined || signature === undefined || key === undefined)
		return {check, verdict: 'not-checked', detail: `The receipt holds no signed file; the values came from ${source}.`};
	if (verifyBlob(file, signature, key)) return {check, verdict: 'ok', detail: 'The signature in it holds for the key in it.'};
	return {check, verdict: 'failed', detail: 'The signature of the measurements in it does not hold.'};
}

/** The proof is offline: the log's own signature over a tree that holds the entry. */
function checkLog({measurements: {file, signature, key, log}}: Receipt): ReceiptCheck {
	const check = 'log';
	if (log === undefined || file === undefined || signature === undefined || key === undefined)
		return {check, verdict: 'not-checked', detail: 'The receipt holds no proof that the measurements were logged publicly.'};
	const known = log.name === publicLog.name ? publicLog : undefined;
	if (known !== undefined && !sameBytes(known.key, log.key))
		return {check, verdict: 'failed', detail: `The key in it is not that of ${log.name}.`};
	const {verdict} = judgeEntries([log.entry], {content: file, signature, signer: key}, {name: log.name, url: '', key: log.key});
	return {check, verdict: verdict.state === 'logged' ? 'ok' : 'failed', detail: `${capitalised(logWords(verdict))}.`};
}

const capitalised = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** The policy must still be one, and must ask for what the signed file says. */
function checkPolicy({policy, measurements: {file}}: Receipt): ReceiptCheck {
	const check = 'policy';
	try {
		const {variant, measurements} = parsePolicy(policy.variant, JSON.parse(policy.attestationConfig));
		if (file === undefined) return {check, verdict: 'ok', detail: `A policy for ${variant}.`};
		const signed = parseMeasurementsFile(file).entries.filter(entry => entry.variant === variant);
		if (signed.some(entry => agrees(entry.measurements, measurements)))
			return {check, verdict: 'ok', detail: 'It asks for what the signed measurements say.'};
		return {check, verdict: 'failed', detail: 'It asks for something else than the signed measurements say.'};
	} catch (error) {
		if (error instanceof AppError || error instanceof MalformedError || error instanceof SyntaxError)
			return {check, verdict: 'failed', detail: `It cannot be read: ${error.message}`};
		throw error;
	}
}

/** Every enforced value of the signed file is enforced in the policy too. */
function agrees(signed: Measurements, policy: Measurements): boolean {
	return [...signed].every(([register, {expected, warnOnly}]) => {
		const own = policy.get(register);
		return warnOnly || (own !== undefined && !own.warnOnly && sameBytes(own.expected, expected));
	});
}

/** Accepted and refused at once cannot be. */
function checkOutcome({outcome, nodes}: Receipt): ReceiptCheck {
	const refused = nodes.filter(({findings}) => findings.some(({severity}) => severity === 'refuse')).length;
	const consistent = outcome === 'accepted' ? refused === 0 : refused > 0;
	const check = 'outcome';
	if (!consistent) return {check, verdict: 'failed', detail: `It says ${outcome}, but ${refused} nodes were refused.`};
	return {check, verdict: 'ok', detail: outcome === 'accepted' ? 'Every node in it was accepted.' : 'It records a refusal.'};
}
