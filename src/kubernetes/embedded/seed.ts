import {randomUUID} from 'node:crypto';
import {defaultBindings, defaultRoles} from './access/default-roles.ts';
import {timestamp} from './objects/api.ts';
import {type Key, type Store, WriteConflict} from './store/store.ts';
import type {ApiObject} from './types.ts';

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** What every cluster has from its first moment: namespaces, their default ServiceAccounts, roles. What is there already is left alone. */
export function seed(store: Store, now: () => number): void {
	for (const name of namespaces) {
		ensure(store, now, {resource: 'namespaces', namespace: '', name}, namespaceObject(name));
		ensureDefaultAccount(store, now, name);
	}
	for (const object of [...defaultRoles, ...defaultBindings]) {
		const plural = object.kind === 'ClusterRole' ? 'clusterroles' : 'clusterrolebindings';
		ensure(store, now, {resource: `${plural}.rbac.authorization.k8s.io`, namespace: '', name: object.metadata.name}, object);
	}
}

/** Every namespace has a ServiceAccount `default`. */
export function ensureDefaultAccount(store: Store, now: () => number, namespace: string): void {
	const key = {resource: 'serviceaccounts', namespace, name: 'default'};
	ensure(store, now, key, {kind: 'ServiceAccount', apiVersion: 'v1', metadata: {name: 'default', namespace}});
}

function namespaceObject(name: string): ApiObject {
	return {
		kind: 'Namespace',
		apiVersion: 'v1',
		metadata: {name, labels: {'kubernetes.io/metadata.name': name}},
		spec: {finalizers: ['kubernetes']},
		status: {phase: 'Active'},
	};
}

function ensure(store: Store, now: () => number, key: Key, object: ApiObject): void {
	if (store.get(key)) return;
	const metadata = {...object.metadata, uid: randomUUID(), creationTimestamp: timestamp(now())};
	try {
		store.put(key, {...object, metadata}, 0);
	} catch (error) {
		// Another API server made it first.
		if (!(error instanceof WriteConflict)) throw error;
	}
}
