import {sameBytes} from '../../attestation/bytes.ts';
import type {Measurement, Measurements} from '../../attestation/measurements.ts';

/** What happens to one register of a policy. Without `before` it is added, without `after` it is not looked at any more. */
export type RegisterChange = {register: number; before?: Measurement; after?: Measurement};

/** Registers in which two sets differ, in value or in whether a difference refuses; in order. */
export function changesBetween(before: Measurements, after: Measurements): RegisterChange[] {
	const registers = [...new Set([...before.keys(), ...after.keys()])].toSorted((left, right) => left - right);
	return registers.flatMap(register => {
		const [old, next] = [before.get(register), after.get(register)];
		if (old && next && old.warnOnly === next.warnOnly && sameBytes(old.expected, next.expected)) return [];
		return [{register, ...(old && {before: old}), ...(next && {after: next})}];
	});
}
