import type {NodeRole} from '../../../events.ts';
import type {UpgradeFailure} from '../../../kubernetes/upgrade-annotations.ts';
import type {Machine, NodeGroup} from '../../../providers/node-groups.ts';
import type {PolicySet} from '../../../upgrade/policy-set.ts';
import type {ReplicaReport} from '../../../upgrade/replica-report.ts';

export type Taint = {key: string; effect: string; value?: string};

/** A Node, as far as its replacement cares. */
export type SeenNode = {
	name: string;
	uid: string;
	role: NodeRole;
	ready: boolean;
	/** What its annotations say of image, components and group. */
	image: string | undefined;
	components: string | undefined;
	group: string | undefined;
	/** Version of its kubelet. */
	kubernetes: string;
	heir: string | undefined;
	donor: string | undefined;
	obsolete: boolean;
	/** What its annotations say of its attestation. */
	attestedImage: string | undefined;
	attestationKey: string | undefined;
	labels: Readonly<Record<string, string>>;
	taints: readonly Taint[];
	unschedulable: boolean;
};

/** What JoinServices recorded of a machine that is not retired. */
export type Attestation = {name: string; attestationKey: string; image: string | undefined};

export type CspState = 'Unknown' | 'Creating' | 'Ready' | 'Stopped' | 'Terminating' | 'Terminated' | 'Failed';

export type SeenPending = {
	name: string;
	group: string;
	goal: 'Join' | 'Leave';
	/** Milliseconds since the epoch; undefined when it has none. */
	deadline: number | undefined;
	createdAt: number;
	/** Whom it is to replace, where the operator made it. */
	donor: string | undefined;
	state: CspState | undefined;
	reachedGoal: boolean;
};

/** `uid`: of the very Node that it is about. */
export type SeenMaintenance = {
	node: string;
	uid: string;
	phase: 'Running' | 'Succeeded' | 'Failed' | undefined;
	lastError: string;
};

export type SeenScalingGroup = {name: string; groupId: string; imageReference: string | undefined; outdated: boolean | undefined};

/** A refusal that a JoinService recorded; times in milliseconds since the epoch. */
export type SeenRefusal = {node: string; message: string; expected?: string; actual?: string; last: number};

/** What the nodes should be, from the NodeVersion. */
export type Wanted = {
	image: string;
	imageVersion: string;
	components: string;
	kubernetes: string;
	paused: boolean;
	direction: 'forward' | 'back' | 'stay';
	surge: number;
	joinSeconds: number;
	drainSeconds: number;
	retire: number | undefined;
	failure: UpgradeFailure | undefined;
};

/** Everything the next step follows from: the cluster's objects and the provider's machines, at one time. */
export type Observation = {
	/** Milliseconds since the epoch. */
	now: number;
	wanted: Wanted;
	nodes: readonly SeenNode[];
	attestations: readonly Attestation[];
	pending: readonly SeenPending[];
	/** Names of nodes that hold a ticket and are not registered yet. */
	joining: readonly string[];
	maintenances: readonly SeenMaintenance[];
	scalingGroups: readonly SeenScalingGroup[];
	/** Absent until it was made. */
	autoscaling: {enabled: boolean; active: boolean | undefined; enabledBefore: boolean} | undefined;
	refusals: readonly SeenRefusal[];
	policies: PolicySet;
	replicas: readonly ReplicaReport[];
	/** Whether the ConfigMap of the wanted components exists. */
	componentsExist: boolean;
	groups: readonly NodeGroup[];
	machines: readonly Machine[];
};

/** One thing to do; each may be done again without harm. */
export type Action =
	| {do: 'annotate-node'; node: string; annotations: Readonly<Record<string, string | null>>}
	| {do: 'create-scaling-group'; group: NodeGroup}
	| {do: 'delete-scaling-group'; name: string}
	| {do: 'create-autoscaling'}
	| {do: 'pause-autoscaling'}
	| {do: 'restore-autoscaling'}
	| {do: 'report-autoscaling'; active: boolean}
	| {do: 'set-group-image'; group: string; image: string}
	/** Makes the machine, then its PendingNode. The token makes it one machine, however often it is asked for. */
	| {do: 'create-machine'; group: string; donor: string; token: string}
	| {do: 'report-pending'; name: string; state: CspState; reachedGoal: boolean}
	| {do: 'delete-pending'; name: string}
	/** From here on a machine goes, whatever happens. */
	| {do: 'begin-leave'; name: string; group: string}
	| {do: 'copy-labels'; node: string; labels: Readonly<Record<string, string>>; taints: readonly Taint[]}
	/** One pass: cordons, evicts, reports. */
	| {do: 'drain'; node: string}
	| {do: 'end-drain'; node: string; uncordon: boolean}
	| {do: 'set-draining'; machine: string; draining: boolean}
	| {do: 'retire-machine'; name: string}
	| {do: 'delete-node'; name: string}
	| {do: 'delete-machine'; name: string}
	| {do: 'record-failure'; failure: UpgradeFailure}
	| {do: 'retire-policies'; digests: readonly string[]; generation: number}
	| {do: 'end-retirement'};

export type Plan = {
	actions: readonly Action[];
	/** What is waited for, one sentence each. */
	waiting: readonly string[];
	/** Whether anything is under way that shows in no object, such as a machine that boots: look again soon. */
	busy: boolean;
};
