import type {ApiObject} from '../types.ts';
import type {Call} from './api.ts';

/** Keeps `metadata.managedFields` of a write that is not an apply. */
export function trackWrite(_call: Call, current: ApiObject | undefined, next: ApiObject, _manager: string): void {
	const kept = current?.metadata.managedFields;
	if (kept === undefined) delete next.metadata.managedFields;
	else next.metadata.managedFields = kept;
}
