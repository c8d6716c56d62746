import type {LocalPolicy} from '../attestation/policy.ts';
import type {TrustSettings} from '../config/trust.ts';
import type {Event, Flow, NodeRole, PlannedChange} from '../events.ts';
import type {Plan, Terraform} from '../infrastructure/terraform.ts';
import type {Kube} from '../kubernetes/kube.ts';
import type {Machine} from '../providers/node-groups.ts';
import type {Image} from '../releases/image.ts';
import type {Workspace} from '../workspace/files.ts';
import type {Journal} from '../workspace/journal.ts';
import type {Vouched} from './vouched.ts';

export type {Plan, Terraform};

/** host:port of the cluster's load balancer by service. */
export type Endpoints = Readonly<Record<'bootstrapper' | 'recovery' | 'verify' | 'join' | 'kubernetes', string>>;

/** What Terraform's module of a provider is told; ends up in plain text in its state. */
export type ModuleVariables = Readonly<Record<string, unknown>>;

/** What every provider's module is made from. */
export type ModuleInput = {
	name: string;
	uid: string;
	image: Image;
	nodeGroups: Readonly<Record<string, {role: NodeRole; image: string; count: number}>>;
	initSecretHash: string;
};

/** The place where the machines of a cluster are. */
export type Provider = {
	/** What can fail before anything is made: all checks run, each is an event. Throws AppError `preflight` with all that failed. */
	preflight: () => Flow<void>;
	/** DER SubjectPublicKeyInfo of the key that certifies the TPMs of this cluster; made when there is none. */
	makerKey: (uid: string) => Promise<Uint8Array>;
	/** Claims addresses for the cluster and gives the variables of the Terraform module. Doing it twice is fine. */
	module: (cluster: ModuleInput) => Promise<{variables: ModuleVariables; opens: readonly string[]}>;
	/** How a planned change is told; undefined leaves it out. */
	describe: (change: PlannedChange) => PlannedChange | undefined;
	/** Machines as the provider sees them; undefined where it knows nothing of the cluster. */
	machines: (uid: string) => Promise<Machine[] | undefined>;
	/** Lanes and boot lines, from the present state on, until the signal aborts. Waits for a provider that is not there yet. */
	events: (uid: string, signal: AbortSignal) => AsyncIterable<Event>;
	/** Switches on what is off; ends when all machines have booted. */
	start: (uid: string) => Flow<void>;
	stop: (uid: string) => Flow<void>;
	/** What the provider's own records say is left of the cluster, in words; empty where nothing is. */
	leftovers: (uid: string) => Promise<string[]>;
	/** Ends and removes what is left, whatever Terraform knows of it. */
	removeLeftovers: (uid: string) => Flow<void>;
	/** The last lines a machine printed while it booted; for a report. */
	bootLog: (uid: string, machine: string) => Promise<string[]>;
};

/** What a flow needs of the world; made by `systemDependencies` for the product, by hand in tests. */
export type Dependencies = {
	workspace: Workspace;
	journal: Journal;
	provider: Provider;
	now: () => number;
	pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
	random: (bytes: number) => Uint8Array;
	/** bcrypt. */
	hashSecret: (secret: Uint8Array) => Promise<string>;
	secretMatches: (secret: Uint8Array, hash: string) => Promise<boolean>;
	/** Terraform in the workspace's folder, its module and variables written. Without variables: as it was written last. */
	terraform: (signal: AbortSignal, variables?: ModuleVariables) => Promise<Terraform>;
	/** The image of this version, checked against its files; the tool's own is made when there is none. */
	image: (version: string) => Promise<Image>;
	policyOf: (image: Image, makerKey: Uint8Array) => LocalPolicy;
	/** What the signed measurements that were named say of an image; undefined where none were. Throws AppError where they differ. */
	vouch: (image: Image, trust: TrustSettings) => Promise<Vouched | undefined>;
	kube: (kubeconfig: string) => Kube;
};
