import {randomInt, randomUUID} from 'node:crypto';
import {type Cause, cause, invalid} from '../http/status.ts';
import {customCauses, withDefaults} from '../schema/custom.ts';
import {type ApiObject, drop, isObject, type JsonObject, textOf} from '../types.ts';
import {type Call, timestamp} from './api.ts';
import {clone, specChanged} from './equal.ts';
import {labelProblems, nameProblems, nameSuffix} from './names.ts';
import {strategyOf} from './strategies.ts';

/** Metadata that only the server sets. */
const serverFields = ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation'] as const;

/** Completes and checks a new object; throws 422 with all problems. */
export function prepareCreate(call: Call, sent: ApiObject): ApiObject {
	const {type, api, path} = call;
	const object = clone(sent);
	const {metadata} = object;
	for (const field of [...serverFields, 'selfLink', 'resourceVersion'] as const) drop(metadata, field);
	if (!metadata.name && metadata.generateName) {
		metadata.name = `${metadata.generateName.slice(0, 58)}${nameSuffix(randomInt)}`;
	}
	metadata.uid = randomUUID();
	metadata.creationTimestamp = timestamp(api.now());
	if (type.namespaced) metadata.namespace = path.namespace;
	else delete metadata.namespace;
	if (type.generation) metadata.generation = 1;
	const strategy = strategyOf(type);
	if (!strategy.keepsStatus && type.subresources.some(({name}) => name === 'status')) delete object['status'];
	strategy.create?.(object, call);
	applyDefaults(call, object);
	check(call, object, [
		...customProblems(call, object),
		...metadataProblems(call, object),
		...(strategy.problems?.(object, undefined, call) ?? []),
	]);
	return object;
}

/** How an update differs from a plain replacement: which part the caller may write. */
export type Part = 'main' | 'status' | 'finalize' | 'approval' | 'binding';

/** Which fields besides metadata a part may write. */
const partFields: Readonly<Record<Exclude<Part, 'main'>, readonly string[]>> = {
	status: ['status'],
	finalize: ['spec'],
	approval: ['status'],
	binding: ['spec', 'status'],
};

/** Brings what was sent together with what only the server or another part may change; throws 422 with all problems. */
export function prepareUpdate(call: Call, current: ApiObject, sent: ApiObject, part: Part): ApiObject {
	const {type} = call;
	const next: ApiObject = part === 'status' && type.custom ? withStatusOf(clone(current), sent) : clone(sent);
	keepMetadata(current, next);
	const strategy = strategyOf(type);
	if (part === 'main') {
		if (type.subresources.some(({name}) => name === 'status')) take(next, current, 'status');
		strategy.update?.(next, current, call);
	} else {
		for (const field of Object.keys({...current, ...next})) {
			if (field === 'metadata' || partFields[part].includes(field)) continue;
			take(next, current, field);
		}
		strategy.part?.(next, current, part, call);
	}
	if (type.generation && specChanged(current, next)) next.metadata.generation = (current.metadata.generation ?? 1) + 1;
	applyDefaults(call, next);
	const problems = part === 'main' ? (strategy.problems?.(next, current, call) ?? []) : [];
	check(call, next, [...customProblems(call, next), ...metadataProblems(call, next), ...problems]);
	return next;
}

/** Of a custom resource, a status write changes the status and nothing else. */
function withStatusOf(object: ApiObject, sent: ApiObject): ApiObject {
	take(object, sent, 'status');
	return object;
}

function applyDefaults({type}: Call, object: ApiObject): void {
	if (!type.custom) return;
	const filled = withDefaults(type.custom.schema, object as JsonObject);
	if (isObject(filled)) Object.assign(object, filled);
}

function customProblems({type}: Call, object: ApiObject): Cause[] {
	return type.custom ? customCauses(type.custom.schema, object as JsonObject) : [];
}

function take(next: ApiObject, current: ApiObject, field: string): void {
	const value = current[field];
	if (value === undefined) drop(next, field);
	else next[field] = value;
}

function keepMetadata(current: ApiObject, next: ApiObject): void {
	const {metadata} = next;
	delete metadata['selfLink'];
	for (const field of [...serverFields, 'namespace', 'generateName', 'resourceVersion'] as const) {
		const value = current.metadata[field];
		if (value === undefined) drop(metadata, field);
		else Object.assign(metadata, {[field]: value});
	}
	metadata.name = current.metadata.name;
	// A deletion cannot be taken back, and nothing new may hold it up.
	if (current.metadata.deletionTimestamp !== undefined && metadata.finalizers) {
		const allowed = current.metadata.finalizers ?? [];
		metadata.finalizers = metadata.finalizers.filter(finalizer => allowed.includes(finalizer));
	}
	for (const field of ['finalizers', 'labels', 'annotations', 'ownerReferences'] as const) {
		const value = metadata[field];
		if (value !== undefined && Object.keys(value).length === 0) drop(metadata, field);
	}
}

function metadataProblems(call: Call, {metadata}: ApiObject): Cause[] {
	const size = Object.entries(metadata.annotations ?? {}).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
	return [
		...nameProblems(call.type, metadata.name),
		...labelProblems(metadata.labels ?? {}),
		...ownerProblems(metadata.ownerReferences ?? []),
		...(size > 256 * 1024 ? [cause.invalid('metadata.annotations', size, 'must have at most 262144 bytes')] : []),
	];
}

function ownerProblems(owners: readonly JsonObject[]): Cause[] {
	return owners.flatMap((owner, index) =>
		['apiVersion', 'kind', 'name', 'uid']
			.filter(field => textOf(owner[field]) === '')
			.map(field => cause.invalid(`metadata.ownerReferences[${index}].${field}`, '', `${field} must not be empty`)),
	);
}

function check(call: Call, object: ApiObject, problems: readonly Cause[]): void {
	if (problems.length > 0) throw invalid(call.type, object.metadata.name, problems);
}
