/**
 * Everything a flow can tell: one tagged union, read by the Ink, plain and JSON renderers alike.
 * No event ever holds a secret. `at` is in milliseconds since the epoch. docs/events.md describes the JSON form.
 */

/** The states of a node's way in, in order; `source` of each in docs/events.md. */
export const laneStates = ['requested', 'booting', 'measured', 'attested', 'ticket', 'kubelet', 'ready'] as const;
export type LaneState = (typeof laneStates)[number];

export type NodeRole = 'control-plane' | 'worker';

/** Why a node was refused: what a person needs to decide the next step. */
export type RefusalView = {
	/** A finding code of the attestation package, such as `register-mismatch`. */
	code: string;
	sentence: string;
	register?: number;
	expected?: string;
	/** Where the expected value comes from, such as `image v0.1.0, computed from its files`. */
	expectedFrom?: string;
	actual?: string;
	likely: string;
	step: string;
};

/** Where a fact comes from; `reported` facts are the node's own word. */
export type Source = 'terraform' | 'provider' | 'reported' | 'cli' | 'join-service' | 'kubernetes';

export type PhaseId =
	| 'preflight'
	| 'plan'
	| 'machines'
	| 'init'
	| 'nodes'
	| 'recover'
	| 'lock'
	| 'backup'
	| 'policies'
	| 'control-planes'
	| 'workers'
	| 'retire'
	| 'verify'
	| 'secrets'
	| 'destroy';

/** Where a node stands while an upgrade replaces nodes. */
export type ReplacementState = 'outdated' | 'replacing' | 'draining' | 'leaving' | 'removed' | 'joining' | 'current' | 'surplus';

export type PlannedChange = {
	address: string;
	action: 'create' | 'update' | 'replace' | 'delete' | 'read' | 'no-op';
	kind: string;
};

/** What a plan means, one topic: machines, network, what costs money and so on. */
export type PlanPart = {title: string; lines: string[]};

export type VerifyCheck = {
	check: string;
	expected: string;
	actual: string;
	verdict: 'ok' | 'failed' | 'warning' | 'not-checked';
	/** Where the expected value came from. */
	source: string;
	/** What was found, as a sentence, where the values alone do not say it. */
	message?: string;
};

export type ClusterSummary = {
	name: string;
	provider: string;
	/** Base64 of 32 bytes. */
	clusterId: string;
	endpoint: string;
	kubernetesVersion: string;
	nodes: {name: string; role: NodeRole; ready: boolean; version?: string}[];
	files: {kubeconfig: string; masterSecret: string; id: string; config: string};
	elapsedMs: number;
	/** True where the provider emulates the machines. */
	rehearsal: boolean;
};

export type Event =
	| {type: 'phase'; id: PhaseId; state: 'started' | 'done' | 'failed' | 'skipped'; at: number; detail?: string}
	| {
			/** What the phases of this work took before on this machine; the first event, where there is a basis for it. */
			type: 'estimate';
			phases: {id: string; milliseconds: number}[];
			/** How many recorded runs of the same kind it rests on. */
			runs: number;
			at: number;
	  }
	| {
			type: 'check';
			id: string;
			title: string;
			state: 'running' | 'ok' | 'warning' | 'failed';
			detail?: string;
			fix?: string;
			/** The place that alone needs it; absent where every place does. */
			only?: 'local';
			at: number;
	  }
	| {
			type: 'plan';
			changes: PlannedChange[];
			create: number;
			update: number;
			destroy: number;
			/** What the changes mean, by topics; clouds have it. */
			preview?: PlanPart[];
			at: number;
	  }
	| {
			type: 'resource';
			address: string;
			state: 'started' | 'progress' | 'done' | 'failed';
			action: string;
			elapsedSeconds?: number;
			at: number;
	  }
	| {type: 'lane'; node: string; role: NodeRole; state: LaneState; source: Source; at: number}
	| {type: 'lane-refused'; node: string; role: NodeRole; refusal: RefusalView; count: number; at: number}
	| {type: 'lane-lost'; node: string; role?: NodeRole; reason: 'not-ready' | 'removed' | 'stopped' | 'dead'; at: number}
	| {
			type: 'waiting';
			node?: string;
			/** What it waits for, as a sentence without a full stop. */
			message: string;
			/** The last thing that went wrong while waiting, if it may pass by itself. */
			lastError?: string;
			/** When the wait gives up, in milliseconds since the epoch. */
			until?: number;
			at: number;
	  }
	| {
			/** What the JoinServices accept: the images of the policy set, newest first, and which replica does not enforce exactly it yet. */
			type: 'policies';
			/** Of the policy set; it only ever grows. */
			generation: number;
			/** Newest first. */
			images: string[];
			lagging: {node: string; reason: string}[];
			at: number;
	  }
	| {
			type: 'replacement';
			node: string;
			role: NodeRole;
			/**
			 * `outdated`: to be replaced. `replacing`: its replacement is there or on its way. `draining`, `leaving`, `removed`: on its way
			 * out. `joining`: on its way in for another node. `current`: what it should be. `surplus`: not needed any more.
			 */
			state: ReplacementState;
			/** The image it was made from. */
			image?: string;
			/** The node that it replaces, or that replaces it. */
			partner?: string;
			/** While it is drained: pods that are left, and the disruption budget that they wait for. */
			podsLeft?: number;
			blockedBy?: string;
			at: number;
	  }
	| {type: 'stream'; state: 'connected' | 'lost' | 'resumed'; detail?: string; at: number}
	| {type: 'log'; source: string; line: string; at: number}
	| {type: 'warning'; code: string; message: string; at: number}
	| {type: 'verify'; endpoint: string; checks: VerifyCheck[]; at: number}
	| {type: 'file'; path: string; purpose: string; at: number}
	| {type: 'summary'; summary: ClusterSummary; at: number};

export type EventOf<T extends Event['type']> = Extract<Event, {type: T}>;

/** A flow: yields events, returns its result. Throws AppError for what a person can act on. */
export type Flow<Result> = AsyncGenerator<Event, Result, void>;
