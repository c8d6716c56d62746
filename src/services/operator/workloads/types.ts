import type {DeleteOptions, KubeObject, Resource} from '../../../kubernetes/kube.ts';
import type {Happening} from '../../../kubernetes/record-event.ts';
import type {LabelSelector} from '../../../kubernetes/selectors.ts';

export type Owner = {
	apiVersion: string;
	kind: string;
	name: string;
	uid: string;
	controller?: boolean;
	blockOwnerDeletion?: boolean;
};
type Metadata = KubeObject['metadata'] & {ownerReferences?: Owner[]; generation?: number};
type Typed<Spec, Status> = KubeObject & {metadata: Metadata; spec: Spec; status?: Status};

export type Condition = {
	type: string;
	status: string;
	reason?: string;
	message?: string;
	lastTransitionTime?: string;
	lastUpdateTime?: string;
};
export type Toleration = {key?: string; operator?: string; value?: string; effect?: string; tolerationSeconds?: number};
export type Taint = {key: string; value?: string; effect: string; timeAdded?: string};
export type NodeSelectorTerm = {
	matchExpressions?: {key: string; operator: string; values?: string[]}[];
	matchFields?: {key: string; operator: string; values?: string[]}[];
};
export type PodAffinityTerm = {labelSelector?: LabelSelector; namespaces?: string[]; topologyKey: string};
export type Container = {
	name: string;
	image: string;
	ports?: {name?: string; containerPort: number; protocol?: string}[];
	resources?: {requests?: Record<string, string>};
};
export type PodSpec = {
	nodeName?: string;
	schedulerName?: string;
	priority?: number;
	nodeSelector?: Record<string, string>;
	tolerations?: Toleration[];
	containers: Container[];
	initContainers?: Container[];
	volumes?: {name: string; persistentVolumeClaim?: {claimName: string}}[];
	schedulingGates?: unknown[];
	affinity?: {
		nodeAffinity?: {requiredDuringSchedulingIgnoredDuringExecution?: {nodeSelectorTerms: NodeSelectorTerm[]}};
		podAffinity?: {requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[]};
		podAntiAffinity?: {requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[]};
	};
	topologySpreadConstraints?: {maxSkew: number; topologyKey: string; whenUnsatisfiable: string; labelSelector?: LabelSelector}[];
};
export type Pod = Typed<PodSpec, {phase?: string; podIP?: string; conditions?: Condition[]}>;
export type Template = {metadata?: {labels?: Record<string, string>; annotations?: Record<string, string>}; spec: PodSpec};
export type Node = Typed<
	{unschedulable?: boolean; taints?: Taint[]},
	{conditions?: Condition[]; allocatable?: Record<string, string>}
>;
export type ReplicaSet = Typed<
	{replicas: number; minReadySeconds?: number; selector: LabelSelector; template: Template},
	Record<string, unknown>
>;
export type Amount = number | string;
export type Deployment = Typed<
	{
		replicas: number;
		minReadySeconds?: number;
		selector: LabelSelector;
		template: Template;
		paused?: boolean;
		revisionHistoryLimit: number;
		progressDeadlineSeconds: number;
		strategy: {type: string; rollingUpdate?: {maxSurge: Amount; maxUnavailable: Amount}};
	},
	{conditions?: Condition[]; updatedReplicas?: number; readyReplicas?: number; availableReplicas?: number; replicas?: number}
>;
export type DaemonSet = Typed<
	{
		minReadySeconds?: number;
		selector: LabelSelector;
		template: Template;
		updateStrategy: {type: string; rollingUpdate?: {maxUnavailable: Amount}};
	},
	Record<string, unknown>
>;
export type Budget = Typed<
	{selector?: LabelSelector; minAvailable?: Amount; maxUnavailable?: Amount},
	{disruptedPods?: Record<string, string>; conditions?: Condition[]}
>;
export type Service = Typed<
	{
		type?: string;
		selector?: Record<string, string>;
		ports?: {name?: string; port: number; protocol?: string; targetPort?: Amount}[];
	},
	unknown
>;
export type Endpoints = KubeObject & {metadata: Metadata; subsets?: unknown[]};
export type EndpointSlice = KubeObject & {metadata: Metadata; endpoints?: unknown[]; ports?: unknown[]};

/** The cluster as one round of the controllers sees it. `now` in milliseconds since the epoch. */
export type World = {
	now: number;
	pods: Pod[];
	replicaSets: ReplicaSet[];
	deployments: Deployment[];
	daemonSets: DaemonSet[];
	budgets: Budget[];
	services: Service[];
	endpoints: Endpoints[];
	/** Undefined where the API server does not know them: an older one while an upgrade replaces it. */
	endpointSlices: EndpointSlice[] | undefined;
	nodes: Node[];
};

export type Report = {about: KubeObject; happening: Happening};

/** One write that a controller wants; what names a version is not done when somebody else wrote meanwhile. */
export type Action = (
	| {kind: 'create'; resource: Resource; object: KubeObject}
	| {kind: 'patch'; resource: Resource; name: string; patch: object; subresource?: string}
	| {kind: 'replace'; resource: Resource; object: KubeObject; subresource?: string}
	| {kind: 'delete'; resource: Resource; name: string; options: DeleteOptions}
	| {kind: 'bind'; pod: Pod; node: string}
) & {report?: Report};

/** What a controller wants done, and when (milliseconds since the epoch) time alone gives it something to do. */
export type Decision = {actions: Action[]; wakeAt?: number};
