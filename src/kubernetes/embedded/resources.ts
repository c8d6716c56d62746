import type {ApiResource, Subresource} from './types.ts';

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;
const readWrite = ['get', 'patch', 'update'] as const;

/** Why the local provider does not run workloads; `kind` as in `Deployment`. */
export function workloadRefusal(kind: string): string {
	return `the local provider rehearses the cluster and runs no workloads, so it does not take a ${kind}; use the qemu provider or a cloud for that`;
}

type Options = {
	short?: string[];
	categories?: string[];
	cluster?: boolean;
	subresources?: Subresource[];
	verbs?: readonly string[];
	storage?: string;
	generation?: boolean;
	refused?: boolean;
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
		...(options.refused ? {refusal: workloadRefusal(kind)} : {}),
	};
}

function status(kind: string): Subresource {
	return {name: 'status', kind, verbs: readWrite};
}

const scale: Subresource = {name: 'scale', kind: 'Scale', verbs: readWrite, group: 'autoscaling', version: 'v1'};

const eviction: Subresource = {name: 'eviction', kind: 'Eviction', verbs: ['create'], group: 'policy', version: 'v1'};

type WorkloadOptions = {
	short?: string[];
	categories?: string[];
	cluster?: boolean;
	scale?: boolean;
	status?: boolean;
	version?: string;
};

/** A kind that can be found and listed (there are none), so that clients work; creating one is refused. */
function workload(group: string, plural: string, kind: string, options: WorkloadOptions = {}): ApiResource {
	const {scale: scalable = false, status: hasStatus = true, version = 'v1', ...rest} = options;
	return resource(group, version, plural, kind, {
		...rest,
		subresources: [...(scalable ? [scale] : []), ...(hasStatus ? [status(kind)] : [])],
		generation: true,
		refused: true,
	});
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
	resource('', 'v1', 'endpoints', 'Endpoints', {short: ['ep'], refused: true}),
	resource('', 'v1', 'events', 'Event', {short: ['ev']}),
	workload('', 'limitranges', 'LimitRange', {short: ['limits'], status: false}),
	resource('', 'v1', 'namespaces', 'Namespace', {
		short: ['ns'],
		cluster: true,
		verbs: allVerbs.filter(verb => verb !== 'deletecollection'),
		subresources: [{name: 'finalize', kind: 'Namespace', verbs: ['update']}, status('Namespace')],
	}),
	resource('', 'v1', 'nodes', 'Node', {short: ['no'], cluster: true, subresources: [status('Node')]}),
	workload('', 'persistentvolumeclaims', 'PersistentVolumeClaim', {short: ['pvc']}),
	workload('', 'persistentvolumes', 'PersistentVolume', {short: ['pv'], cluster: true}),
	resource('', 'v1', 'pods', 'Pod', {
		short: ['po'],
		categories: ['all'],
		subresources: [eviction, {name: 'log', kind: 'Pod', verbs: ['get']}, status('Pod')],
	}),
	workload('', 'replicationcontrollers', 'ReplicationController', {short: ['rc'], categories: ['all'], scale: true}),
	workload('', 'resourcequotas', 'ResourceQuota', {short: ['quota']}),
	resource('', 'v1', 'secrets', 'Secret'),
	resource('', 'v1', 'serviceaccounts', 'ServiceAccount', {
		short: ['sa'],
		subresources: [{name: 'token', kind: 'TokenRequest', verbs: ['create'], group: authentication, version: 'v1'}],
	}),
	resource('', 'v1', 'services', 'Service', {
		short: ['svc'],
		categories: ['all'],
		subresources: [status('Service')],
		refused: true,
	}),
	resource('events.k8s.io', 'v1', 'events', 'Event', {short: ['ev'], storage: 'events'}),
	workload('apps', 'daemonsets', 'DaemonSet', {short: ['ds'], categories: ['all']}),
	workload('apps', 'deployments', 'Deployment', {short: ['deploy'], categories: ['all'], scale: true}),
	workload('apps', 'replicasets', 'ReplicaSet', {short: ['rs'], categories: ['all'], scale: true}),
	workload('apps', 'statefulsets', 'StatefulSet', {short: ['sts'], categories: ['all'], scale: true}),
	workload('autoscaling', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', {
		version: 'v2',
		short: ['hpa'],
		categories: ['all'],
	}),
	workload('batch', 'cronjobs', 'CronJob', {short: ['cj'], categories: ['all']}),
	workload('batch', 'jobs', 'Job', {categories: ['all']}),
	resource('certificates.k8s.io', 'v1', 'certificatesigningrequests', 'CertificateSigningRequest', {
		short: ['csr'],
		cluster: true,
		subresources: [{name: 'approval', kind: 'CertificateSigningRequest', verbs: readWrite}, status('CertificateSigningRequest')],
	}),
	resource('coordination.k8s.io', 'v1', 'leases', 'Lease'),
	workload('networking.k8s.io', 'ingresses', 'Ingress', {short: ['ing']}),
	workload('networking.k8s.io', 'networkpolicies', 'NetworkPolicy', {short: ['netpol'], status: false}),
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
	workload('storage.k8s.io', 'storageclasses', 'StorageClass', {short: ['sc'], cluster: true, status: false}),
	review(authentication, 'selfsubjectreviews', 'SelfSubjectReview'),
	review(authentication, 'tokenreviews', 'TokenReview'),
	review(authorization, 'localsubjectaccessreviews', 'LocalSubjectAccessReview', false),
	review(authorization, 'selfsubjectaccessreviews', 'SelfSubjectAccessReview'),
	review(authorization, 'selfsubjectrulesreviews', 'SelfSubjectRulesReview'),
	review(authorization, 'subjectaccessreviews', 'SubjectAccessReview'),
];
