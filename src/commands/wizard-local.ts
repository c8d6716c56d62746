import type {ConfigAnswers} from '../config/generate.ts';
import type {Flow} from '../events.ts';
import {timedApply} from '../flows/apply.ts';
import {planCluster} from '../flows/create.ts';
import type {Dependencies} from '../flows/dependencies.ts';
import {fileNames} from '../flows/session.ts';
import {findExisting, terminateCluster} from '../flows/terminate.ts';
import type {Answers} from '../wizard/deps.ts';
import type {Planned} from './wizard-plan.ts';

export const localAnswers = ({name, controlPlanes, workers, kubernetes, image}: Answers): ConfigAnswers => ({
	name,
	controlPlanes,
	workers,
	kubernetesVersion: kubernetes,
	image,
});

/** What the first run writes, and every other one leaves as it is. */
const madeOnce = [fileNames.id, fileNames.masterSecret, fileNames.kubeconfig];

/** The plan of a local cluster, as the wizard shows it, and how it is done. */
export async function* planLocal(deps: Dependencies, env: NodeJS.ProcessEnv, signal: AbortSignal): Flow<Planned> {
	const planned = yield* planCluster(deps, signal);
	const {prepared, plan, opens} = planned;
	const count = Object.values(prepared.config.nodeGroups).reduce((sum, group) => sum + group.count, 0);
	const isNew = prepared.ids.clusterID === '';
	return {
		view: {
			hash: plan.sha256,
			create: plan.create,
			update: plan.update,
			destroy: plan.destroy,
			changes: plan.changes,
			writes: [...(isNew ? madeOnce : []), `${fileNames.terraform}/`],
			opens,
			costs: [`${count} machines as processes on this computer, about ${100 * count + 150} MB of memory; no money`],
			irreversible: isNew ? ['a lost master secret cannot be recreated'] : [],
		},
		apply: during => timedApply(env, deps, planned, during),
	};
}

/** Removes what was made of a local cluster. */
export async function* removeLocal(deps: Dependencies, signal: AbortSignal): Flow<readonly string[]> {
	return yield* terminateCluster(deps, await findExisting(deps), signal);
}
