import {ensureDefaultAccount} from '../seed.ts';
import {type Store, WriteConflict} from '../store/store.ts';
import {type ApiObject, isObject, type Metadata, textOf, without} from '../types.ts';
import {timestamp} from './api.ts';
import {equal} from './equal.ts';
import {graceOf} from './grace.ts';
import type {Registry} from './registry.ts';

/** Work that goes on after an answer: emptying namespaces, removing what belonged to a deleted object or definition. */
export type Collector = {
	/** After `object` was made: a namespace gets its ServiceAccount. */
	created: (object: ApiObject) => void;
	/** Before `object` is deleted: what belongs to it is to stay. Done at once, so that nobody collects it in between. */
	orphan: (object: ApiObject) => void;
	/** After `object` was removed. */
	collect: (object: ApiObject) => void;
	/** After `object` got its deletion timestamp. */
	terminating: (object: ApiObject) => void;
	/** Finishes what another process did not get to: namespaces half emptied, objects whose last owner is gone. */
	sweep(): void;
	close(): void;
};

const interval = 15_000;
const attempts = 50;

export function createCollector(
	store: Store,
	registry: Registry,
	now: () => number,
	report: (error: unknown) => void,
): Collector {
	let closed = false;
	const soon = (work: () => void, attempt = 1): void => {
		setImmediate(() => {
			if (closed) return;
			try {
				work();
			} catch (error) {
				// Somebody wrote in between: what is left is done on the newest state.
				if (error instanceof WriteConflict && attempt < attempts) soon(work, attempt + 1);
				// The sweep tries again; a failed one must not end the server.
				else report(error);
			}
		});
	};

	const storages = (): string[] => [
		...new Set(
			registry
				.all()
				.filter(type => type.verbs.includes('list'))
				.map(type => type.storage),
		),
	];

	/** Removes an object; one with finalizers or a grace period is marked and waits for its holders. True when it is gone. */
	const drop = (storage: string, object: ApiObject): boolean => {
		const key = {resource: storage, namespace: object.metadata.namespace ?? '', name: object.metadata.name};
		const revision = Number(object.metadata.resourceVersion);
		const grace = graceOf(storage, object);
		if (grace === 0 && (object.metadata.finalizers?.length ?? 0) === 0) {
			store.remove(key, revision);
			collectNow(object);
			return true;
		}
		if (object.metadata.deletionTimestamp === undefined) {
			const deletionTimestamp = timestamp(now() + grace * 1000);
			store.put(key, {...object, metadata: {...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace}}, revision);
		}
		return false;
	};

	/** Takes an owner from all that name it; what has no other goes, unless it is to stay. */
	const release = (uid: string, stays: boolean): void => {
		for (const key of store.dependents(uid)) {
			const object = store.get(key);
			if (!object) continue;
			const rest = (object.metadata.ownerReferences ?? []).filter(reference => reference['uid'] !== uid);
			if (rest.length === 0 && !stays) {
				drop(key.resource, object);
			} else {
				const others = without(object.metadata, 'ownerReferences') as Metadata;
				const metadata: Metadata = rest.length === 0 ? others : {...others, ownerReferences: rest};
				if (!equal(metadata, object.metadata)) store.put(key, {...object, metadata}, Number(object.metadata.resourceVersion));
			}
		}
	};

	/** Whether the owner that the dependents of a uid name is known to be gone. Of kinds that are not served nothing is known. */
	const isGone = (uid: string): boolean => {
		const [key] = store.dependents(uid);
		const reference = key && store.get(key)?.metadata.ownerReferences?.find(owner => owner['uid'] === uid);
		if (!reference) return false;
		const [version = '', group = ''] = textOf(reference['apiVersion']).split('/').reverse();
		const type = registry.all().find(each => each.kind === reference['kind'] && each.group === group && each.version === version);
		if (!type || (type.namespaced && key.namespace === '')) return false;
		const namespace = type.namespaced ? key.namespace : '';
		return store.get({resource: type.storage, namespace, name: textOf(reference['name'])})?.metadata.uid !== uid;
	};

	const collectNow = (owner: ApiObject): void => {
		const {uid} = owner.metadata;
		if (uid === undefined) return;
		if (owner.kind === 'CustomResourceDefinition') removeInstances(owner);
		release(uid, false);
		if (owner.kind === 'ServiceAccount' && owner.metadata.name === 'default') renewAccount(owner.metadata.namespace ?? '');
		finishNamespace(owner.metadata.namespace);
	};

	const renewAccount = (name: string): void => {
		const namespace = store.get({resource: 'namespaces', namespace: '', name});
		if (namespace && namespace.metadata.deletionTimestamp === undefined) ensureDefaultAccount(store, now, name);
	};

	/** The object may have been the last thing that held up the end of its namespace. */
	const finishNamespace = (name: string | undefined): void => {
		const namespace = name === undefined ? undefined : store.get({resource: 'namespaces', namespace: '', name});
		if (namespace?.metadata.deletionTimestamp !== undefined) soon(() => empty(namespace));
	};

	const removeInstances = (definition: ApiObject): void => {
		const spec = isObject(definition['spec']) ? definition['spec'] : {};
		const names = isObject(spec['names']) ? spec['names'] : {};
		const storage = `${textOf(names['plural'])}.${textOf(spec['group'])}`;
		for (const object of store.list(storage).items) drop(storage, object);
	};

	const empty = (namespace: ApiObject): void => {
		const {name} = namespace.metadata;
		let left = 0;
		for (const storage of storages()) {
			for (const object of store.list(storage, {namespace: name}).items) {
				if (!drop(storage, object)) left++;
			}
		}
		if (left > 0) return;
		const key = {resource: 'namespaces', namespace: '', name};
		const current = store.get(key);
		if (!current || current.metadata.deletionTimestamp === undefined || (current.metadata.finalizers?.length ?? 0) > 0) return;
		const spec = isObject(current['spec']) ? current['spec'] : {};
		const others = (Array.isArray(spec['finalizers']) ? spec['finalizers'] : []).filter(finalizer => finalizer !== 'kubernetes');
		if (others.length === 0) store.remove(key, Number(current.metadata.resourceVersion));
	};

	const sweep = (): void => {
		for (const namespace of store.list('namespaces').items)
			if (namespace.metadata.deletionTimestamp !== undefined) empty(namespace);
		// Whoever deleted the owner may have been killed before this was done.
		for (const uid of store.owners()) if (isGone(uid)) release(uid, false);
	};

	const timer = setInterval(() => soon(sweep), interval);
	timer.unref();
	return {
		created(object) {
			if (object.kind === 'Namespace') ensureDefaultAccount(store, now, object.metadata.name);
		},
		orphan({metadata: {uid}}) {
			if (uid === undefined) return;
			for (let attempt = 1; ; attempt++) {
				try {
					release(uid, true);
					return;
				} catch (error) {
					if (!(error instanceof WriteConflict) || attempt >= attempts) throw error;
				}
			}
		},
		collect: object => soon(() => collectNow(object)),
		terminating(object) {
			if (object.kind === 'Namespace') soon(() => empty(object));
		},
		sweep: () => soon(sweep),
		close() {
			closed = true;
			clearInterval(timer);
		},
	};
}
