import type {Validator, ValidatorDeps} from '../../../attested.ts';
import {sameBytes, toHex} from '../../../bytes.ts';
import {type Finding, refusal, warning} from '../../../findings.ts';
import type {TdReport} from '../../../tdx/td-report.ts';
import {judgeTdxQuote, readTdxQuote} from '../../../tdx/verify.ts';
import {validateTpmDocument} from '../../tpm-document/validate.ts';
import {judgeRuntimeData} from '../runtime-data.ts';
import {readAzureTdxInstance} from './document.ts';
import type {AzureTdxPolicy} from './policy.ts';

/**
 * Validation of azure-tdx documents by Microsoft's guest attestation design for confidential machines: a quote by the attestation key
 * of the paravisor's TPM, the key in the runtime data, and the runtime data in a quote over the trust domain. Not tested on hardware.
 */
export function validateAzureTdx(policy: AzureTdxPolicy, {now, collateral = {}}: ValidatorDeps): Validator['validate'] {
	return validateTpmDocument({
		variant: 'azure-tdx',
		measurements: policy.measurements,
		judge({document}) {
			const {quote: bytes, runtimeData} = readAzureTdxInstance(document);
			const findings: Finding[] = [];
			const quote = readTdxQuote(bytes, findings);
			if (!quote) return {findings};
			return {
				findings: [
					...judgeTdxQuote(quote, {rules: policy.tdx, collateral, now: now()}),
					...judgeParavisor(quote.report, policy),
					...judgeRuntimeData(runtimeData, quote.report.reportData, document.akPublic),
				],
			};
		},
	});
}

/** The paravisor holds the TPM: on another one, also on genuine hardware, the TPM may say anything. */
function judgeParavisor({mrTd}: TdReport, {mrTd: accepted, acceptUnknownParavisor}: AzureTdxPolicy): Finding[] {
	if (accepted.some(value => sameBytes(value, mrTd))) return [];
	const values = {expected: accepted.map(value => toHex(value)).join(', '), actual: toHex(mrTd)};
	const message = 'The paravisor that holds the machine’s TPM is not one that the policy lists.';
	return [(acceptUnknownParavisor ? warning : refusal)('tdx-paravisor', message, values)];
}
