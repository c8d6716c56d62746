import type {ApiObject, JsonObject} from '../types.ts';

const group = 'rbac.authorization.k8s.io';
const apiVersion = `${group}/v1`;
const read = ['get', 'list', 'watch'];
const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const viewable = [
	'configmaps',
	'endpoints',
	'events',
	'namespaces',
	'pods',
	'pods/log',
	'pods/status',
	'serviceaccounts',
	'services',
];
const workloads: [string, string[]][] = [
	['apps', ['daemonsets', 'deployments', 'deployments/scale', 'replicasets', 'replicasets/scale']],
	['policy', ['poddisruptionbudgets']],
];
const editable = ['configmaps', 'endpoints', 'events', 'pods', 'pods/eviction', 'secrets', 'serviceaccounts', 'services'];

function rule(verbs: string[], apiGroups: string[], resources: string[]): JsonObject {
	return {apiGroups, resources, verbs};
}

function paths(verbs: string[], nonResourceURLs: string[]): JsonObject {
	return {nonResourceURLs, verbs};
}

function metadata(name: string) {
	return {
		name,
		labels: {'kubernetes.io/bootstrapping': 'rbac-defaults'},
		annotations: {'rbac.authorization.kubernetes.io/autoupdate': 'true'},
	};
}

function role(name: string, rules: JsonObject[]): ApiObject {
	return {apiVersion, kind: 'ClusterRole', metadata: metadata(name), rules};
}

function binding(name: string, groups: string[], roleName = name): ApiObject {
	return {
		apiVersion,
		kind: 'ClusterRoleBinding',
		metadata: metadata(name),
		roleRef: {apiGroup: group, kind: 'ClusterRole', name: roleName},
		subjects: groups.map(member => ({apiGroup: group, kind: 'Group', name: member})),
	};
}

const viewRules = [
	rule(read, [''], viewable),
	rule(read, ['coordination.k8s.io', 'events.k8s.io'], ['leases', 'events']),
	rule(read, ['discovery.k8s.io'], ['endpointslices']),
	...workloads.map(([name, resources]) => rule(read, [name], resources)),
];
const editRules = [
	...viewRules,
	rule(read, [''], ['secrets']),
	rule(write, [''], editable),
	rule(write, ['coordination.k8s.io'], ['leases']),
	...workloads.map(([name, resources]) => rule(write, [name], resources)),
];

/** Roles every cluster has: `cluster-admin`, the three for people, and what every client needs to find its way. */
export const defaultRoles: readonly ApiObject[] = [
	role('cluster-admin', [rule(['*'], ['*'], ['*']), paths(['*'], ['*'])]),
	role('admin', [
		...editRules,
		rule(['*'], [group], ['roles', 'rolebindings']),
		rule(['create'], ['authorization.k8s.io'], ['localsubjectaccessreviews']),
	]),
	role('edit', editRules),
	role('view', viewRules),
	role('system:basic-user', [
		rule(['create'], ['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews']),
		rule(['create'], ['authentication.k8s.io'], ['selfsubjectreviews']),
	]),
	role('system:discovery', [
		paths(
			['get'],
			['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz', '/version', '/version/'],
		),
	]),
	role('system:public-info-viewer', [paths(['get'], ['/healthz', '/livez', '/readyz', '/version', '/version/'])]),
];

/** Who has them from the start. People get theirs by a binding of `constellation:admins` that an administrator can delete. */
export const defaultBindings: readonly ApiObject[] = [
	binding('cluster-admin', ['system:masters']),
	binding('system:basic-user', ['system:authenticated']),
	binding('system:discovery', ['system:authenticated']),
	binding('system:public-info-viewer', ['system:authenticated', 'system:unauthenticated']),
];
