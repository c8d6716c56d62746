import {ApiError, badRequest, type Cause, cause, invalid, notFound} from '../http/status.ts';
import {applyMerge, removeField} from '../patches/apply.ts';
import {type Fields, fieldsOf, type Step, shownPath} from '../patches/fields.ts';
import {type ApiObject, groupVersion, isObject, type JsonObject, textOf} from '../types.ts';
import {type Call, keyOf, timestamp} from './api.ts';
import {type Body, conform, objectFrom, parseYaml} from './decode.ts';
import {clone, equal} from './equal.ts';
import {fieldSchema, type Manager, managersOf, setManagers, type Track} from './managed-fields.ts';
import type {WriteOptions} from './options.ts';
import type {Part} from './prepare.ts';
import {storedOf, viewOf} from './views.ts';
import {change, create} from './write.ts';

type Applied = {object: ApiObject; fields: Fields};

/**
 * Server-side apply: the body says which fields this manager wants. Fields it wanted before and nobody else owns are removed; fields that
 * others own with another value are a conflict, unless forced, which takes them over.
 */
export async function serverSideApply(
	call: Call,
	body: Body,
	options: WriteOptions,
	part: Part,
): Promise<{object: ApiObject; created: boolean}> {
	if (options.fieldManager === '') {
		throw invalid({group: 'meta.k8s.io', kind: 'PatchOptions'}, '', [
			cause.required('fieldManager', 'is required for apply patch'),
		]);
	}
	const applied = await decodeApplied(call, body, options);
	const {type, path, api} = call;
	if (!api.store.get(keyOf(type, path.namespace, path.name))) {
		if (part !== 'main') throw notFound(type, path.name);
		return {object: create(call, applied.object, options, track(call, applied, options)), created: true};
	}
	const object = change(
		call,
		current => merged(call, applied, viewOf(type, current), options),
		options,
		part,
		track(call, applied, options),
	);
	return {object, created: false};
}

async function decodeApplied(call: Call, body: Body, options: WriteOptions): Promise<Applied> {
	const {type, path, api} = call;
	const value = await parseYaml(body.bytes.toString(), message => badRequest(`error decoding YAML: ${message}`));
	if (!isObject(value)) throw badRequest('the body of an apply patch must be an object');
	if (value['kind'] !== type.kind || value['apiVersion'] !== groupVersion(type)) {
		throw badRequest(`the body of an apply patch must be a ${type.kind} of ${groupVersion(type)}`);
	}
	const metadata: JsonObject = isObject(value['metadata']) ? value['metadata'] : {};
	if (metadata['managedFields'] !== undefined && metadata['managedFields'] !== null)
		throw badRequest('metadata.managedFields must be nil');
	if (metadata['name'] !== undefined && metadata['name'] !== path.name) {
		throw badRequest(`the name of the object (${textOf(metadata['name'])}) does not match the name on the URL (${path.name})`);
	}
	const named = {...value, metadata: {...metadata, name: path.name, ...(type.namespaced && {namespace: path.namespace})}};
	const object = conform(call, objectFrom(named), type, options.fieldValidation);
	return {object, fields: fieldsOf(api.schemas, fieldSchema(call), object as JsonObject)};
}

function isMine(call: Call, entry: Manager, options: WriteOptions): boolean {
	return (
		entry.operation === 'Apply' &&
		entry.manager === options.fieldManager &&
		entry.apiVersion === groupVersion(call.type) &&
		entry.subresource === call.path.subresource
	);
}

function merged(call: Call, applied: Applied, current: ApiObject, options: WriteOptions): ApiObject {
	const {schemas} = call.api;
	const schema = fieldSchema(call);
	const managers = managersOf(current);
	const present = fieldsOf(schemas, schema, current as JsonObject);
	const others = managers.filter(entry => !isMine(call, entry, options));
	if (!options.force) assertNoConflict(applied, others, present);
	const result = applyMerge(schemas, schema, clone(current) as JsonObject, applied.object as JsonObject);
	if (!isObject(result)) throw badRequest('the patch does not give an object');
	for (const path of abandoned(call, applied, managers, options)) removeField(result, path);
	const {resourceVersion} = applied.object.metadata;
	const object = objectFrom(result);
	if (resourceVersion === undefined) delete object.metadata.resourceVersion;
	return storedOf(call.type, conform(call, object, call.type, options.fieldValidation));
}

/** Fields this manager owned, wants no more, and nobody else owns; the longest paths first. */
function abandoned(call: Call, applied: Applied, managers: readonly Manager[], options: WriteOptions): (readonly Step[])[] {
	const mine = managers.find(entry => isMine(call, entry, options));
	const owned = (path: string) => managers.some(entry => !isMine(call, entry, options) && entry.fields.has(path));
	return [...(mine?.fields ?? [])]
		.filter(([path]) => !applied.fields.has(path) && !owned(path))
		.map(([, steps]) => steps)
		.sort((left, right) => right.length - left.length);
}

function assertNoConflict(applied: Applied, others: readonly Manager[], present: Fields): void {
	const causes: Cause[] = others.flatMap(entry => {
		const taken = [...applied.fields].filter(
			([path, {value}]) => entry.fields.has(path) && !equal(present.get(path)?.value, value),
		);
		return taken.map(([, {path}]) => ({
			reason: 'FieldManagerConflict',
			message: `conflict with ${who(entry)}`,
			field: shownPath(path),
		}));
	});
	if (causes.length === 0) return;
	const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`;
	const list = causes.map(entry => `${entry.message}: ${entry.field}`).join('\n');
	throw new ApiError(409, `Apply failed with ${count}: ${list}`, {reason: 'Conflict', details: {causes}});
}

function who({manager, operation, apiVersion, subresource}: Manager): string {
	if (operation === 'Apply') return JSON.stringify(manager);
	return `${JSON.stringify(manager)}${subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`} using ${apiVersion}`;
}

/** The books of an apply: this manager owns exactly what it applied; what it took by force is taken from the others. */
function track(call: Call, applied: Applied, options: WriteOptions): Track {
	return (_call, current, next) => {
		const {schemas, now} = call.api;
		const schema = fieldSchema(call);
		const before = current
			? fieldsOf(schemas, schema, viewOf(call.type, current) as JsonObject)
			: new Map<string, {value: undefined}>();
		const managers = managersOf(current);
		const fields = new Map([...applied.fields].map(([path, field]) => [path, field.path] as const));
		let mine = managers.find(entry => isMine(call, entry, options));
		for (const entry of managers) {
			if (entry === mine) continue;
			for (const [path, {value}] of applied.fields) if (!equal(before.get(path)?.value, value)) entry.fields.delete(path);
		}
		if (!mine) {
			mine = {
				manager: options.fieldManager,
				operation: 'Apply',
				apiVersion: groupVersion(call.type),
				subresource: call.path.subresource,
				time: '',
				fields: new Map(),
			};
			managers.push(mine);
		}
		const same = mine.fields.size === fields.size && [...fields.keys()].every(path => mine.fields.has(path));
		if (!same || mine.time === '') mine.time = timestamp(now());
		mine.fields = fields;
		setManagers(next, managers);
	};
}
