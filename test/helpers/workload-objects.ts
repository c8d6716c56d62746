import type {
	Budget,
	DaemonSet,
	Deployment,
	Node,
	Owner,
	Pod,
	PodSpec,
	ReplicaSet,
	World,
} from '../../src/services/operator/workloads/types.ts';

/** Small objects for the controllers, as the API server would give them. Times are seconds of `start`. */
export const start = Date.parse('2030-01-01T00:00:00Z');
export const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString().replace('.000Z', 'Z');

const labels = {app: 'web'};
const container = {name: 'main', image: 'example.test/web:1.0'};

type PodOptions = {
	node?: string;
	ready?: boolean;
	readySince?: number;
	labels?: Record<string, string>;
	owner?: Owner;
	deleted?: boolean;
	spec?: Partial<PodSpec>;
	annotations?: Record<string, string>;
	phase?: string;
};

export const pod = (name: string, options: PodOptions = {}): Pod => {
	const {node, ready = node !== undefined, readySince = -60, owner, deleted = false, spec = {}, annotations, phase} = options;
	return {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {
			name,
			namespace: 'default',
			uid: `uid-${name}`,
			resourceVersion: '1',
			labels: options.labels ?? labels,
			creationTimestamp: at(-60),
			...(annotations && {annotations}),
			...(owner && {ownerReferences: [owner]}),
			...(deleted && {deletionTimestamp: at(30)}),
		},
		spec: {containers: [container], ...(node !== undefined && {nodeName: node}), ...spec},
		status: {
			phase: phase ?? (node === undefined ? 'Pending' : 'Running'),
			conditions: [{type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at(readySince)}],
		},
	};
};

export const node = (
	name: string,
	options: {ready?: boolean; spec?: Node['spec']; labels?: Record<string, string>; cpu?: string} = {},
): Node => ({
	apiVersion: 'v1',
	kind: 'Node',
	metadata: {name, uid: `uid-${name}`, labels: {'kubernetes.io/hostname': name, ...options.labels}},
	spec: options.spec ?? {},
	status: {
		conditions: [{type: 'Ready', status: options.ready === false ? 'Unknown' : 'True'}],
		allocatable: {cpu: options.cpu ?? '2', memory: '4Gi', pods: '10'},
	},
});

export const ownedBy = (kind: string, name: string): Owner => ({
	apiVersion: 'apps/v1',
	kind,
	name,
	uid: `uid-${name}`,
	controller: true,
});

export const replicaSet = (
	name: string,
	replicas: number,
	rest: {owner?: Owner; image?: string; revision?: number} = {},
): ReplicaSet => ({
	apiVersion: 'apps/v1',
	kind: 'ReplicaSet',
	metadata: {
		name,
		namespace: 'default',
		uid: `uid-${name}`,
		resourceVersion: '1',
		generation: 1,
		creationTimestamp: at(-100),
		labels: {...labels, 'pod-template-hash': name},
		annotations: {'deployment.kubernetes.io/revision': String(rest.revision ?? 1)},
		...(rest.owner && {ownerReferences: [rest.owner]}),
	},
	spec: {
		replicas,
		selector: {matchLabels: {...labels, 'pod-template-hash': name}},
		template: {
			metadata: {labels: {...labels, 'pod-template-hash': name}},
			spec: {containers: [{...container, image: rest.image ?? container.image}]},
		},
	},
	status: {},
});

export const deployment = (name: string, spec: Partial<Deployment['spec']> = {}): Deployment => ({
	apiVersion: 'apps/v1',
	kind: 'Deployment',
	metadata: {name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '1', generation: 1},
	spec: {
		replicas: 3,
		selector: {matchLabels: labels},
		template: {metadata: {labels}, spec: {containers: [container]}},
		revisionHistoryLimit: 10,
		progressDeadlineSeconds: 600,
		strategy: {type: 'RollingUpdate', rollingUpdate: {maxSurge: 1, maxUnavailable: 0}},
		...spec,
	},
});

export const daemonSet = (name: string, spec: Partial<DaemonSet['spec']> = {}): DaemonSet => ({
	apiVersion: 'apps/v1',
	kind: 'DaemonSet',
	metadata: {name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '1', generation: 1},
	spec: {
		selector: {matchLabels: labels},
		template: {metadata: {labels}, spec: {containers: [container]}},
		updateStrategy: {type: 'RollingUpdate', rollingUpdate: {maxUnavailable: 1}},
		...spec,
	},
});

export const budget = (spec: Budget['spec'], status: Budget['status'] = {}): Budget => ({
	apiVersion: 'policy/v1',
	kind: 'PodDisruptionBudget',
	metadata: {name: 'web', namespace: 'default', uid: 'uid-budget', resourceVersion: '1', generation: 1},
	spec: {selector: {matchLabels: labels}, ...spec},
	status,
});

export const world = (parts: Partial<World> = {}): World => ({
	now: start,
	pods: [],
	replicaSets: [],
	deployments: [],
	daemonSets: [],
	budgets: [],
	services: [],
	endpoints: [],
	endpointSlices: undefined,
	nodes: [],
	...parts,
});
