import {toHex} from '../../../bytes.ts';
import {formatMeasurements, type Measurements} from '../../../measurements.ts';
import type {PolicyFields} from '../../../policy-fields.ts';
import {hexListField, refuseUnknownKeys} from '../../../policy-values.ts';
import {formatTdxRules, parseTdxRules, type TdxRules, tdxRuleKeys} from '../../../tdx/rules.ts';

export type AzureTdxPolicy = {
	variant: 'azure-tdx';
	/** Registers of the machine's TPM. */
	measurements: Measurements;
	tdx: TdxRules;
	/** Accepted measurements of the paravisor that holds that TPM, 48 bytes each. */
	mrTd: readonly Uint8Array[];
	/** The administrator agreed that any paravisor will do. It stays visible as a warning. */
	acceptUnknownParavisor: boolean;
};

export function parseAzureTdxPolicy(fields: PolicyFields, measurements: Measurements): AzureTdxPolicy {
	refuseUnknownKeys(fields, ['measurements', 'mrTd', 'acceptUnknownParavisor', ...tdxRuleKeys]);
	const mrTd = hexListField(fields, 'mrTd', 48) ?? [];
	const {acceptUnknownParavisor = false} = fields.json;
	if (typeof acceptUnknownParavisor !== 'boolean')
		fields.problems.push({path: 'acceptUnknownParavisor', message: 'must be true or false'});
	const accepts = acceptUnknownParavisor === true;
	return {variant: 'azure-tdx', measurements, tdx: parseTdxRules(fields), mrTd, acceptUnknownParavisor: accepts};
}

export function formatAzureTdxPolicy({measurements, tdx, mrTd, acceptUnknownParavisor}: AzureTdxPolicy): Record<string, unknown> {
	return {
		measurements: formatMeasurements(measurements),
		...(mrTd.length > 0 ? {mrTd: mrTd.map(value => toHex(value))} : {}),
		...(acceptUnknownParavisor ? {acceptUnknownParavisor} : {}),
		...formatTdxRules(tdx),
	};
}
