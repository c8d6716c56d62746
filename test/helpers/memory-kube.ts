import {randomUUID} from 'node:crypto';
import {type Kube, KubeError, type KubeObject, type Resource} from '../../src/kubernetes/kube.ts';

export type MemoryKube = Kube & {
	/** Every object of a resource, the very ones that are stored. */
	all(resource: Resource): KubeObject[];
};

const merged = (target: unknown, patch: unknown): unknown => {
	if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
	const before = (typeof target === 'object' && target !== null ? target : {}) as Record<string, unknown>;
	const changed = Object.entries(patch).map(([key, value]) => [key, value === null ? null : merged(before[key], value)] as const);
	return Object.fromEntries(Object.entries({...before, ...Object.fromEntries(changed)}).filter(([, value]) => value !== null));
};

/** The least of an API server that controllers need: versions, conflicts, merge patches, owners, in memory. Time is the caller's. */
export const memoryKube = (now: () => number): MemoryKube => {
	const store = new Map<string, KubeObject>();
	let version = 0;
	const keyOf = ({plural, namespace = ''}: Resource, name: string) => `${plural}|${namespace}|${name}`;
	const copy = <T>(value: T): T => structuredClone(value);
	const find = (resource: Resource, name: string): KubeObject => {
		const found = store.get(keyOf(resource, name));
		if (found === undefined) throw new KubeError(404, 'NotFound', `${resource.plural} "${name}" not found`);
		return found;
	};
	const put = (resource: Resource, object: KubeObject): KubeObject => {
		version += 1;
		const stored = {...copy(object), metadata: {...copy(object.metadata), resourceVersion: String(version)}};
		store.set(keyOf(resource, object.metadata.name), stored);
		return copy(stored);
	};
	const checkVersion = (found: KubeObject, given: unknown) => {
		if (given !== undefined && given !== found.metadata.resourceVersion)
			throw new KubeError(409, 'Conflict', `${found.metadata.name} was modified`);
	};
	const all = ({plural, namespace}: Resource) =>
		[...store].filter(([key]) => key.startsWith(`${plural}|${namespace ?? ''}`)).map(([, object]) => object);
	const drop = (resource: Resource, name: string) => {
		const {uid} = find(resource, name).metadata;
		store.delete(keyOf(resource, name));
		for (const [key, {metadata}] of store) {
			const owners = (metadata['ownerReferences'] ?? []) as {uid?: string}[];
			if (owners.some(owner => owner.uid === uid)) store.delete(key);
		}
	};
	const later = <T>(job: () => T): Promise<T> => Promise.resolve().then(job);
	return {
		all,
		get: (resource, name) => later(() => copy(find(resource, name))),
		list: (resource, {fieldSelector} = {}) =>
			later(() => {
				const [, node] = /^spec\.nodeName=(.*)$/.exec(fieldSelector ?? '') ?? [];
				const items = all(resource).filter(({spec}) => node === undefined || (spec as {nodeName?: string}).nodeName === node);
				return {items: copy(items), resourceVersion: String(version)};
			}),
		create: (resource, object) =>
			later(() => {
				const {name} = object.metadata;
				if (store.has(keyOf(resource, name))) throw new KubeError(409, 'AlreadyExists', `${name} exists`);
				const creationTimestamp = new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z');
				return put(resource, {...object, metadata: {...object.metadata, uid: randomUUID(), creationTimestamp}});
			}),
		update: (resource, object) =>
			later(() => {
				checkVersion(find(resource, object.metadata.name), object.metadata.resourceVersion);
				return put(resource, object);
			}),
		patch: (resource, name, patch, _kind, subresource) =>
			later(() => {
				const found = find(resource, name);
				const {metadata, status, ...rest} = patch as {metadata?: {resourceVersion?: string}; status?: unknown};
				checkVersion(found, metadata?.resourceVersion);
				const wanted = subresource === 'status' ? {status} : {...rest, ...(metadata && {metadata})};
				return put(resource, merged(found, wanted) as KubeObject);
			}),
		delete: (resource, name) => later(() => drop(resource, name)),
		// biome-ignore lint/correctness/useYield: nobody watches here, rounds are asked for
		async *watch() {},
		post: (path, body) =>
			later(() => {
				const [, namespace = '', name = ''] = /\/namespaces\/([^/]+)\/pods\/([^/]+)\/eviction$/.exec(path) ?? [];
				const pods = {version: 'v1', plural: 'pods', namespace};
				if (find(pods, name).metadata.labels?.['blocked'] !== undefined)
					throw new KubeError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.");
				drop(pods, name);
				return body;
			}),
	};
};
