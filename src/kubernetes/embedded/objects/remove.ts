import {ApiError, badRequest, conflict, forbidden, notFound} from '../http/status.ts';
import {WriteConflict} from '../store/store.ts';
import {type ApiObject, isObject, type Json, type JsonObject, textOf} from '../types.ts';
import {type Call, keyOf, timestamp} from './api.ts';
import {clone} from './equal.ts';
import {graceOf} from './grace.ts';
import {assertDryRun} from './options.ts';
import {list} from './read.ts';
import {viewOf} from './views.ts';
import {finished} from './write.ts';

export type DeleteOptions = {
	gracePeriodSeconds?: number;
	uid?: string;
	resourceVersion?: string;
	propagationPolicy?: string;
	dryRun: boolean;
};

/** What a deletion answers: the object when it goes on existing (and Pods always), otherwise a Status. */
export type Removed = {object: ApiObject; gone: boolean};

const policies = ['Orphan', 'Background', 'Foreground'];
const keptNamespaces = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);
const attempts = 20;

/** Options of a DELETE from its body (which may be empty) and its query. */
export function deleteOptions(call: Call, body: JsonObject): DeleteOptions {
	const {query} = call;
	const preconditions = isObject(body['preconditions']) ? body['preconditions'] : {};
	const grace = query.get('gracePeriodSeconds') ?? body['gracePeriodSeconds'];
	const orphan = body['orphanDependents'] === true ? 'Orphan' : '';
	const policy = textOf(query.get('propagationPolicy') ?? body['propagationPolicy'] ?? orphan);
	const dryRuns: Json[] = [...query.getAll('dryRun'), ...(Array.isArray(body['dryRun']) ? body['dryRun'] : [])];
	assertDryRun('DeleteOptions', dryRuns);
	if (policy !== '' && !policies.includes(policy)) {
		throw new ApiError(
			422,
			`DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "${policy}": supported values: "Background", "Foreground", "Orphan", nil`,
			{reason: 'Invalid'},
		);
	}
	if (grace !== undefined && grace !== null && !Number.isInteger(Number(grace)))
		throw badRequest('gracePeriodSeconds must be a whole number');
	const {uid, resourceVersion} = preconditions;
	return {
		...(grace !== undefined && grace !== null && {gracePeriodSeconds: Number(grace)}),
		...(typeof uid === 'string' && {uid}),
		...(typeof resourceVersion === 'string' && {resourceVersion}),
		...(policy !== '' && {propagationPolicy: policy}),
		dryRun: dryRuns.length > 0,
	};
}

/** Deletes one object, or marks it when a grace period or finalizers hold it. */
export function remove(call: Call, options: DeleteOptions): Removed {
	const {type, path, api} = call;
	if (type.storage === 'namespaces' && keptNamespaces.has(path.name))
		throw forbidden(type, path.name, 'this namespace may not be deleted');
	const key = keyOf(type, path.namespace, path.name);
	for (let attempt = 1; ; attempt++) {
		const current = api.store.get(key);
		if (!current) throw notFound(type, path.name);
		checkPreconditions(call, current, options);
		const marked = mark(call, current, options);
		const gone = finished(marked);
		if (options.dryRun) return {object: viewOf(type, marked), gone};
		if (options.propagationPolicy === 'Orphan') api.orphan(current);
		try {
			if (gone) {
				const last = api.store.remove(key, Number(current.metadata.resourceVersion), marked);
				api.collect(last);
				return {
					object: viewOf(type, {...marked, metadata: {...marked.metadata, resourceVersion: last.metadata.resourceVersion ?? ''}}),
					gone,
				};
			}
			if (marked.metadata.deletionTimestamp === current.metadata.deletionTimestamp && sameGrace(marked, current)) {
				return {object: viewOf(type, current), gone: false};
			}
			const stored = api.store.put(key, marked, Number(current.metadata.resourceVersion));
			api.terminating(stored);
			return {object: viewOf(type, stored), gone: false};
		} catch (error) {
			if (!(error instanceof WriteConflict)) throw error;
			if (!error.current) throw notFound(type, path.name);
			if (attempt >= attempts) throw conflict(type, path.name, 'the object was changed by others again and again');
		}
	}
}

function sameGrace(left: ApiObject, right: ApiObject): boolean {
	return left.metadata.deletionGracePeriodSeconds === right.metadata.deletionGracePeriodSeconds;
}

function checkPreconditions({type, path}: Call, current: ApiObject, options: DeleteOptions): void {
	const {uid, resourceVersion} = options;
	const about = {group: '', plural: type.kind};
	if (uid !== undefined && uid !== current.metadata.uid) {
		throw conflict(
			about,
			path.name,
			`the UID in the precondition (${uid}) does not match the UID in record (${current.metadata.uid}). The object might have been deleted and then recreated`,
		);
	}
	if (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion) {
		throw conflict(
			about,
			path.name,
			`the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${current.metadata.resourceVersion}). The object might have been modified`,
		);
	}
}

/** The object with its deletion begun. A second request can only shorten the grace period. */
function mark(call: Call, current: ApiObject, options: DeleteOptions): ApiObject {
	const {api, type} = call;
	const object = clone(current);
	const {metadata} = object;
	const grace = graceOf(type.storage, object, options.gracePeriodSeconds);
	if (metadata.deletionTimestamp === undefined || grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
		metadata.deletionTimestamp = timestamp(api.now() + grace * 1000);
		if (type.storage !== 'namespaces') metadata.deletionGracePeriodSeconds = grace;
		if (type.generation) metadata.generation = (metadata.generation ?? 1) + 1;
	}
	if (type.storage === 'namespaces')
		object['status'] = {...(isObject(object['status']) ? object['status'] : {}), phase: 'Terminating'};
	return object;
}

/** Deletes everything a selector takes; answers the list of it. */
export async function removeCollection(call: Call, options: DeleteOptions): Promise<{items: ApiObject[]; revision: number}> {
	const listed = await list(call);
	const items = listed.items.map(object => {
		const path = {...call.path, namespace: object.metadata.namespace ?? '', name: object.metadata.name};
		try {
			remove({...call, path}, options);
			return object;
		} catch (error) {
			// Somebody else deleted it first, which is what was asked for.
			if (error instanceof ApiError && error.code === 404) return object;
			throw error;
		}
	});
	return {items, revision: listed.revision};
}

/** The Status of a finished deletion. */
export function removedStatus(call: Call, object: ApiObject): JsonObject {
	const {type} = call;
	return {
		kind: 'Status',
		apiVersion: 'v1',
		metadata: {},
		status: 'Success',
		details: {
			name: object.metadata.name,
			...(type.group !== '' && {group: type.group}),
			kind: type.plural,
			...(object.metadata.uid !== undefined && {uid: object.metadata.uid}),
		},
	};
}
