import type {Store} from '../store/store.ts';
import {isObject} from '../types.ts';
import type {Attributes} from './rbac.ts';
import {isRetired} from './retired.ts';

const leaseNamespace = 'kube-node-lease';

/**
 * What a node that is not retired may do: only with its own Node, Lease and Pods, with events, and ask for certificates. `fieldSelector`
 * must narrow lists to itself.
 */
export function nodeMay(store: Store, node: string, asked: Attributes): boolean {
	if (asked.kind === 'path' || isRetired(store, node)) return false;
	const {verb, plural, subresource, name} = asked;
	const own = name === node;
	switch (`${asked.group}/${plural}`) {
		case '/nodes':
			if (subresource === 'status') return own && ['get', 'patch', 'update'].includes(verb);
			if (subresource !== '') return false;
			if (verb === 'create') return true;
			if (verb === 'list' || verb === 'watch') return narrowed(asked.fieldSelector, 'metadata.name', node);
			return own && ['get', 'patch', 'update'].includes(verb);
		case '/pods':
			if (verb === 'create') return subresource === '';
			if (verb === 'list' || verb === 'watch') return narrowed(asked.fieldSelector, 'spec.nodeName', node);
			// What a pod is, is not its node's to say: a node ends it and reports its status.
			if (!(subresource === '' ? ['get', 'delete'] : subresource === 'status' ? ['get', 'patch', 'update'] : []).includes(verb))
				return false;
			return name !== '' && ownPod(store, asked.namespace, name, node);
		case 'coordination.k8s.io/leases':
			if (asked.namespace !== leaseNamespace) return false;
			return verb === 'create' || (own && ['get', 'update', 'patch', 'delete'].includes(verb));
		case '/events':
		case 'events.k8s.io/events':
			return ['create', 'patch', 'update'].includes(verb);
		case 'certificates.k8s.io/certificatesigningrequests':
			return subresource === '' && ['create', 'get', 'list', 'watch'].includes(verb);
		default:
			return false;
	}
}

function ownPod(store: Store, namespace: string, name: string, node: string): boolean {
	const pod = store.get({resource: 'pods', namespace, name});
	// A missing pod is answered with 404, not 403: a node deletes and patches its pods by name.
	return pod === undefined || (isObject(pod['spec']) && pod['spec']['nodeName'] === node);
}

function narrowed(selector: string | undefined, field: string, node: string): boolean {
	return (selector ?? '').split(',').some(term => term === `${field}=${node}` || term === `${field}==${node}`);
}
