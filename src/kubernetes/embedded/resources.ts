import type {ApiResource, Subresource} from './types.ts';

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;
const readWrite = ['get', 'patch', 'update'] as const;

/** Why a kind is not taken here; `kind` as in `StatefulSet`. */
function workloadRefusal(kind: string): string {
	return `the local provider simulates Pods, Deployments, ReplicaSets and DaemonSets only, so it does not take a ${kind}; use the qemu provider or a cloud for that`;
}

type Options = {
	short?: string[];
	categories?: string[];
	cluster?: boolean;
	subresources?: Subresource[];
	verbs?: readonly string[];
	storage?: string;
	generation?: boolean;
};

function resource(group: string, version: string, plural: string, kind: string, options: Options = {}): ApiResource {
	return {
		group,
		version,
		plural,
		singular: kind.toLowerCase(),
		kind,
		listKind: `${kind}List`,
		namespaced: options.cluster !== true,
		verbs: options.verbs ?? allVerbs,
		shortNames: options.short ?? [],
		categories: options.categories ?? [],
		subresources: options.subresources ?? [],
		storage: options.storage ?? (group === '' ? plural : `${plural}.${group}`),
		generation: options.generation ?? false,
	};
}

function status(kind: string): Subresource {
	return {name: 'status', kind, verbs: readWrite};
}

const scale: Subresource = {name: 'scale', kind: 'Scale', verbs: readWrite, group: 'autoscaling', version: 'v1'};

const binding: Subresource = {name: 'binding', kind: 'Binding', verbs: ['create']};

const eviction: Subresource = {name: 'eviction', kind: 'Eviction', verbs: ['create'], group: 'policy', version: 'v1'};

type WorkloadOptions = {
	short?: string[];
	categories?: string[];
	cluster?: boolean;
	scale?: boolean;
	status?: boolean;
	version?: string;
};

/** A kind that controllers of the cluster work on. */
function workload(group: string, plural: string, kind: string, options: WorkloadOptions = {}): ApiResource {
	const {scale: scalable = false, status: hasStatus = true, version = 'v1', ...rest} = options;
	const subresources = [...(scalable ? [scale] : []), ...(hasStatus ? [status(kind)] : [])];
	return resource(group, version, plural, kind, {...rest, subresources, generation: true});
}

/** A kind that can be found and listed (there are none), so that clients work; creating one is refused. */
function refused(group: string, plural: string, kind: string, options: WorkloadOptions = {}): ApiResource {
	return {...workload(group, plural, kind, options), refusal: workloadRefusal(kind)};
}

function review(group: string, plural: string, kind: string, cluster = true): ApiResource {
	return resource(group, 'v1', plural, kind, {cluster, verbs: ['create']});
}

const rbac = 'rbac.authorization.k8s.io';
const authorization = 'authorization.k8s.io';
const authentication = 'authentication.k8s.io';

/** The built-in resources in discovery order: groups as they appear first, resources by name. */
export const builtinResources: readonly ApiResource[] = [
	resource('', 'v1', 'configmaps', 'ConfigMap', {short: ['cm']}),
	resource('', 'v1', 'endpoints', 'Endpoints', {short: ['ep']}),
	resource('', 'v1', 'events', 'Event', {short: ['ev']}),
	refused('', 'limitranges', 'LimitRange', {short: ['limits'], status: false}),
	resource('', 'v1', 'namespaces', 'Namespace', {
		short: ['ns'],
		cluster: true,
		verbs: allVerbs.filter(verb => verb !== 'deletecollection'),
		subresources: [{name: 'finalize', kind: 'Namespace', verbs: ['update']}, status('Namespace')],
	}),
	resource('', 'v1', 'nodes', 'Node', {short: ['no'], cluster: true, subresources: [status('Node')]}),
	refused('', 'persistentvolumeclaims', 'PersistentVolumeClaim', {short: ['pvc']}),
	refused('', 'persistentvolumes', 'PersistentVolume', {short: ['pv'], cluster: true}),
	resource('', 'v1', 'pods', 'Pod', {
		short: ['po'],
		categories: ['all'],
		subresources: [binding, eviction, {name: 'log', kind: 'Pod', verbs: ['get']}, status('Pod')],
	}),
	refused('', 'replicationcontrollers', 'ReplicationController', {short: ['rc'], categories: ['all'], scale: true}),
	refused('', 'resourcequotas', 'ResourceQuota', {short: ['quota']}),
	resource('', 'v1', 'secrets', 'Secret'),
	resource('', 'v1', 'serviceaccounts', 'ServiceAccount', {
		short: ['sa'],
		subresources: [{name: 'token', kind: 'TokenRequest', verbs: ['create'], group: authentication, version: 'v1'}],
	}),
	resource('', 'v1', 'services', 'Service', {
		short: ['svc'],
		categories: ['all'],
		subresources: [status('Service')],
	}),
	resource('events.k8s.io', 'v1', 'events', 'Event', {short: ['ev'], storage: 'events'}),
	workload('apps', 'daemonsets', 'DaemonSet', {short: ['ds'], categories: ['all']}),
	workload('apps', 'deployments', 'Deployment', {short: ['deploy'], categories: ['all'], scale: true}),
	workload('apps', 'replicasets', 'ReplicaSet', {short: ['rs'], categories: ['all'], scale: true}),
	refused('apps', 'statefulsets', 'StatefulSet', {short: ['sts'], categories: ['all'], scale: true}),
	refused('autoscaling', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', {
		version: 'v2',
		short: ['hpa'],
		categories: ['all'],
	}),
	refused('batch', 'cronjobs', 'CronJob', {short: ['cj'], categories: ['all']}),
	refused('batch', 'jobs', 'Job', {categories: ['all']}),
	resource('certificates.k8s.io', 'v1', 'certificatesigningrequests', 'CertificateSigningRequest', {
		short: ['csr'],
		cluster: true,
		subresources: [{name: 'approval', kind: 'CertificateSigningRequest', verbs: readWrite}, status('CertificateSigningRequest')],
	}),
	resource('coordination.k8s.io', 'v1', 'leases', 'Lease'),
	resource('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
	refused('networking.k8s.io', 'ingresses', 'Ingress', {short: ['ing']}),
	refused('networking.k8s.io', 'networkpolicies', 'NetworkPolicy', {short: ['netpol'], status: false}),
	workload('policy', 'poddisruptionbudgets', 'PodDisruptionBudget', {short: ['pdb']}),
	resource(rbac, 'v1', 'clusterrolebindings', 'ClusterRoleBinding', {cluster: true}),
	resource(rbac, 'v1', 'clusterroles', 'ClusterRole', {cluster: true}),
	resource(rbac, 'v1', 'rolebindings', 'RoleBinding'),
	resource(rbac, 'v1', 'roles', 'Role'),
	resource('apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition', {
		short: ['crd', 'crds'],
		categories: ['api-extensions'],
		cluster: true,
		subresources: [status('CustomResourceDefinition')],
		generation: true,
	}),
	refused('storage.k8s.io', 'storageclasses', 'StorageClass', {short: ['sc'], cluster: true, status: false}),
	review(authentication, 'selfsubjectreviews', 'SelfSubjectReview'),
	review(authentication, 'tokenreviews', 'TokenReview'),
	review(authorization, 'localsubjectaccessreviews', 'LocalSubjectAccessReview', false),
	review(authorization, 'selfsubjectaccessreviews', 'SelfSubjectAccessReview'),
	review(authorization, 'selfsubjectrulesreviews', 'SelfSubjectRulesReview'),
	review(authorization, 'subjectaccessreviews', 'SubjectAccessReview'),
];
