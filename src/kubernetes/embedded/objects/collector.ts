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
	/** After `object` was removed; `policy` Orphan keeps what belonged to it. */
	collect: (object: ApiObject, policy: string | undefined) => void;
	/** After `object` got its deletion timestamp. */
	terminating: (object: ApiObject) => void;
	/** Finishes namespaces that another process left half emptied. */
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
			collectNow(object, undefined);
			return true;
		}
		if (object.metadata.deletionTimestamp === undefined) {
			const deletionTimestamp = timestamp(now() + grace * 1000);
			store.put(key, {...object, metadata: {...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace}}, revision);
		}
		return false;
	};

	const collectNow = (owner: ApiObject, policy: string | undefined): void => {
		const {uid} = owner.metadata;
		if (uid === undefined) return;
		if (owner.kind === 'CustomResourceDefinition') removeInstances(owner);
		for (const key of store.dependents(uid)) {
			const object = store.get(key);
			if (!object) continue;
			const rest = (object.metadata.ownerReferences ?? []).filter(reference => reference['uid'] !== uid);
			if (rest.length === 0 && policy !== 'Orphan') {
				drop(key.resource, object);
			} else {
				const others = without(object.metadata, 'ownerReferences') as Metadata;
				const metadata: Metadata = rest.length === 0 ? others : {...others, ownerReferences: rest};
				if (!equal(metadata, object.metadata)) store.put(key, {...object, metadata}, Number(object.metadata.resourceVersion));
			}
		}
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
	};

	const timer = setInterval(() => soon(sweep), interval);
	timer.unref();
	return {
		created(object) {
			if (object.kind === 'Namespace') ensureDefaultAccount(store, now, object.metadata.name);
		},
		collect: (object, policy) => soon(() => collectNow(object, policy)),
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
