import type {ClusterSummary} from '../events.ts';
import type {CheckView} from '../fold.ts';
import type {FolderReport, IdentityPlan, MasterSecretView, Plan, Versions} from './deps.ts';
import type {LiveAction} from './live.ts';
import type {Overlay} from './state.ts';
import type {Edit} from './text-field.ts';
import type {Failure, MeasurementsFact, Values} from './values.ts';

/** Everything that can happen to the wizard: what a person does, and what the world answers. */
export type WizardAction =
	// A person
	| {type: 'next'}
	| {type: 'back'}
	| {type: 'focus'; by: number}
	| {type: 'choose'; by: number}
	| {type: 'edit'; edit: Edit}
	| {type: 'overlay'; overlay: Overlay}
	| {type: 'close'}
	| {type: 'scroll'; to: number}
	| {type: 'leave'}
	| {type: 'again'}
	| {type: 'stop'}
	| {type: 'remove'}
	| {type: 'edit-config'}
	| {type: 'reveal'; now: number}
	| {type: 'copy'; what: 'secret' | 'cluster-id'}
	| {type: 'card'}
	| {type: 'live'; action: LiveAction}
	// The world
	| {type: 'draft'; values: Partial<Values>}
	| {type: 'edited'; values: Partial<Values>}
	| {type: 'folder'; asked: string; report: FolderReport}
	| {type: 'checks'; asked: string; state: 'running' | 'done' | 'failed'; error?: string}
	| {type: 'check'; asked: string; check: CheckView}
	| {type: 'versions'; versions: Versions}
	| {type: 'plan'; asked: string; state: 'running'; note?: string; check?: CheckView}
	| {type: 'plan'; asked: string; state: 'done'; plan: Plan}
	| {type: 'plan'; asked: string; state: 'failed'; error: Failure}
	| {type: 'identities'; asked: string; state: 'planning' | 'making'; note?: string}
	| {type: 'identities'; asked: string; state: 'planned'; plan: IdentityPlan}
	| {type: 'identities'; asked: string; state: 'made'; values: Partial<Values>}
	| {type: 'identities'; asked: string; state: 'failed'; error: Failure}
	| {type: 'measurements'; fact: MeasurementsFact}
	| {type: 'created'; summary: ClusterSummary}
	| {type: 'reached'; end: Failure}
	| {type: 'removed'; what: readonly string[]}
	| {type: 'saved'}
	| {type: 'secret'; secret: MasterSecretView}
	| {type: 'secret-unreadable'; message: string}
	| {type: 'flash'; text: string; until: number}
	| {type: 'tick'; now: number};

/** What the shell has to do after an action. */
export type Effect =
	| {effect: 'folder'; path: string}
	| {effect: 'checks'; folder: string}
	| {effect: 'plan'; asked: string}
	| {effect: 'apply'}
	| {effect: 'remove'}
	| {effect: 'plan-identities'; asked: string}
	| {effect: 'make-identities'; asked: string}
	| {effect: 'measurements'; asked: string}
	| {effect: 'stop'}
	| {effect: 'save-config'}
	| {effect: 'edit-config'}
	| {effect: 'save-draft'}
	| {effect: 'load-secret'}
	| {effect: 'copy'; what: 'secret' | 'cluster-id'}
	| {effect: 'copy-confirmed'; confirmed: boolean}
	| {effect: 'end'};
