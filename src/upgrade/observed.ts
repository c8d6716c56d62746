import type {NodeRole} from '../events.ts';
import type {KubernetesSet} from './kubernetes-rules.ts';
import type {PolicySet} from './policy-set.ts';

/** A Node with the machine under it. */
export type ObservedNode = {
	name: string;
	role: NodeRole;
	ready: boolean;
	/** Version of its image; undefined where neither Node nor provider says. */
	image?: string | undefined;
	/** Version of its kubelet. */
	kubernetes: string;
	/** Name of its components ConfigMap, where its annotation says so. */
	components?: string | undefined;
	/** Whether its machine is off. */
	stopped: boolean;
};

export type ObservedGroup = {name: string; role: NodeRole; image: string; size: number};

/** A node on its way in: it has a JoiningNode or a PendingNode, or a machine and no Node yet. */
export type InFlight = {
	kind: 'JoiningNode' | 'PendingNode' | 'machine';
	name: string;
	role: NodeRole;
	image?: string | undefined;
};

export type ObservedPod = {
	namespace: string;
	name: string;
	node: string;
	/** The controller: for a Deployment's pod its ReplicaSet. */
	owner?: {kind: string; name: string} | undefined;
	/** How many pods the controller has. */
	replicas: number;
	/** Whether it has a volume that stays on its node. */
	localData: boolean;
};

export type ObservedBudget = {
	namespace: string;
	name: string;
	/** How many of its pods may be evicted now. */
	allowed: number;
	pods: readonly string[];
};

/** Everything that a flight plan is made from; read from the cluster and its provider, nothing is guessed. */
export type Observed = {
	nodes: readonly ObservedNode[];
	groups: readonly ObservedGroup[];
	inFlight: readonly InFlight[];
	/** What the NodeVersion asks for. */
	wanted: KubernetesSet & {image: string};
	/** Whether the NodeVersion is active or outdated: another upgrade works. */
	busy: boolean;
	policies: PolicySet;
	/** Images of that set that `recover` accepts with what the workspace pins. */
	recoverable: readonly string[];
	/** Names of the components ConfigMaps that exist. */
	componentSets: readonly string[];
	apiServers: readonly {node: string; version: string}[];
	autoscaling: boolean;
	/** Pods that a drain would evict: none of DaemonSets, none that a node runs by itself. */
	pods: readonly ObservedPod[];
	budgets: readonly ObservedBudget[];
	/** How long replacing a node took, in milliseconds: creating, joining and draining, as recorded. */
	durations: readonly number[];
};

/** How clusters of a provider are built, as far as an upgrade cares. */
export type ClusterKind = {
	/** Services and Kubernetes come with the image: no steps of their own. */
	imageHasAll: boolean;
	/**
	 * `shared`: one store for all API servers, one of them is enough, and a control plane's kubelet talks to its own. `etcd`: a member a
	 * control plane, a majority of them must live, and kubelets talk to any API server.
	 */
	store: 'shared' | 'etcd';
};

export const localKind: ClusterKind = {imageHasAll: true, store: 'shared'};
export const kubeadmKind: ClusterKind = {imageHasAll: false, store: 'etcd'};
