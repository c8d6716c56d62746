import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {KubeError} from '../../kubernetes/kube.ts';
import {resources} from '../../kubernetes/resources.ts';
import {parseFailure, type UpgradeFailure, upgradeAnnotations} from '../../kubernetes/upgrade-annotations.ts';

/** Name of the one NodeVersion of a cluster (v2.9). */
export const nodeVersionName = 'constellation-version';

/** What the cluster itself knows of the upgrade that is under way. */
export type Steering = {
	/** Id of the upgrade; undefined where none was begun, or the last one is over. */
	id?: string;
	image: string;
	paused: boolean;
	direction: 'forward' | 'back' | 'stay';
	/** Generation of the join policies that are to be narrowed at the end. */
	retire?: number;
	failure?: UpgradeFailure;
	/** What the operator waits for, in sentences. */
	waiting: readonly string[];
	/** Whether any node is not simply up to date. */
	outdated: boolean;
	/** Names of the nodes whose replacement has not begun. */
	left: readonly string[];
	/** Whether nodes are replaced, or have to be: one that joins for the first time is not. */
	replacing: boolean;
};

export async function readSteering(kube: Kube): Promise<Steering> {
	return steeringOf(await kube.get(resources.nodeVersions, nodeVersionName));
}

export function steeringOf({metadata: {annotations = {}}, spec, status}: KubeObject): Steering {
	const id = annotations[upgradeAnnotations.upgrade];
	const retire = Number(annotations[upgradeAnnotations.retire] ?? Number.NaN);
	const failure = parseFailure(annotations[upgradeAnnotations.failure]);
	const direction = annotations[upgradeAnnotations.direction];
	const {conditions = [], ...lists} = (status ?? {}) as NodeVersionStatus;
	return {
		...(id === undefined || id === '' ? {} : {id}),
		image: (spec as {imageVersion?: string} | undefined)?.imageVersion ?? '',
		paused: annotations[upgradeAnnotations.paused] === 'true',
		direction: direction === 'back' || direction === 'stay' ? direction : 'forward',
		...(Number.isSafeInteger(retire) ? {retire} : {}),
		...(failure === undefined ? {} : {failure}),
		waiting: sentences(annotations[upgradeAnnotations.waiting]),
		outdated: conditions.some(({type, status: value}) => type === 'Outdated' && value === 'True'),
		left: (lists.outdated ?? []).flatMap(({name}) => name ?? []),
		replacing: (['outdated', 'donors', 'heirs', 'obsolete'] as const).some(list => (lists[list] ?? []).length > 0),
	};
}

type NodeVersionStatus = {conditions?: {type: string; status: string}[]} & Partial<
	Record<'outdated' | 'donors' | 'heirs' | 'obsolete', readonly {name?: string}[]>
>;

function sentences(text: string | undefined): string[] {
	try {
		const value: unknown = JSON.parse(text ?? '[]');
		return Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
	} catch {
		return []; // Words for a person; the roll does not follow from them.
	}
}

export type Steer = {
	annotations?: Partial<Record<'upgrade' | 'paused' | 'direction' | 'retire' | 'failure', string | null>>;
	spec?: Readonly<Record<string, string>>;
};

/** Changes what the operator works towards. `null` removes an annotation. */
export async function steer(kube: Kube, {annotations = {}, spec}: Steer): Promise<void> {
	const named = Object.fromEntries(
		Object.entries(annotations).map(([name, value]) => [upgradeAnnotations[name as keyof typeof annotations], value]),
	);
	const patch = {metadata: {annotations: named}, ...(spec === undefined ? {} : {spec})};
	await kube.patch(resources.nodeVersions, nodeVersionName, patch, 'merge');
}

/** Whether an error of the API may pass: the server that was asked is going, or none is there yet. */
export const mayPass = (error: unknown): boolean =>
	error instanceof KubeError && (error.code === 0 || error.code === 429 || error.code >= 500);
