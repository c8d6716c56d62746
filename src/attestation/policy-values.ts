import {X509Certificate} from 'node:crypto';
import type {Problem} from '../errors.ts';
import {fromHex} from './bytes.ts';
import {isObject} from './measurements.ts';
import {attempt, type PolicyFields} from './policy-fields.ts';

/** A problem for every key that the form does not have: a misspelt key would otherwise leave out a check. */
export function refuseUnknownKeys({json, problems}: PolicyFields, allowed: readonly string[], path = ''): void {
	for (const key of Object.keys(json)) {
		if (!allowed.includes(key)) problems.push({path: [path, key].filter(Boolean).join('.'), message: 'is not a known key'});
	}
}

/** An object inside a policy; problems of its fields get its path. Undefined when it is absent or no object. */
export function nested<T>(fields: PolicyFields, field: string, read: (inner: PolicyFields) => T): T | undefined {
	const value = fields.json[field];
	if (value === undefined) return undefined;
	if (!isObject(value)) {
		fields.problems.push({path: field, message: 'must be an object'});
		return undefined;
	}
	const problems: Problem[] = [];
	const result = read({json: value, problems});
	fields.problems.push(...problems.map(problem => ({...problem, path: `${field}.${problem.path}`})));
	return result;
}

/** A whole number; undefined when the field is absent. */
export function integerField(
	{json, problems}: PolicyFields,
	field: string,
	limits: {min: number; max: number},
): number | undefined {
	const value = json[field];
	if (value === undefined) return undefined;
	if (typeof value === 'number' && Number.isInteger(value) && value >= limits.min && value <= limits.max) return value;
	problems.push({path: field, message: `must be a whole number from ${limits.min} to ${limits.max}`});
	return undefined;
}

/** One of a few words; undefined when the field is absent. */
export function choiceField<T extends string>(
	{json, problems}: PolicyFields,
	field: string,
	choices: readonly T[],
): T | undefined {
	const value = json[field];
	if (value === undefined) return undefined;
	const choice = choices.find(candidate => candidate === value);
	if (choice === undefined) problems.push({path: field, message: `must be one of ${choices.join(', ')}`});
	return choice;
}

/** Hex of exactly `size` bytes; undefined when the field is absent. */
export function hexField({json, problems}: PolicyFields, field: string, size: number): Uint8Array | undefined {
	if (json[field] === undefined) return undefined;
	return attempt(problems, field, () => readHex(json[field], size));
}

/** A list of hex values of `size` bytes each, at least one; undefined when the field is absent. */
export function hexListField({json, problems}: PolicyFields, field: string, size: number): Uint8Array[] | undefined {
	const value = json[field];
	if (value === undefined) return undefined;
	if (!Array.isArray(value) || value.length === 0) {
		problems.push({path: field, message: 'must be a list with at least one entry'});
		return undefined;
	}
	return value.flatMap((entry, index) => attempt(problems, `${field}.${index}`, () => readHex(entry, size)) ?? []);
}

function readHex(value: unknown, size: number): Uint8Array {
	if (typeof value !== 'string' || value.length !== size * 2) throw new Error(`must be ${size * 2} hexadecimal digits`);
	return fromHex(value, 'value');
}

/** Named switches, each true or false; undefined when the field is absent. */
export function switchesField<T extends string>(
	fields: PolicyFields,
	field: string,
	names: readonly T[],
): Partial<Record<T, boolean>> | undefined {
	return nested(fields, field, inner => {
		refuseUnknownKeys(inner, names);
		const switches: Partial<Record<T, boolean>> = {};
		for (const name of names) {
			const value = inner.json[name];
			if (typeof value === 'boolean') switches[name] = value;
			else if (value !== undefined) inner.problems.push({path: name, message: 'must be true or false'});
		}
		return switches;
	});
}

/** One certificate as PEM text, to DER; undefined when the field is absent. Text without a certificate is a problem. */
export function certificateField({json, problems}: PolicyFields, field: string): Uint8Array | undefined {
	const value = json[field];
	if (value === undefined) return undefined;
	const pattern = /^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/;
	if (typeof value !== 'string' || value.length > 16_384 || !pattern.test(value)) {
		problems.push({path: field, message: 'must be one certificate in PEM'});
		return undefined;
	}
	try {
		return new X509Certificate(value).raw;
	} catch {
		// The library's words name its own internals.
		problems.push({path: field, message: 'holds no certificate that can be read'});
		return undefined;
	}
}

/** A list of certificates as PEM texts, at least one; undefined when the field is absent. */
export function certificatesField({json, problems}: PolicyFields, field: string): Uint8Array[] | undefined {
	const value = json[field];
	if (value === undefined) return undefined;
	if (!Array.isArray(value) || value.length === 0 || value.length > 16) {
		problems.push({path: field, message: 'must be a list of one to sixteen certificates'});
		return undefined;
	}
	return value.flatMap((entry: unknown, index) => {
		const path = `${field}.${index}`;
		return certificateField({json: {[path]: entry ?? ''}, problems}, path) ?? [];
	});
}

/** A list of texts of one form, at least one; undefined when the field is absent. `form` says in words what fits. */
export function textListField(
	{json, problems}: PolicyFields,
	field: string,
	pattern: RegExp,
	form: string,
): string[] | undefined {
	const value = json[field];
	if (value === undefined) return undefined;
	const entries: unknown[] = Array.isArray(value) ? value : [];
	const texts = entries.filter(entry => typeof entry === 'string' && pattern.test(entry)) as string[];
	if (entries.length > 0 && texts.length === entries.length) return texts;
	problems.push({path: field, message: `must be a list of at least one ${form}`});
	return undefined;
}

/** true or false; false when the field is absent. */
export function switchField({json, problems}: PolicyFields, field: string): boolean {
	const value = json[field] ?? false;
	if (typeof value !== 'boolean') problems.push({path: field, message: 'must be true or false'});
	return value === true;
}

/** The PEM text of a DER certificate, as certificateField reads it. */
export function certificatePem(der: Uint8Array): string {
	const lines =
		Buffer.from(der)
			.toString('base64')
			.match(/.{1,64}/g) ?? [];
	return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
