import type {KubeObject} from './kube.ts';
import {updateGroup} from './resources.ts';

/** Members of this certificate organisation are administrators, for as long as the binding of the same name exists. */
export const adminsGroup = 'constellation:admins';

/** Node services that talk to the API server, each with a client certificate in the name of its ServiceAccount in kube-system. */
export const serviceAccountNames = ['bootstrapper', 'join-service', 'key-service', 'verification-service', 'operator'] as const;
export type ServiceAccountName = (typeof serviceAccountNames)[number];

/** The user name of a service, which is its certificate's common name. */
export const serviceUser = (service: ServiceAccountName): string => `system:serviceaccount:kube-system:${service}`;

type Rule = {apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[]};
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

const change = ['create', 'update', 'patch', 'delete'];

/** Of the operator: it runs the controllers of workloads and the scheduler, and empties nodes. */
const workloadRules = [
	rule('', ['pods'], ['create', 'patch']),
	rule('', ['pods/binding', 'pods/eviction'], ['create']),
	rule('', ['pods/status', 'services/status'], ['update', 'patch']),
	rule('', ['services'], read),
	rule('', ['endpoints'], [...read, ...change]),
	rule('discovery.k8s.io', ['endpointslices'], [...read, ...change]),
	rule('apps', ['deployments', 'replicasets', 'daemonsets'], [...read, 'patch']),
	rule('apps', ['deployments/status', 'replicasets/status', 'daemonsets/status'], ['update', 'patch']),
	rule('apps', ['replicasets'], change),
	rule('policy', ['poddisruptionbudgets'], read),
	rule('policy', ['poddisruptionbudgets/status'], ['update', 'patch']),
	rule('nodemaintenance.medik8s.io', ['*'], ['*']),
];

/** What each node service may do; nothing more than it does. */
const serviceRoles: readonly KubeObject[] = [
	...service('bootstrapper', [
		rule('', ['secrets'], ['get'], ['constellation-mastersecret']),
		rule('', ['configmaps'], ['get'], ['join-config']),
	]),
	...service('join-service', [
		rule('', ['configmaps'], [...read, 'create']),
		rule('', ['configmaps'], ['update'], ['join-identities']),
		rule('', ['secrets'], ['create']),
		rule('', ['nodes'], read),
		rule('', ['events'], [...read, 'create', 'patch']),
		rule(updateGroup, ['joiningnodes'], [...read, 'create', 'update', 'patch']),
		// What it enforces, for whoever waits until every JoinService does.
		rule('coordination.k8s.io', ['leases'], ['create', 'patch']),
		rule(updateGroup, ['nodeversions'], ['get']),
		rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
	]),
	...service('key-service', [rule('', ['secrets'], ['get'], ['constellation-mastersecret'])]),
	...service('operator', [
		rule('', ['nodes'], [...read, 'update', 'patch', 'delete']),
		rule('', ['nodes/status'], ['get', 'update', 'patch']),
		rule('', ['pods'], [...read, 'delete']),
		rule('', ['configmaps'], read),
		// A policy can only be taken away by it: what is added must be signed, and each JoinService checks that.
		rule('', ['configmaps'], ['update'], ['join-identities', 'join-config']),
		rule('', ['secrets'], ['list', 'delete']),
		rule('', ['events'], [...read, 'create', 'patch']),
		rule('certificates.k8s.io', ['certificatesigningrequests'], [...read, 'delete']),
		rule(
			'certificates.k8s.io',
			['certificatesigningrequests/approval', 'certificatesigningrequests/status'],
			['update', 'patch'],
		),
		rule('coordination.k8s.io', ['leases'], [...read, 'create', 'update', 'patch', 'delete']),
		rule(updateGroup, ['*'], ['*']),
		...workloadRules,
	]),
];

/**
 * What Constellation adds to the roles every API server brings along, in the order in which to create them. Deleting the binding
 * `constellation:admins` takes all administrators their rights.
 */
export const clusterRoles: readonly KubeObject[] = [binding(adminsGroup, 'cluster-admin', group(adminsGroup)), ...serviceRoles];
