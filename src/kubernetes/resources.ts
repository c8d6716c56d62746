import type {Resource} from './kube.ts';

const builtin = (plural: string): Resource => ({version: 'v1', plural});
const grouped = (group: string, plural: string): Resource => ({group, version: 'v1', plural});
const update = (plural: string): Resource => ({group: updateGroup, version: updateVersion, plural});

/** Group and version of Constellation's own resources (v2.9 wire format). */
export const updateGroup = 'update.edgeless.systems';
export const updateVersion = 'v1alpha1';

/** The resources that services and commands use. Namespaced ones get their namespace from `inNamespace`. */
export const resources = {
	namespaces: builtin('namespaces'),
	nodes: builtin('nodes'),
	pods: builtin('pods'),
	configMaps: builtin('configmaps'),
	secrets: builtin('secrets'),
	serviceAccounts: builtin('serviceaccounts'),
	events: builtin('events'),
	leases: grouped('coordination.k8s.io', 'leases'),
	certificateSigningRequests: grouped('certificates.k8s.io', 'certificatesigningrequests'),
	clusterRoles: grouped('rbac.authorization.k8s.io', 'clusterroles'),
	clusterRoleBindings: grouped('rbac.authorization.k8s.io', 'clusterrolebindings'),
	roles: grouped('rbac.authorization.k8s.io', 'roles'),
	roleBindings: grouped('rbac.authorization.k8s.io', 'rolebindings'),
	customResourceDefinitions: grouped('apiextensions.k8s.io', 'customresourcedefinitions'),
	services: builtin('services'),
	endpoints: builtin('endpoints'),
	endpointSlices: grouped('discovery.k8s.io', 'endpointslices'),
	deployments: grouped('apps', 'deployments'),
	replicaSets: grouped('apps', 'replicasets'),
	daemonSets: grouped('apps', 'daemonsets'),
	podDisruptionBudgets: grouped('policy', 'poddisruptionbudgets'),
	nodeMaintenances: {group: 'nodemaintenance.medik8s.io', version: 'v1beta1', plural: 'nodemaintenances'},
	nodeVersions: update('nodeversions'),
	scalingGroups: update('scalinggroups'),
	autoscalingStrategies: update('autoscalingstrategies'),
	pendingNodes: update('pendingnodes'),
	joiningNodes: update('joiningnodes'),
} as const satisfies Record<string, Resource>;

/** The resource in one namespace: `inNamespace(resources.secrets, 'kube-system')`. */
export const inNamespace = (resource: Resource, namespace: string): Resource => ({...resource, namespace});

/** `v1`, or `group/version`. */
export const apiVersionOf = ({group, version}: Pick<Resource, 'group' | 'version'>): string =>
	group ? `${group}/${version}` : version;

/** The URL path of a collection, an object or a subresource; every part is escaped. */
export function resourcePath(resource: Resource, name?: string, subresource?: string): string {
	const parts = resource.group ? ['apis', resource.group, resource.version] : ['api', resource.version];
	if (resource.namespace) parts.push('namespaces', resource.namespace);
	parts.push(resource.plural);
	if (name !== undefined) parts.push(name);
	if (subresource !== undefined) parts.push(subresource);
	return `/${parts.map(segment).join('/')}`;
}

/** A name of `..` or an empty one would silently address another resource. */
function segment(part: string): string {
	if (part === '' || part === '.' || part === '..') throw new TypeError(`Not a path segment: "${part}"`);
	return encodeURIComponent(part);
}
