import type {KubeObject} from './kube.ts';
import {updateGroup} from './resources.ts';

/** Members of this certificate organisation are administrators, for as long as the binding of the same name exists. */
export const adminsGroup = 'constellation:admins';

/** Node services that talk to the API server, each with a client certificate in the name of its ServiceAccount in kube-system. */
export const serviceAccountNames = ['bootstrapper', 'join-service', 'key-service', 'verification-service', 'operator'] as const;
export type ServiceAccountName = (typeof serviceAccountNames)[number];

/** The user name of a service, which is its certificate's common name. */
export const serviceUser = (service: ServiceAccountName): string => `system:serviceaccount:kube-system:${service}`;

type Rule =
	| {apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[]}
	| {nonResourceURLs: string[]; verbs: string[]};
type Subject = {kind: 'Group' | 'User'; name: string} | {kind: 'ServiceAccount'; name: string; namespace: string};

const read = ['get', 'list', 'watch'];
const rule = (group: string, resources: string[], verbs: string[], resourceNames?: string[]): Rule => ({
	apiGroups: [group],
	resources,
	verbs,
	...(resourceNames && {resourceNames}),
});
const rbac = (kind: string, name: string, rest: object): KubeObject => ({
	apiVersion: 'rbac.authorization.k8s.io/v1',
	kind,
	metadata: {name},
	...rest,
});
const role = (name: string, rules: Rule[]) => rbac('ClusterRole', name, {rules});
const group = (name: string): Subject => ({kind: 'Group', name});

function binding(name: string, roleName: string, subject: Subject): KubeObject {
	const subjects = [subject.kind === 'ServiceAccount' ? subject : {...subject, apiGroup: 'rbac.authorization.k8s.io'}];
	return rbac('ClusterRoleBinding', name, {
		roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName},
		subjects,
	});
}

function service(name: ServiceAccountName, rules: Rule[]): KubeObject[] {
	return [role(name, rules), binding(name, name, {kind: 'ServiceAccount', name, namespace: 'kube-system'})];
}

/** Roles every cluster has: administrators, discovery, and what each user may ask about itself. */
const commonRoles: readonly KubeObject[] = [
	role('cluster-admin', [rule('*', ['*'], ['*']), {nonResourceURLs: ['*'], verbs: ['*']}]),
	binding(adminsGroup, 'cluster-admin', group(adminsGroup)),
	role('system:discovery', [
		{
			nonResourceURLs: [
				'/api',
				'/api/*',
				'/apis',
				'/apis/*',
				'/healthz',
				'/livez',
				'/openapi',
				'/openapi/*',
				'/readyz',
				'/version',
				'/version/',
			],
			verbs: ['get'],
		},
	]),
	binding('system:discovery', 'system:discovery', group('system:authenticated')),
	role('system:basic-user', [
		rule('authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
		rule('authentication.k8s.io', ['selfsubjectreviews'], ['create']),
	]),
	binding('system:basic-user', 'system:basic-user', group('system:authenticated')),
];

/** What each node service may do; nothing more than it does. */
const serviceRoles: readonly KubeObject[] = [
	...service('bootstrapper', [rule('', ['secrets'], ['get'], ['constellation-mastersecret'])]),
	...service('join-service', [
		rule('', ['configmaps'], read),
		rule('', ['nodes'], read),
		rule('', ['events'], ['create', 'patch']),
		rule(updateGroup, ['joiningnodes'], [...read, 'create', 'update', 'patch']),
		rule(updateGroup, ['nodeversions'], ['get']),
	]),
	...service('key-service', [rule('', ['secrets'], ['get'], ['constellation-mastersecret'])]),
	...service('operator', [
		rule('', ['nodes'], [...read, 'update', 'patch', 'delete']),
		rule('', ['nodes/status'], ['get', 'update', 'patch']),
		rule('', ['pods'], [...read, 'delete']),
		rule('', ['configmaps'], read),
		rule('', ['events'], ['create', 'patch']),
		rule('coordination.k8s.io', ['leases'], [...read, 'create', 'update', 'patch', 'delete']),
		rule(updateGroup, ['*'], ['*']),
	]),
];

/** ClusterRoles with their bindings, in the order in which to create them. */
export const clusterRoles: readonly KubeObject[] = [...commonRoles, ...serviceRoles];
