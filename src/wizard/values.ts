import type {CheckView} from '../fold.ts';
import {type CloudId, cloudIds} from '../providers/catalogues.ts';
import type {FolderReport, Plan, Versions} from './deps.ts';

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
	'review',
	'work',
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
	'consent',
	'copy',
] as const;
export type FieldId = (typeof fieldIds)[number];

/** What is on the form, as text; `answersOf` turns it into the typed answers. */
export type Values = Readonly<Record<FieldId, string>>;

/** What the world said so far. Each fact names what it was asked for, so that a late answer to an old question is dropped. */
export type Facts = {
	folder?: {asked: string; report: FolderReport};
	checks: {asked: string; state: 'idle' | 'running' | 'done' | 'failed'; list: readonly CheckView[]; error?: string};
	versions?: Versions;
	plan: {asked: string; state: 'idle' | 'running' | 'done' | 'failed'; plan?: Plan; error?: Failure; note?: string};
};

/** An error as the wizard shows it. */
export type Failure = {
	message: string;
	problems: readonly {path: string; message: string; fix?: string}[];
	next: readonly string[];
};

/** The cloud that was chosen; undefined for places on this machine. */
export const cloudOf = ({provider}: Pick<Values, 'provider'>): CloudId | undefined => cloudIds.find(id => id === provider);

/** What is known of the folder that is on the form now. */
export function folderReport(values: Values, facts: Facts): NonNullable<Facts['folder']>['report'] | undefined {
	return facts.folder?.asked === values.folder ? facts.folder.report : undefined;
}
