import {sameBytes, toHex} from '../attestation/bytes.ts';
import type {Measurements} from '../attestation/measurements.ts';
import type {Policy} from '../attestation/policy.ts';
import {bankOf, type RegisterBank} from '../attestation/registers.ts';

/** One register, or another field of the policy, before and after. */
export type DiffRow = {
	/** Register index, or the name of the field. */
	what: string;
	old?: string;
	new?: string;
	/** Whether a difference is refused (true) or only reported; undefined where the entry does not exist. */
	enforcedBefore?: boolean;
	enforcedAfter?: boolean;
	change: 'same' | 'changed' | 'added' | 'removed' | 'stricter' | 'weaker';
	source: string;
	signer: string;
};

/** What must be accepted by itself, beside the measurements. The names are stable. */
export const concernCodes = ['policy-weaker', 'cluster-register-missing', 'variant-differs', 'signer-differs'] as const;
export type ConcernCode = (typeof concernCodes)[number];
export type Concern = {code: ConcernCode; message: string};

export type MeasurementDiff = {rows: readonly DiffRow[]; concerns: readonly Concern[]};

/** Where the new values come from, and who signed them, in words. */
export type Origin = {source: string; signer: string};

/** Compares what nodes prove now with what they are to prove. Consent to the rows is one thing, each concern is another. */
export function diffPolicies(old: Policy, next: Policy, origin: Origin): MeasurementDiff {
	const registers = [...new Set([...old.measurements.keys(), ...next.measurements.keys()])].sort((a, b) => a - b);
	const rows = registers.map(register => rowOf(register, old, next, origin));
	const concerns = [...variantConcerns(old, next), ...measurementConcerns(old.measurements, next.measurements, bankOf(next))];
	const fields = fieldRows(old, next, origin).filter(({change}) => change !== 'same');
	return {rows: [...rows, ...fields], concerns: [...concerns, ...fields.map(row => fieldConcern(row))]};
}

function rowOf(register: number, old: Policy, next: Policy, origin: Origin): DiffRow {
	const [before, after] = [old.measurements.get(register), next.measurements.get(register)];
	const what = String(register);
	if (before === undefined || after === undefined) {
		return {
			what,
			...(before === undefined ? {} : {old: toHex(before.expected), enforcedBefore: !before.warnOnly}),
			...(after === undefined ? {} : {new: toHex(after.expected), enforcedAfter: !after.warnOnly}),
			change: after === undefined ? 'removed' : 'added',
			...origin,
		};
	}
	const turned = before.warnOnly === after.warnOnly ? undefined : after.warnOnly ? 'weaker' : 'stricter';
	const change = turned ?? (sameBytes(before.expected, after.expected) ? 'same' : 'changed');
	const values = {old: toHex(before.expected), new: toHex(after.expected)};
	return {what, ...values, enforcedBefore: !before.warnOnly, enforcedAfter: !after.warnOnly, change, ...origin};
}

/** In which ways registers would demand less than before, and what no policy should lack. */
export function measurementConcerns(before: Measurements, after: Measurements, {clusterRegister}: RegisterBank): Concern[] {
	const weaker = [...before].flatMap(([register, {warnOnly}]): Concern[] => {
		const then = after.get(register);
		if (warnOnly || then?.warnOnly === false) return [];
		const less = then === undefined ? 'not be checked any more' : 'only be reported, not enforced';
		return [{code: 'policy-weaker', message: `Register ${register} would ${less}.`}];
	});
	if (after.get(clusterRegister)?.warnOnly === false) return weaker;
	const message = `Register ${clusterRegister} is not enforced: a node that is in a cluster already could come in again.`;
	return [...weaker, {code: 'cluster-register-missing', message}];
}

function variantConcerns(old: Policy, next: Policy): Concern[] {
	if (old.variant === next.variant) return [];
	return [{code: 'variant-differs', message: `Nodes would prove ${next.variant} instead of ${old.variant}.`}];
}

/** Whether another value demands less cannot be told in general, so each change of a field is a concern. */
function fieldConcern({what, change}: DiffRow): Concern {
	if (what.endsWith('Key')) return {code: 'signer-differs', message: `The ${what} of the policy is another one.`};
	return {code: 'policy-weaker', message: `${what} of the policy is ${change}; it may demand less.`};
}

/** Fields beside the measurements, such as keys and firmware versions; compared as the text that is shown. */
function fieldRows(old: Policy, next: Policy, origin: Origin): DiffRow[] {
	const [before, after] = [fieldsOf(old), fieldsOf(next)];
	return [...new Set([...before.keys(), ...after.keys()])].sort().map((what): DiffRow => {
		const [left, right] = [before.get(what), after.get(what)];
		const change = left === right ? 'same' : left === undefined ? 'added' : right === undefined ? 'removed' : 'changed';
		return {what, ...(left === undefined ? {} : {old: left}), ...(right === undefined ? {} : {new: right}), change, ...origin};
	});
}

function fieldsOf(policy: Policy): Map<string, string> {
	const text = (value: unknown): string =>
		value instanceof Uint8Array ? toHex(value) : value instanceof Map ? JSON.stringify([...value]) : JSON.stringify(value);
	const entries = Object.entries(policy).filter(
		([name, value]) => name !== 'measurements' && name !== 'previous' && name !== 'variant' && value !== undefined,
	);
	return new Map(entries.map(([name, value]): [string, string] => [name, text(value)]));
}
