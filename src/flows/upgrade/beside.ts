import {AppError, exitCodes} from '../../errors.ts';
import {readIds} from '../../workspace/id-file.ts';
import {adminKube} from '../cluster.ts';
import type {Dependencies} from '../dependencies.ts';
import {begunHere} from './begun.ts';
import {busy, upgradeHolder} from './lease.ts';
import {mayPass, readSteering} from './node-version.ts';

type Cluster = Pick<Dependencies, 'workspace' | 'kube' | 'now'>;
type Workplace = Cluster & Pick<Dependencies, 'journal'>;

/**
 * Refuses what changes nodes while an upgrade is not over; nodes on their way in for the first time are none. Throws AppError
 * `upgrade-busy` or `upgrade-active` (exit 3).
 */
export async function refuseBesideUpgrade(deps: Cluster): Promise<void> {
	const {kube} = await adminKube(deps);
	const held = await upgradeHolder(kube, deps);
	if (held !== undefined) throw busy(held);
	const {id, replacing} = await readSteering(kube);
	if (id !== undefined || replacing) throw active(id);
}

/**
 * Refuses to plan a cluster anew while an upgrade is not over: what its config says is not what its nodes are. A cluster that does not
 * answer may be completed, unless the workspace itself began the upgrade.
 */
export async function refuseApplyBesideUpgrade(deps: Workplace): Promise<void> {
	const {workspace, now} = deps;
	if (((await readIds(workspace))?.clusterID ?? '') === '') return;
	const own = begunHere(deps);
	try {
		const {kube} = await adminKube(deps);
		const held = await upgradeHolder(kube, {now});
		if (held !== undefined) throw busy(held);
		const {id, replacing} = await readSteering(kube);
		if (id !== undefined || replacing) throw active(id ?? own);
	} catch (error) {
		if (!mayPass(error) && !lacksAccess(error)) throw error;
	}
	if (own !== undefined) throw active(own);
}

/**
 * Refuses to remove a cluster while its nodes are being replaced. One whose upgrade stands still, or that does not answer, may be removed.
 */
export async function refuseDuringRoll(deps: Cluster): Promise<void> {
	try {
		const {kube} = await adminKube(deps);
		const held = await upgradeHolder(kube, deps);
		if (held !== undefined) throw busy(held);
		const {id, outdated, paused, direction, failure} = await readSteering(kube);
		if (id !== undefined && outdated && !paused && direction !== 'stay' && failure === undefined) throw active(id);
	} catch (error) {
		// A cluster that cannot be asked has no operator that works.
		if (!mayPass(error) && !lacksAccess(error)) throw error;
	}
}

/** Nothing to ask the cluster with: it never came so far, or the file is gone. */
const lacksAccess = (error: unknown): boolean =>
	error instanceof AppError && ['kubeconfig-missing', 'not-initialised', 'no-cluster'].includes(error.code);

const active = (id: string | undefined): AppError =>
	new AppError('An upgrade of this cluster is not over yet.', {
		code: 'upgrade-active',
		exitCode: exitCodes.preflight,
		next: [
			'constellation upgrade apply   attaches to it and shows how far it is',
			'constellation upgrade pause   lets it stand still after the replacement that was begun',
			'constellation upgrade abort   goes back, or leaves the cluster as it is',
		],
		details: {holder: {identity: id ?? 'the operator of the cluster'}},
	});
