import type {Flow} from '../../events.ts';
import {adminKube, requireInitialised} from '../cluster.ts';
import {applyPlan, planCluster} from '../create.ts';
import {expectationsOf, judgedNodes, writeReceipt} from '../receipts.ts';
import {verifyCluster} from '../verify.ts';
import {verifyPort} from '../verify-target.ts';
import type {ReadyNode} from '../watch.ts';
import {storedPlan} from './begun.ts';
import type {UpgradeDependencies} from './dependencies.ts';
import {steer} from './node-version.ts';
import {observe} from './observe.ts';
import {pinnedLocal, pinOnlyNewest} from './pinned.ts';

export type FinishedUpgrade = {image: string; nodes: ReadyNode[]; verified: string[]};

/**
 * After the roll: the workspace accepts the new image alone, Terraform's records say what is there, every node answers a fresh challenge,
 * and the cluster knows of no upgrade any more. Each part does only what is missing.
 */
export async function* finishUpgrade(deps: UpgradeDependencies, id: string, signal: AbortSignal): Flow<FinishedUpgrade> {
	const {kube} = await adminKube(deps);
	await pinOnlyNewest(deps);
	const planned = yield* planCluster(deps, signal);
	if (!planned.plan.empty) yield* applyPlan(deps, planned, signal);
	const verified = yield* challengeAll(deps, signal);
	const {observed} = await observe(deps);
	const nodes = observed.nodes.map(({name, role, ready, kubernetes}) => ({name, role, ready, version: kubernetes}));
	const {ids, clusterId} = await requireInitialised(deps.workspace);
	const {config, image, policy} = planned.prepared;
	yield* writeReceipt(deps, {
		what: 'upgrade',
		outcome: 'accepted',
		cluster: {id: clusterId, name: config.name, uid: ids.uid},
		expectations: expectationsOf(policy, image),
		nodes: await judgedNodes(deps, kube, nodes),
		consents: await acceptedConcerns(deps, id),
	});
	await steer(kube, {annotations: {upgrade: null, direction: null, paused: null, failure: null, retire: null}});
	await deps.journal.done('upgrade', {resource: id});
	return {image: image.version, nodes, verified};
}

/** What was accepted beside the measurements when the plan was made, in words; empty where the plan is not here. */
export async function acceptedConcerns({workspace}: Pick<UpgradeDependencies, 'workspace'>, id: string): Promise<string[]> {
	const codes = (await storedPlan({workspace}, id))?.consent.concerns ?? [];
	return codes.map(code => `Accepted when the upgrade was planned: ${code}.`);
}

/** A fresh challenge to every machine at its own address; to the load balancer where machines share one. */
async function* challengeAll(deps: UpgradeDependencies, signal: AbortSignal): Flow<string[]> {
	const {ids, clusterId} = await requireInitialised(deps.workspace);
	const {image, policy} = await pinnedLocal(deps);
	const machines = (await deps.provider.machines(ids.uid)) ?? [];
	const checked: string[] = [];
	for (const {name, address} of machines) {
		const expectations = {policy, source: 'constellation-conf.yaml', imageVersion: image};
		const target = {
			endpoint: address.includes(':') ? address : `${address}:${verifyPort}`,
			clusterId,
			clusterIdFrom: 'constellation-id.json',
			expectations,
			patienceMs: 60_000,
		};
		yield* verifyCluster(deps, target, signal);
		checked.push(name);
	}
	return checked;
}
