import type {AccountKey} from '../config/account-keys.ts';
import type {ClusterSummary, EventOf, Flow, PlannedChange, PlanPart} from '../events.ts';
import type {Secret} from '../secret.ts';
import type {Values} from './values.ts';
import type {VouchedView} from './vouched-view.ts';

export const providerIds = ['local', 'aws', 'azure', 'gcp', 'openstack', 'stackit', 'qemu'] as const;
export type ProviderId = (typeof providerIds)[number];

/** What a person has decided when the review is done. */
export type Answers = {
	/** Absolute path of the workspace. */
	folder: string;
	/** Whether to add ignore rules for the secret files to the git repository around the folder. */
	ignoreRules: boolean;
	provider: ProviderId;
	name: string;
	controlPlanes: number;
	workers: number;
	/** With leading v, such as `v1.32.9`. */
	kubernetes: string;
	/** The image every node must be, such as `v0.1.0`. */
	image: string;
	/** Whom else to ask about the image, and whose signature counts there (the file of a public key). */
	measurements?: {from: string; keyFile?: string};
	/** What only clouds are asked. */
	cloud?: CloudChoice;
};

/** `region` and `zone` are empty where the cloud has none, `image` where there is none yet. */
export type CloudChoice = {
	variant: string;
	region: string;
	zone: string;
	instanceType: string;
	sourceRanges: readonly string[];
	image: string;
	/** Keys of the provider section: the account, and the identities of the nodes. */
	account: Readonly<Partial<Record<AccountKey, string>>>;
	/** What the names of identities start with; absent where existing ones are used. */
	iamPrefix?: string;
};

/** What is known of a folder before it becomes a workspace. */
export type FolderReport = {
	/** Absolute. */
	path: string;
	/** Why this folder cannot be used, as a sentence; absent when it can. */
	problem?: string;
	/** What is worth knowing, one sentence each. */
	notes: readonly string[];
	/** The git repository around the folder, and whether it already ignores the secret files. */
	git?: {root: string; ignored: boolean};
};

/** What can be chosen, newest first; the first of each list is the default. */
export type Versions = {
	kubernetes: readonly string[];
	images: readonly ImageChoice[];
	/** Whether one could begin there right now, in a few words; of places that were asked about. */
	places?: Readonly<Partial<Record<ProviderId, string>>>;
};

export type ImageChoice = {
	version: string;
	/** Where the measurements lie: the image's folder, a file or an address. */
	source: string;
	/** How they came about: computed from the image's files on this machine, read from a signed file, or from a mirror. */
	origin: 'computed' | 'file' | 'mirror';
	/** Whose signature was checked. */
	signer: string;
	/** What the transparency log says of them, as a clause. */
	log: string;
	/** Without a value: it follows from the keys of the cluster, which are made with it. */
	registers: readonly {register: number; meaning: string; value?: string}[];
};

/** What will happen on consent, and what can be said about it. `hash` ties the consent to the plan that is applied. */
export type Plan = {
	hash: string;
	create: number;
	update: number;
	destroy: number;
	changes: readonly PlannedChange[];
	/** What the changes mean, by topics; clouds have it. */
	preview?: readonly PlanPart[];
	/** Files that will be written, relative to the workspace. */
	writes: readonly string[];
	/** Addresses and ports that will be opened. */
	opens: readonly string[];
	/** What costs money or resources while the cluster exists. */
	costs: readonly string[];
	/** What cannot be undone. */
	irreversible: readonly string[];
};

/** Identities that will be made on consent. */
export type IdentityPlan = Pick<Plan, 'hash' | 'create' | 'update' | 'destroy' | 'changes' | 'preview'>;

/** The two halves of a master secret, 32 bytes each; shown and copied, never logged. The wizard erases them at its end. */
export type MasterSecretView = {key: Secret; salt: Secret};

/** Everything the wizard asks of the world. Flows throw AppError for what a person can act on. */
export type WizardDeps = {
	now: () => number;
	/** Looks at a folder without changing it. `~` and relative paths are resolved. */
	folder: (path: string, signal: AbortSignal) => Promise<FolderReport>;
	/** What can fail before anything is asked: Terraform, ports, addresses, disk. */
	checks: (folder: string, signal: AbortSignal) => AsyncIterable<EventOf<'check'>>;
	versions: () => Promise<Versions>;
	/** What the source that was named says of the image; throws AppError where it does not vouch for it. */
	vouch: (answers: Answers, signal: AbortSignal) => Promise<VouchedView>;
	/** Makes the plan without creating anything. Run again when an answer changes. */
	plan: (answers: Answers, signal: AbortSignal) => Flow<Plan>;
	/**
	 * Create and init, re-runnable: what was agreed to once need not be agreed to again. Throws AppError `no-node-image` where the
	 * infrastructure is as far as it goes.
	 */
	apply: (answers: Answers, plan: Plan, signal: AbortSignal) => Flow<ClusterSummary>;
	/** Removes what was made; gives what it was, in words. */
	remove: (answers: Answers, signal: AbortSignal) => Flow<readonly string[]>;
	planIdentities: (answers: Answers, signal: AbortSignal) => Flow<IdentityPlan>;
	/** Makes what was planned; gives the keys of the provider section that name it. */
	makeIdentities: (answers: Answers, plan: IdentityPlan, signal: AbortSignal) => Flow<Partial<Record<AccountKey, string>>>;
	masterSecret: (answers: Answers) => Promise<MasterSecretView>;
	/** Notes in the workspace whether the person has a copy of the master secret. */
	copyConfirmed: (answers: Answers, confirmed: boolean) => Promise<void>;
	/** Writes the config only. */
	saveConfig: (answers: Answers) => Promise<void>;
	/** Writes the config, has it edited by `open`, and gives what it answers now. Throws AppError where it is not valid. */
	editConfig: (answers: Answers, open: (file: string) => Promise<void>) => Promise<Partial<Values>>;
	/** The draft of an earlier run, if there is one. */
	loadDraft: () => Promise<string | undefined>;
	saveDraft: (text: string) => Promise<void>;
	removeDraft: () => Promise<void>;
	/** Writes a report of a crash and returns its path. */
	crashReport: (error: unknown) => string;
};

/** How the wizard ended. `left` keeps the draft. */
export type WizardResult =
	| {outcome: 'created'; answers: Answers; summary: ClusterSummary; copyConfirmed: boolean}
	| {outcome: 'saved'; answers: Answers}
	| {outcome: 'removed'; answers: Answers; removed: readonly string[]}
	| {outcome: 'left'};
