import {hostname} from 'node:os';
import {AppError, exitCodes} from '../../errors.ts';
import type {Flow} from '../../events.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import {KubeError} from '../../kubernetes/kube.ts';
import {componentsConfig} from '../../kubernetes/manifests.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {kubernetesComponents} from '../../releases/kubernetes.ts';
import {failedGuards} from '../../upgrade/guards.ts';
import {localKind} from '../../upgrade/observed.ts';
import {type PlanFile, planDigest} from '../../upgrade/plan-file.ts';
import {measurementsDigest, type PolicySet, policyVersion, widen} from '../../upgrade/policy-set.ts';
import type {StepKind} from '../../upgrade/steps.ts';
import {upgradeFolder} from '../../workspace/upgrade-folder.ts';
import {adminKube} from '../cluster.ts';
import {phase} from '../phase.ts';
import {namingSilence} from '../silence.ts';
import {backUp} from './backup.ts';
import {renewBaseObjects} from './base-objects.ts';
import type {UpgradeDependencies} from './dependencies.ts';
import {type FinishedUpgrade, finishUpgrade} from './finish.ts';
import {followRoll} from './follow.ts';
import {takeUpgradeLease} from './lease.ts';
import {readSteering, steer} from './node-version.ts';
import {observe} from './observe.ts';
import {pinBoth, pinnedLocal} from './pinned.ts';
import {acceptedPolicyOf, awaitReplicas, changePolicies} from './policies.ts';

export type {PlanFile} from '../../upgrade/plan-file.ts';

export type UpgradeEnd = {id: string; state: 'done'; finished: FinishedUpgrade} | {id: string; state: 'paused' | 'mixed'};

/**
 * Carries a plan that was consented to out, or goes on with it where an earlier run was killed: every step looks first whether it was
 * taken. From the moment when the cluster knows the target its operator does the work, whoever looks on.
 */
export const runUpgrade = (deps: UpgradeDependencies, file: PlanFile, signal: AbortSignal): Flow<UpgradeEnd> =>
	namingSilence(run(deps, file, signal));

async function* run(deps: UpgradeDependencies, file: PlanFile, signal: AbortSignal): Flow<UpgradeEnd> {
	const {kube} = await adminKube(deps);
	const {journal, now} = deps;
	await journal.intent('upgrade', {resource: file.id, digest: planDigest(file).slice('sha256:'.length)});
	const lease = yield* phase('lock', now, locked(deps, kube, file.id));
	try {
		const {id} = await readSteering(kube);
		if (id !== file.id) {
			yield* phase('backup', now, backUp(deps, upgradeFolder(deps.workspace, file.id)), ({files}) => `${files.length} files`);
			yield* renewBaseObjects(kube, now);
			const set = yield* phase('policies', now, acceptBoth(deps, kube, file, signal), ({policies}) =>
				policies.map(policy => policyVersion(policy)).join(' and '),
			);
			await beginRoll(kube, file, set);
		} else {
			for (const phaseId of ['backup', 'policies'] as const)
				yield {type: 'phase', id: phaseId, state: 'done', detail: 'by an earlier run', at: now()};
		}
		return yield* attend(deps, file.id, signal);
	} finally {
		await lease.release();
	}
}

/** Looks on from here; finishes what only this side can finish. */
export async function* attend(deps: UpgradeDependencies, id: string, signal: AbortSignal): Flow<UpgradeEnd> {
	const state = yield* followRoll(deps, signal);
	if (state !== 'done') return {id, state};
	return {id, state, finished: yield* finishUpgrade(deps, id, signal)};
}

/** One plan lies in one workspace, whose lock keeps a second run out: whoever has the plan may take the Lease over from a run that was killed. */
export async function* locked(deps: UpgradeDependencies, kube: Kube, id: string): Flow<{release: () => Promise<void>}> {
	const lease = await takeUpgradeLease(kube, `${id} on ${hostname()}`, deps);
	yield {type: 'check', id: 'upgrade-lease', title: 'nobody else upgrades this cluster', state: 'ok', at: deps.now()};
	return lease;
}

