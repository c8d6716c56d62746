import {AppError, exitCodes, type Problem} from '../errors.ts';
import {fromHex, sameBytes, toHex} from './bytes.ts';
import type {Finding} from './findings.ts';
import {type RegisterBank, tpmBank} from './registers.ts';

/** Value a register must have. `warnOnly` reports a difference without refusing. */
export type Measurement = {expected: Uint8Array; warnOnly: boolean};
/** Register index to what is expected of it. */
export type Measurements = ReadonlyMap<number, Measurement>;

export type MeasurementsJson = Record<string, {expected: string; warnOnly: boolean}>;

/** Bytes of one SHA-256 register. */
export const registerSize = tpmBank.size;

/**
 * Reads the v2.9 form: an object keyed by decimal index; a value is `{expected, warnOnly?}` or a bare hex string (enforced).
 * Throws AppError `measurements-invalid` with every problem and its path.
 */
export function parseMeasurements(value: unknown, bank: RegisterBank = tpmBank): Measurements {
	const problems: Problem[] = [];
	const measurements = new Map<number, Measurement>();
	if (!isObject(value)) throw invalid([{path: '', message: 'must be an object keyed by register index'}]);
	for (const [key, entry] of Object.entries(value)) {
		const index = Number(key);
		const parsed = parseEntry(entry, bank.size);
		if (!/^(?:0|[1-9]\d?)$/.test(key) || index >= bank.count)
			problems.push({path: key, message: `register index must be 0 to ${bank.count - 1}`});
		else if (typeof parsed === 'string') problems.push({path: key, message: parsed});
		else measurements.set(index, parsed);
	}
	if (problems.length > 0) throw invalid(problems);
	return new Map([...measurements].sort(([left], [right]) => left - right));
}

function parseEntry(entry: unknown, size: number): Measurement | string {
	const {expected, warnOnly = false} = typeof entry === 'string' ? {expected: entry} : isObject(entry) ? entry : {};
	if (typeof warnOnly !== 'boolean') return 'warnOnly must be true or false';
	if (typeof expected !== 'string' || expected.length !== size * 2 || !/^[0-9a-fA-F]+$/.test(expected)) {
		return `expected must be ${size * 2} hexadecimal digits`;
	}
	return {expected: fromHex(expected, 'expected'), warnOnly};
}

function invalid(problems: Problem[]): AppError {
	return new AppError('The measurements cannot be used.', {code: 'measurements-invalid', exitCode: exitCodes.usage, problems});
}

/** The v2.9 form, lower-case hex, `expected` first. */
export function formatMeasurements(measurements: Measurements): MeasurementsJson {
	return Object.fromEntries(
		[...measurements].map(([index, {expected, warnOnly}]) => [String(index), {expected: toHex(expected), warnOnly}]),
	);
}

/** Compares 24 register values with what is expected: one finding for each difference. */
export function compareRegisters(measurements: Measurements, registers: readonly Uint8Array[]): Finding[] {
	return [...measurements].flatMap(([register, {expected, warnOnly}]): Finding[] => {
		const actual = registers[register] ?? new Uint8Array();
		if (sameBytes(expected, actual)) return [];
		return [
			{
				code: 'register-mismatch',
				severity: warnOnly ? 'warn' : 'refuse',
				message: `Register ${register} has another value than the policy expects.`,
				register,
				expected: toHex(expected),
				actual: toHex(actual),
			},
		];
	});
}

/** A copy with one entry set; the original stays as it is. */
export function withMeasurement(measurements: Measurements, register: number, expected: Uint8Array): Measurements {
	const warnOnly = measurements.get(register)?.warnOnly ?? false;
	return new Map([...measurements, [register, {expected, warnOnly}]]);
}

export function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Array.isArray without an `any`: what is in the list is not known yet. */
export function isList(value: unknown): value is unknown[] {
	return Array.isArray(value);
}
