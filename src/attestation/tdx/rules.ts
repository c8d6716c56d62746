import {toHex} from '../bytes.ts';
import type {PolicyFields} from '../policy-fields.ts';
import {
	certificateField,
	certificatePem,
	choiceField,
	hexField,
	hexListField,
	integerField,
	nested,
	refuseUnknownKeys,
} from '../policy-values.ts';
import {intelSgxRoot} from './intel-root.ts';
import {type TcbStatus, tcbStatuses} from './tcb-status.ts';

/** States that a policy decides on. UpToDate always passes and Revoked never does. */
export const decidedStatuses = tcbStatuses.filter(
	(status): status is Exclude<TcbStatus, 'UpToDate' | 'Revoked'> => status !== 'UpToDate' && status !== 'Revoked',
);
export type DecidedStatus = (typeof decidedStatuses)[number];

/** What a policy asks of a TDX platform and of the settings of a trust domain; what its registers must be stands beside it. */
export type TdxRules = {
	/** A state that is not listed refuses. Nothing but UpToDate passes without a word. */
	tcbStatus: Partial<Record<DecidedStatus, 'refuse' | 'warn'>>;
	/** Whether Intel's statements and revocation lists must be there and in date, or their absence is said only. */
	collateral: 'require' | 'warn';
	/** Lowest tcbEvaluationDataNumber: older statements are refused while they are still in date. */
	minimumTcbEvaluation?: number;
	/** Accepted measurements of the TDX module, 48 bytes each. */
	mrSeam?: readonly Uint8Array[];
	/** 48 bytes; zeros are Intel. */
	mrSignerSeam?: Uint8Array;
	/** Exact values, 8 bytes each, as they stand in the report. */
	tdAttributes?: Uint8Array;
	xfam?: Uint8Array;
	/** Root certificate, DER. */
	intelRootKey: Uint8Array;
};

export const tdxRuleKeys = [
	'tcbStatus',
	'collateral',
	'minimumTcbEvaluation',
	'mrSeam',
	'mrSignerSeam',
	'tdAttributes',
	'xfam',
	'intelRootKey',
] as const;

/** Reads the keys of tdxRuleKeys. The defaults are the strictest. */
export function parseTdxRules(fields: PolicyFields): TdxRules {
	const minimumTcbEvaluation = integerField(fields, 'minimumTcbEvaluation', {min: 0, max: 0xffff});
	const mrSeam = hexListField(fields, 'mrSeam', 48);
	const mrSignerSeam = hexField(fields, 'mrSignerSeam', 48);
	const tdAttributes = hexField(fields, 'tdAttributes', 8);
	const xfam = hexField(fields, 'xfam', 8);
	return {
		tcbStatus: nested(fields, 'tcbStatus', parseStatuses) ?? {},
		collateral: choiceField(fields, 'collateral', ['require', 'warn']) ?? 'require',
		...(minimumTcbEvaluation === undefined ? {} : {minimumTcbEvaluation}),
		...(mrSeam ? {mrSeam} : {}),
		...(mrSignerSeam ? {mrSignerSeam} : {}),
		...(tdAttributes ? {tdAttributes} : {}),
		...(xfam ? {xfam} : {}),
		intelRootKey: certificateField(fields, 'intelRootKey') ?? intelSgxRoot,
	};
}

function parseStatuses(fields: PolicyFields): TdxRules['tcbStatus'] {
	refuseUnknownKeys(fields, decidedStatuses);
	const decisions = decidedStatuses.map(status => [status, choiceField(fields, status, ['refuse', 'warn'])] as const);
	return Object.fromEntries(decisions.filter(([, decision]) => decision !== undefined));
}

export function formatTdxRules(rules: TdxRules): Record<string, unknown> {
	const {tcbStatus, collateral, minimumTcbEvaluation, mrSeam, mrSignerSeam, tdAttributes, xfam, intelRootKey} = rules;
	return {
		tcbStatus,
		collateral,
		...(minimumTcbEvaluation === undefined ? {} : {minimumTcbEvaluation}),
		...(mrSeam ? {mrSeam: mrSeam.map(toHex)} : {}),
		...(mrSignerSeam ? {mrSignerSeam: toHex(mrSignerSeam)} : {}),
		...(tdAttributes ? {tdAttributes: toHex(tdAttributes)} : {}),
		...(xfam ? {xfam: toHex(xfam)} : {}),
		intelRootKey: certificatePem(intelRootKey),
	};
}