/** Both images, at every JoinService; the workspace first, so that it can always help a node of either. */
async function* acceptBoth(deps: UpgradeDependencies, kube: Kube, {plan, id}: PlanFile, signal: AbortSignal): Flow<PolicySet> {
	const {target} = plan;
	const image = await agreedImage(deps, target);
	const pinned = await pinnedLocal(deps);
	const policy = deps.policyOf(image, pinned.policy.makerKey);
	await pinBoth(deps, target.image, policy, target.kubernetes);
	yield* requireGuards(deps, 'policy', plan);
	const set = await changePolicies(deps, kube, (old, highest) => widen(old, acceptedPolicyOf(image, policy), highest));
	await ensureComponents(kube, target.components, target.kubernetes);
	yield* awaitReplicas(deps, set, signal);
	yield* requireGuards(deps, 'control-planes', plan);
	await deps.journal.done('upgrade-policies', {resource: id});
	return set;
}

/** An image that was made anew after the consent is another one, whatever it is called. */
async function agreedImage({intactImage}: UpgradeDependencies, {image: version, measurements}: PlanFile['plan']['target']) {
	const image = await intactImage(version);
	const digest = measurementsDigest(image.measurements);
	if (digest === measurements) return image;
	throw new AppError(`Image ${version} on this machine is not the one that was agreed to; no node was changed.`, {
		code: 'measurements-not-accepted',
		exitCode: exitCodes.refused,
		problems: [{path: `image ${version}`, message: `has the measurements ${digest}, agreed to were ${measurements}`}],
		next: ['constellation upgrade abort   ends this upgrade; a new one shows the new measurements and asks about them'],
		details: {measurements: digest},
	});
}

/** Checks again, on the cluster as it is now, what the plan took for granted. */
async function* requireGuards(deps: UpgradeDependencies, step: StepKind, {target, from}: PlanFile['plan']): Flow<void> {
	const {observed, replicas, users} = await observe(deps);
	const now = deps.now();
	const failed = failedGuards(step, {observed, replicas, users, target, from, trusted: [target.image], kind: localKind, now});
	if (failed.length > 0) throw guarded(step, failed);
	yield {type: 'check', id: `guards-${step}`, title: `what the plan needs before ${step}`, state: 'ok', at: now};
}

async function ensureComponents(kube: Kube, reference: string, version: string): Promise<void> {
	const configMaps = inNamespace(resources.configMaps, 'kube-system');
	try {
		await kube.get(configMaps, reference);
	} catch (error) {
		if (!(error instanceof KubeError && error.code === 404)) throw error;
		const {components} = kubernetesComponents(version);
		await kube.create(
			configMaps,
			componentsConfig({components: {reference, list: components}, kubernetesVersion: version}).object,
		);
	}
}

/** From here on the work lies in the cluster. */
async function beginRoll(kube: Kube, {id, plan: {target}}: PlanFile, {generation}: PolicySet): Promise<void> {
	await steer(kube, {
		annotations: {upgrade: id, direction: 'forward', retire: String(generation), paused: null, failure: null},
		spec: {
			image: target.image,
			imageVersion: target.image,
			kubernetesClusterVersion: target.kubernetes,
			kubernetesComponentsReference: target.components,
		},
	});
}

function guarded(step: StepKind, failed: readonly {guard: string; reason: string}[]): AppError {
	return new AppError(`The cluster is not any more what the plan was made for; ${step} did not begin.`, {
		code: 'upgrade-guard',
		exitCode: exitCodes.preflight,
		problems: failed.map(({guard, reason}) => ({path: guard, message: reason})),
		next: ['Repair what is named, then run constellation upgrade apply again: it goes on from here.'],
	});
}
