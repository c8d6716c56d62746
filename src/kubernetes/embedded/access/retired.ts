import type {Store} from '../store/store.ts';
import {isObject} from '../types.ts';

const key = {resource: 'configmaps', namespace: 'kube-system', name: 'join-identities'};

/**
 * Whether a node of this name was taken out of the cluster: all that JoinServices know of it is retired. Its certificate is good for
 * weeks and may lie in a copy of its disk; it must open nothing any more.
 */
export function isRetired(store: Store, node: string): boolean {
	const data = store.get(key)?.['data'];
	const records = isObject(data) ? Object.values(data).flatMap(text => (typeof text === 'string' ? [recordOf(text)] : [])) : [];
	const own = records.filter(({name}) => name === node);
	return own.length > 0 && own.every(({retired}) => retired === true);
}

function recordOf(text: string): {name?: unknown; retired?: unknown} {
	try {
		const value: unknown = JSON.parse(text);
		return isObject(value) ? value : {};
	} catch {
		// JoinServices give no ticket while a record cannot be read; here it names nobody.
		return {};
	}
}
