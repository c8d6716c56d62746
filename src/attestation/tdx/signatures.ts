import {createHash, type KeyObject} from 'node:crypto';
import {fromHex, join, sameBytes, toHex} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import {isSigned, p256Key} from './ecdsa.ts';
import {parseEnclaveReport} from './enclave-report.ts';
import type {TdxQuote} from './quote.ts';

/** Intel as the maker of a quoting enclave. */
const intel = fromHex('939a7233f79c4ca9940a0db3957f0607', 'vendor');

/**
 * From the platform's key to the trust domain: it signed the report of the quoting enclave, that report vouches for the attestation
 * key (SHA-256 of key ‖ authentication data, then zeros), and that key signed the quote. `pck` is undefined where the platform's
 * certificate could not be read; that refuses elsewhere.
 */
export function judgeSignatures(quote: TdxQuote, pck: KeyObject | undefined): Finding[] {
	const findings: Finding[] = [];
	if (!sameBytes(quote.qeVendor, intel)) {
		const values = {expected: toHex(intel), actual: toHex(quote.qeVendor)};
		findings.push(refusal('tdx-qe-vendor', 'The quoting enclave is of a maker that is not known here.', values));
	}
	if (pck && !isSigned(quote.qe.report, quote.qe.signature, pck))
		findings.push(refusal('tdx-qe-signature', 'The platform’s key did not sign the report of the quoting enclave.'));
	const {reportData} = parseEnclaveReport(quote.qe.report);
	const bound = createHash('sha256').update(quote.attestationKey).update(quote.qe.authData).digest();
	if (!sameBytes(reportData, join(bound, new Uint8Array(32))))
		findings.push(refusal('tdx-qe-binding', 'The quoting enclave does not vouch for the key that signed the quote.'));
	const key = p256Key(quote.attestationKey);
	if (!key || !isSigned(quote.signed, quote.signature, key))
		findings.push(refusal('tdx-quote-signature', 'The quote was not signed by the key that came with it, or was changed since.'));
	return findings;
}
