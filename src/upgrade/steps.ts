import type {ClusterKind} from './observed.ts';

export type StepKind =
	| 'lock'
	| 'backup'
	| 'policy'
	| 'services'
	| 'kubernetes'
	| 'control-planes'
	| 'workers'
	| 'retire'
	| 'verify';

/** What must be true right before a step; `guards.ts` says how each is checked. */
export type GuardId =
	| 'policy-as-planned'
	| 'both-accepted'
	| 'replicas-agree'
	| 'components-exist'
	| 'not-ahead'
	| 'enough-control-planes'
	| 'old-unused'
	| 'no-strand';

export type StepSpec = {kind: StepKind; title: string; guards: readonly GuardId[]; comesWithImage: boolean};

const step = (kind: StepKind, title: string, guards: readonly GuardId[] = [], comesWithImage = false): StepSpec => ({
	kind,
	title,
	guards,
	comesWithImage,
});
const replacing: readonly GuardId[] = [
	'both-accepted',
	'replicas-agree',
	'components-exist',
	'not-ahead',
	'enough-control-planes',
	'no-strand',
];

/**
 * The order of an upgrade, as data. The policies come first and go last: in between every node of either image finds its way back. Control
 * planes come before workers, since no kubelet may be newer than the oldest API server.
 */
export const stepOrder: readonly StepSpec[] = [
	step('lock', 'keep others out: workspace, cluster, autoscaler'),
	step('backup', 'back up what the upgrade changes, and read it back'),
	step('policy', 'accept both images at every JoinService', ['policy-as-planned', 'no-strand']),
	step('services', 'update the services', ['replicas-agree'], true),
	step('kubernetes', 'update the Kubernetes control plane', ['replicas-agree', 'components-exist', 'no-strand'], true),
	step('control-planes', 'replace the control planes, one after the other', replacing),
	step('workers', 'replace the workers', replacing),
	step('retire', 'accept only the new image', ['both-accepted', 'old-unused']),
	step('verify', 'challenge every node'),
];

/** How a step is shown where the cluster has it in its image. */
export const isIncluded = ({comesWithImage}: StepSpec, {imageHasAll}: ClusterKind): boolean => comesWithImage && imageHasAll;
