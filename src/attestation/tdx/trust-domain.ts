import {sameBytes, toHex} from '../bytes.ts';
import {type Finding, type FindingCode, refusal, warning} from '../findings.ts';
import type {TdxRules} from './rules.ts';
import type {TdReport} from './td-report.ts';

/** Bits of TDATTRIBUTES (Intel TDX Module 1.5 ABI, table of TD attributes). The first eight put a trust domain under observation. */
const observed = 0xffn;
const bits = {septVeDisable: 28, migratable: 29} as const;
const knownBits = [0, 4, 5, 6, 16, 27, 28, 29, 30, 31, 62, 63];

/** The settings of a trust domain and of the module under it that no register shows. */
export function judgeTrustDomain(report: TdReport, rules: TdxRules): Finding[] {
	return [...judgeAttributes(report.tdAttributes), ...judgePins(report, rules)];
}

function judgeAttributes(attributes: Uint8Array): Finding[] {
	const value = Buffer.from(attributes).readBigUInt64LE();
	const has = (bit: number): boolean => ((value >> BigInt(bit)) & 1n) === 1n;
	const actual = toHex(attributes);
	const findings: Finding[] = [];
	if ((value & observed) !== 0n)
		findings.push(refusal('tdx-debug', 'The trust domain is open to its host: debugging or profiling is switched on.', {actual}));
	if (has(bits.migratable))
		findings.push(warning('tdx-attributes-weak', 'The trust domain may be moved to another host while it runs.', {actual}));
	if (!has(bits.septVeDisable)) {
		const message = 'The host may take memory away from the trust domain without stopping it: SEPT_VE_DISABLE is not set.';
		findings.push(warning('tdx-attributes-weak', message, {actual}));
	}
	const unknown = Array.from({length: 64}, (_, bit) => bit).filter(bit => bit > 7 && has(bit) && !knownBits.includes(bit));
	if (unknown.length > 0) {
		const message = `The trust domain has attributes that are not known here: bit ${unknown.join(', ')}.`;
		findings.push(warning('tdx-attributes-unknown', message, {actual}));
	}
	return findings;
}

/** What the policy pins to exact values. */
function judgePins(report: TdReport, rules: TdxRules): Finding[] {
	const {mrSeam, mrSignerSeam, tdAttributes, xfam} = rules;
	return [
		...pinned('tdx-module-measurement', 'The TDX module is not one that the policy lists.', mrSeam, report.mrSeam),
		...pinned('tdx-module-identity', 'The TDX module is of another maker.', mrSignerSeam && [mrSignerSeam], report.mrSignerSeam),
		...pinned('tdx-attributes', 'The trust domain has other attributes.', tdAttributes && [tdAttributes], report.tdAttributes),
		...pinned('tdx-xfam', 'The trust domain may use other processor extensions.', xfam && [xfam], report.xfam),
	];
}

function pinned(code: FindingCode, message: string, accepted: readonly Uint8Array[] | undefined, actual: Uint8Array): Finding[] {
	if (!accepted || accepted.some(value => sameBytes(value, actual))) return [];
	return [refusal(code, message, {expected: accepted.map(toHex).join(', '), actual: toHex(actual)})];
}
