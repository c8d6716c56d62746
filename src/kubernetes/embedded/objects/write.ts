import {alreadyExists, badRequest, conflict, modifiedMeanwhile, notFound} from '../http/status.ts';
import {WriteConflict} from '../store/store.ts';
import type {ApiObject} from '../types.ts';
import {admitCreate, admitUpdate} from './admission.ts';
import {type Call, keyOf} from './api.ts';
import {unchanged} from './equal.ts';
import {type Track, trackWrite} from './managed-fields.ts';
import type {WriteOptions} from './options.ts';
import {type Part, prepareCreate, prepareUpdate} from './prepare.ts';
import {strategyOf} from './strategies.ts';
import {storedOf, viewOf} from './views.ts';

/** How often a write without a resourceVersion starts over when others were faster. */
const attempts = 20;

export function create(call: Call, sent: ApiObject, options: WriteOptions, track: Track = trackWrite): ApiObject {
	const {type, api, path} = call;
	const {metadata} = sent;
	if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== path.namespace) {
		throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
	}
	if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
	const stored = storedOf(type, sent);
	const object = prepareCreate(call, stored);
	admitCreate(call, object);
	delete object.metadata.managedFields;
	track(call, undefined, object, options.fieldManager);
	const key = keyOf(type, path.namespace, object.metadata.name);
	if (options.dryRun) {
		if (api.store.get(key)) throw alreadyExists(type, object.metadata.name);
		return viewOf(type, object);
	}
	try {
		const stored = api.store.put(key, object, 0);
		api.created(stored);
		return viewOf(type, stored);
	} catch (error) {
		if (error instanceof WriteConflict) throw alreadyExists(type, object.metadata.name);
		throw error;
	}
}

/** PUT: replaces an object; creates a missing one of the kinds that allow it. `created` tells which. */
export function replace(call: Call, sent: ApiObject, options: WriteOptions, part: Part): {object: ApiObject; created: boolean} {
	const {type, path, api} = call;
	const {name} = sent.metadata;
	// A body may leave its name to the path.
	if (name && name !== path.name) {
		throw badRequest(`the name of the object (${name}) does not match the name on the URL (${path.name})`);
	}
	const {namespace} = sent.metadata;
	if (type.namespaced && namespace !== undefined && namespace !== '' && namespace !== path.namespace) {
		throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
	}
	const missing = !api.store.get(keyOf(type, path.namespace, path.name));
	if (missing && part === 'main' && strategyOf(type).createsOnUpdate) {
		sent.metadata.name = path.name;
		return {object: create(call, sent, options), created: true};
	}
	return {object: change(call, () => storedOf(type, sent), options, part), created: false};
}

/**
 * Reads, changes and writes one object. `next` gets the current state and gives the wanted one, in stored form; a resourceVersion or uid in it
 * must be the current one. A write that changes nothing keeps the revision; the write that removes the last finalizer of a deleted object removes it.
 */
export function change(
	call: Call,
	next: (current: ApiObject) => ApiObject,
	options: WriteOptions,
	part: Part,
	track: Track = trackWrite,
): ApiObject {
	const {type, path, api} = call;
	const key = keyOf(type, path.namespace, path.name);
	for (let attempt = 1; ; attempt++) {
		const current = api.store.get(key);
		if (!current) throw notFound(type, path.name);
		const wanted = next(current);
		const conditional = wanted.metadata.resourceVersion !== undefined && wanted.metadata.resourceVersion !== '';
		checkPreconditions(call, current, wanted);
		const object = prepareUpdate(call, current, wanted, part);
		admitUpdate(call, object, current);
		track(call, current, object, options.fieldManager);
		if (unchanged(current, object)) return viewOf(type, current);
		if (options.dryRun) return viewOf(type, object);
		try {
			return viewOf(type, commit(call, current, object));
		} catch (error) {
			if (!(error instanceof WriteConflict)) throw error;
			if (!error.current) throw notFound(type, path.name);
			// A client that named the revision it read decides itself; others are served on the newest state.
			if (attempt >= attempts || (conditional && wanted.metadata.resourceVersion !== error.current.metadata.resourceVersion)) {
				throw conflict(type, path.name, modifiedMeanwhile);
			}
		}
	}
}

function checkPreconditions(call: Call, current: ApiObject, wanted: ApiObject): void {
	const {type, path} = call;
	const {uid, resourceVersion} = wanted.metadata;
	if (uid !== undefined && uid !== '' && uid !== current.metadata.uid) {
		const key = `/registry/${type.plural}/${path.namespace === '' ? '' : `${path.namespace}/`}${path.name}`;
		const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`;
		throw conflict(
			type,
			path.name,
			`StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
		);
	}
	if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== current.metadata.resourceVersion) {
		throw conflict(type, path.name, modifiedMeanwhile);
	}
}

function commit(call: Call, current: ApiObject, object: ApiObject): ApiObject {
	const {type, path, api} = call;
	const key = keyOf(type, path.namespace, path.name);
	const revision = Number(current.metadata.resourceVersion);
	if (!finished(object)) return api.store.put(key, object, revision);
	api.collect(api.store.remove(key, revision, object));
	return object;
}

/** A deleted object that nothing holds any more: no finalizers, no grace, and of a namespace no `spec.finalizers`. */
export function finished(object: ApiObject): boolean {
	const {metadata} = object;
	if (metadata.deletionTimestamp === undefined || (metadata.finalizers?.length ?? 0) > 0) return false;
	if ((metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
	if (object.kind !== 'Namespace') return true;
	const {spec} = object;
	const holders = typeof spec === 'object' && spec !== null && 'finalizers' in spec ? spec['finalizers'] : undefined;
	return !Array.isArray(holders) || holders.length === 0;
}
