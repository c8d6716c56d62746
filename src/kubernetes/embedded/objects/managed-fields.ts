import {fieldsOf, fromFieldsV1, type Step, toFieldsV1} from '../patches/fields.ts';
import {type ApiObject, groupVersion, type JsonObject, type Schema, textOf} from '../types.ts';
import {type Call, timestamp} from './api.ts';
import {equal} from './equal.ts';

/** Who owns which fields of an object. */
export type Manager = {
	manager: string;
	operation: string;
	apiVersion: string;
	subresource: string;
	time: string;
	fields: Map<string, readonly Step[]>;
};

export function managersOf(object: ApiObject | undefined): Manager[] {
	return (object?.metadata.managedFields ?? []).map(entry => ({
		manager: textOf(entry['manager']),
		operation: textOf(entry['operation']),
		apiVersion: textOf(entry['apiVersion']),
		subresource: typeof entry['subresource'] === 'string' ? entry['subresource'] : '',
		time: textOf(entry['time']),
		fields: fromFieldsV1(entry['fieldsV1']),
	}));
}

/** Writes managers into an object; those who own nothing any more are left out. */
export function setManagers(object: ApiObject, managers: readonly Manager[]): void {
	const entries: JsonObject[] = managers
		.filter(({fields}) => fields.size > 0)
		.map(({manager, operation, apiVersion, subresource, time, fields}) => ({
			manager,
			operation,
			apiVersion,
			time,
			fieldsType: 'FieldsV1',
			fieldsV1: toFieldsV1(fields.values()),
			...(subresource !== '' && {subresource}),
		}));
	if (entries.length === 0) delete object.metadata.managedFields;
	else object.metadata.managedFields = entries;
}

/** The schema by which fields are told apart; without one every object is a plain map. */
export function fieldSchema(call: Call): Schema {
	return call.api.schemas.ofResource(call.type) ?? {};
}

/** Writes `next.metadata.managedFields` for a write by `manager`. */
export type Track = (call: Call, current: ApiObject | undefined, next: ApiObject, manager: string) => void;

/** Keeps the books of a write that is not an apply: what it changed belongs to its manager, what it removed to nobody. */
export const trackWrite: Track = (call, current, next, manager) => {
	const {schemas, now} = call.api;
	const schema = fieldSchema(call);
	const before = current ? fieldsOf(schemas, schema, current as JsonObject) : new Map<string, never>();
	const after = fieldsOf(schemas, schema, next as JsonObject);
	const changed = [...after].filter(([path, {value}]) => !equal(before.get(path)?.value, value));
	// A client may edit the books themselves: kubectl does when it moves to server-side apply.
	const managers = managersOf(next.metadata.managedFields === undefined ? current : next);
	for (const {fields} of managers) {
		for (const path of fields.keys()) if (!after.has(path)) fields.delete(path);
		for (const [path] of changed) fields.delete(path);
	}
	if (changed.length > 0) {
		const {subresource} = call.path;
		const apiVersion = groupVersion(call.type);
		const name = manager === '' ? 'unknown' : manager;
		let own = managers.find(
			entry =>
				entry.manager === name &&
				entry.operation === 'Update' &&
				entry.apiVersion === apiVersion &&
				entry.subresource === subresource,
		);
		if (!own) {
			own = {manager: name, operation: 'Update', apiVersion, subresource, time: '', fields: new Map()};
			managers.push(own);
		}
		own.time = timestamp(now());
		for (const [path, field] of changed) own.fields.set(path, field.path);
	}
	setManagers(next, managers);
};
