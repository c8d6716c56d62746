import {isTrue} from '../http/request.ts';
import {badRequest, cause, invalid} from '../http/status.ts';
import type {Call} from './api.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export type WriteOptions = {dryRun: boolean; fieldManager: string; fieldValidation: FieldValidation; force: boolean};

const validations: readonly string[] = ['', 'Ignore', 'Strict', 'Warn'];

/** Options of a write from the query. `kind` is the options kind named in errors, such as `CreateOptions`. */
export function writeOptions(call: Call, kind: string): WriteOptions {
	const {query} = call;
	const about = {group: 'meta.k8s.io', kind};
	const validation = query.get('fieldValidation') ?? '';
	if (!validations.includes(validation)) {
		throw invalid(about, '', [cause.notSupported('fieldValidation', JSON.stringify(validation), validations)]);
	}
	const dryRuns = query.getAll('dryRun').filter(value => value !== '');
	assertDryRun(kind, dryRuns);
	const manager = query.get('fieldManager') ?? '';
	if (manager.length > 128 || /[^\x20-\x7e]/.test(manager)) {
		throw badRequest('fieldManager must be at most 128 printable characters');
	}
	return {
		dryRun: dryRuns.length > 0,
		fieldManager: manager === '' && kind !== 'PatchOptions' ? call.userAgent : manager,
		fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
		force: isTrue(query.get('force')),
	};
}

export function assertDryRun(kind: string, values: readonly unknown[]): void {
	if (values.every(value => value === 'All')) return;
	const shown = `[]string{${values.map(value => JSON.stringify(value)).join(', ')}}`;
	throw invalid({group: 'meta.k8s.io', kind}, '', [cause.notSupported('dryRun', shown, ['All'])]);
}
