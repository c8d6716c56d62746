import {nodeOf} from '../access/identity.ts';
import {type Attributes, type Rule, rulesOf} from '../access/rbac.ts';
import {forbidden, notFound} from '../http/status.ts';
import {type ApiObject, isObject, textOf} from '../types.ts';
import type {Call} from './api.ts';
import {admitMirror} from './workloads/pod.ts';

/** Decides whether a new object may be: its namespace lives, its kind is taken here, its writer may write this one. Throws 403 or 404. */
export function admitCreate(call: Call, object: ApiObject): void {
	const {type, path} = call;
	const {name} = object.metadata;
	if (type.refusal !== undefined) throw forbidden(type, name, type.refusal);
	if (type.storage === 'pods') admitMirror(call, object);
	if (type.namespaced) admitNamespace(call, path.namespace, name);
	admitNode(call, object);
	admitGrant(call, object);
}

export function admitUpdate(call: Call, object: ApiObject, current: ApiObject): void {
	if (call.type.storage === 'pods') admitMirror(call, object, current);
	admitNode(call, object);
	admitGrant(call, object);
}

function admitNamespace(call: Call, namespace: string, name: string): void {
	const {store, registry} = call.api;
	const found = store.get({resource: 'namespaces', namespace: '', name: namespace});
	const namespaces = registry.find('', 'v1', 'namespaces');
	if (!found) throw notFound(namespaces ?? {group: '', plural: 'namespaces'}, namespace);
	if (found.metadata.deletionTimestamp === undefined) return;
	throw forbidden(call.type, name, `unable to create new content in namespace ${namespace} because it is being terminated`, [
		{reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace'},
	]);
}

/** A node writes only its own Node and Lease, and Pods that run on it. */
function admitNode(call: Call, object: ApiObject): void {
	const node = nodeOf(call.identity);
	if (node === undefined) return;
	const {type} = call;
	const {name} = object.metadata;
	if ((type.storage === 'nodes' || type.storage === 'leases.coordination.k8s.io') && name !== node) {
		throw forbidden(type, name, `node "${node}" is not allowed to modify ${type.plural} "${name}"`);
	}
	if (type.storage !== 'pods') return;
	const spec = isObject(object['spec']) ? object['spec'] : {};
	if (spec['nodeName'] !== node)
		throw forbidden(type, name, `node "${node}" can only create pods with spec.nodeName set to itself`);
}

const roleKinds = new Set(['Role', 'ClusterRole']);
const bindingKinds = new Set(['RoleBinding', 'ClusterRoleBinding']);

/** Nobody grants more than they have, unless they may `escalate` or `bind`. */
function admitGrant(call: Call, object: ApiObject): void {
	const {type, api, identity} = call;
	if (type.group !== 'rbac.authorization.k8s.io') return;
	const {name} = object.metadata;
	const namespace = object.metadata.namespace ?? '';
	const asked = (verb: string, plural: string, named: string): Attributes => ({
		kind: 'resource',
		verb,
		group: type.group,
		plural,
		subresource: '',
		namespace,
		name: named,
	});
	let granted: Rule[] = [];
	if (roleKinds.has(type.kind)) {
		if (api.authorizer.decide(identity, asked('escalate', type.plural, name)).allowed) return;
		granted = rulesOf(object);
	} else if (bindingKinds.has(type.kind)) {
		const reference = isObject(object['roleRef']) ? object['roleRef'] : {};
		const plural = reference['kind'] === 'ClusterRole' ? 'clusterroles' : 'roles';
		const roleName = textOf(reference['name']);
		if (api.authorizer.decide(identity, asked('bind', plural, roleName)).allowed) return;
		granted = rulesOf(
			api.store.get({
				resource: `${plural}.rbac.authorization.k8s.io`,
				namespace: plural === 'roles' ? namespace : '',
				name: roleName,
			}),
		);
	}
	const held = api.authorizer.rules(identity, namespace);
	const missing = granted.find(rule => !covered(rule, held));
	if (!missing) return;
	throw forbidden(
		type,
		name,
		`user "${identity.user}" (groups=${JSON.stringify(identity.groups)}) is attempting to grant RBAC permissions not currently held: ${JSON.stringify(missing)}`,
	);
}

/** True when one held rule allows everything that `rule` allows. */
function covered(rule: Rule, held: readonly Rule[]): boolean {
	const within = (asked: readonly string[], allowed: readonly string[]) =>
		allowed.includes('*') || asked.every(entry => allowed.includes(entry));
	return held.some(
		own =>
			within(rule.verbs, own.verbs) &&
			within(rule.apiGroups, own.apiGroups) &&
			within(rule.resources, own.resources) &&
			within(rule.nonResourceURLs, own.nonResourceURLs) &&
			(own.resourceNames.length === 0 || (rule.resourceNames.length > 0 && within(rule.resourceNames, own.resourceNames))),
	);
}
