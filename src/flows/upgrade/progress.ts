import {exists} from '../../workspace/files.ts';
import {adminKube} from '../cluster.ts';
import type {Dependencies} from '../dependencies.ts';
import {begunHere, storedPlan} from './begun.ts';
import {mayPass, readSteering, type Steering} from './node-version.ts';

/** An upgrade that is not over, for a look at the cluster. */
export type UpgradeProgress = {
	id: string;
	image: string;
	/** `begun`: in this workspace; the cluster does not know of it yet. */
	state: 'begun' | 'replacing' | 'paused' | 'stopped' | 'mixed';
	/** What the operator waits for, or why it stopped. */
	detail?: string;
	/** Names of the nodes whose replacement has not begun. */
	left: readonly string[];
};

/** Undefined where there is none, or where the cluster cannot be asked. */
export async function upgradeProgress(
	deps: Pick<Dependencies, 'workspace' | 'kube' | 'journal'>,
): Promise<UpgradeProgress | undefined> {
	if (!(await exists(deps.workspace.path('kubeconfig')))) return undefined;
	try {
		const {kube} = await adminKube(deps);
		return progressOf(await readSteering(kube)) ?? (await begunOnly(deps));
	} catch (error) {
		if (mayPass(error)) return undefined;
		throw error;
	}
}

async function begunOnly(deps: Pick<Dependencies, 'workspace' | 'journal'>): Promise<UpgradeProgress | undefined> {
	const id = begunHere(deps);
	const file = id === undefined ? undefined : await storedPlan(deps, id);
	return file && {id: file.id, image: file.plan.target.image, state: 'begun', detail: 'no node was replaced yet', left: []};
}

function progressOf({id, image, paused, direction, failure, waiting, left}: Steering): UpgradeProgress | undefined {
	if (id === undefined) return undefined;
	const told = {id, image, left};
	if (failure !== undefined) return {...told, state: 'stopped', detail: failure.message};
	if (direction === 'stay') return {...told, state: 'mixed'};
	if (paused) return {...told, state: 'paused'};
	const [detail] = waiting;
	return {...told, state: 'replacing', ...(detail === undefined ? {} : {detail: `waits for ${detail}`})};
}
