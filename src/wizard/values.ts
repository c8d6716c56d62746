import {accountKeys, identityKeys} from '../config/account-keys.ts';
import type {CheckView} from '../fold.ts';
import {type CloudId, cloudIds} from '../providers/catalogues.ts';
import type {FolderReport, IdentityPlan, Plan, Versions} from './deps.ts';
import type {VouchedView} from './vouched-view.ts';

export const stepIds = [
	'folder',
	'checks',
	'provider',
	'protection',
	'place',
	'machines',
	'access',
	'name',
	'nodes',
	'kubernetes',
	'attestation',
	'measurements',
	'account',
	'identity',
	'identities',
	'image',
	'review',
	'work',
	'removal',
	'secrets',
	'summary',
] as const;
export type StepId = (typeof stepIds)[number];

export const fieldIds = [
	'folder',
	'ignoreRules',
	'provider',
	'variant',
	'region',
	'zone',
	'instanceType',
	'sourceRanges',
	'name',
	'controlPlanes',
	'workers',
	'kubernetes',
	'image',
	'measurementsFrom',
	'signerKey',
	'measurementsConsent',
	...accountKeys,
	'iam',
	'iamPrefix',
	'iamConsent',
	...identityKeys,
	'nodeImage',
	'consent',
	'removal',
	'copy',
] as const;
export type FieldId = (typeof fieldIds)[number];

/** What is done rather than answered: never kept, and no reason to plan anew. */
export const acts: ReadonlySet<FieldId> = new Set(['consent', 'copy', 'iamConsent', 'measurementsConsent', 'removal']);

/** What is on the form, as text; `answersOf` turns it into the typed answers. */
export type Values = Readonly<Record<FieldId, string>>;

/** What the world said so far. Each fact names what it was asked for, so that a late answer to an old question is dropped. */
export type Facts = {
	folder?: {asked: string; report: FolderReport};
	checks: {asked: string; state: 'idle' | 'running' | 'done' | 'failed'; list: readonly CheckView[]; error?: string};
	versions?: Versions;
	plan: {
		asked: string;
		state: 'idle' | 'running' | 'done' | 'failed';
		plan?: Plan;
		error?: Failure;
		note?: string;
		/** What was checked for it. */
		checks?: readonly CheckView[];
	};
	identities: {
		asked: string;
		state: 'idle' | 'planning' | 'planned' | 'making' | 'made' | 'failed';
		plan?: IdentityPlan;
		error?: Failure;
		note?: string;
		/** Whether making any was begun: from then on some may exist, whatever failed. */
		begun?: boolean;
	};
	/** What the source of signed measurements says of the image; absent before one was asked. */
	measurements?: MeasurementsFact;
	/** The config is there already and says everything: only the review is left. */
	settled?: boolean;
};

export type MeasurementsFact =
	| {asked: string; state: 'running'}
	| {asked: string; state: 'done'; vouched: VouchedView}
	| {asked: string; state: 'failed'; error: Failure};

/** An error as the wizard shows it. */
export type Failure = {
	message: string;
	problems: readonly {path: string; message: string; fix?: string}[];
	next: readonly string[];
	/** It stands still because somebody wanted that: no trouble. */
	calm?: boolean;
};

/** The cloud that was chosen; undefined for places on this machine. */
export const cloudOf = ({provider}: Pick<Values, 'provider'>): CloudId | undefined => cloudIds.find(id => id === provider);

/** What is known of the folder that is on the form now. */
export function folderReport(values: Values, facts: Facts): NonNullable<Facts['folder']>['report'] | undefined {
	return facts.folder?.asked === values.folder ? facts.folder.report : undefined;
}

/** Whether somebody else is asked about the image; the word `image` means nobody. */
export const namesSource = ({measurementsFrom}: Pick<Values, 'measurementsFrom'>): boolean =>
	!['', 'image'].includes(measurementsFrom.trim());

/** What the source of measurements is asked. */
export const measurementsKey = ({folder, image, measurementsFrom, signerKey}: Values): string =>
	JSON.stringify([folder, image, measurementsFrom, signerKey]);
