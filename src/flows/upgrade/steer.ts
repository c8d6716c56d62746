import {AppError, exitCodes} from '../../errors.ts';
import type {Flow} from '../../events.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import {isNewer} from '../../upgrade/kubernetes-rules.ts';
import type {PlanFile} from '../../upgrade/plan-file.ts';
import {widen} from '../../upgrade/policy-set.ts';
import {adminKube} from '../cluster.ts';
import {phase} from '../phase.ts';
import {namedSilence, namingSilence} from '../silence.ts';
import {attend, locked, runUpgrade, type UpgradeEnd} from './apply.ts';
import {begunHere, storedPlan} from './begun.ts';
import type {UpgradeDependencies} from './dependencies.ts';
import {readSteering, type Steering, steer} from './node-version.ts';
import {observe} from './observe.ts';
import {pinBoth, pinnedLocal} from './pinned.ts';
import {acceptedPolicyOf, awaitReplicas, changePolicies} from './policies.ts';

/** How an upgrade that nobody wants any more can end. */
export type AbortWay = 'return' | 'stay-mixed' | 'roll-back';

export type AbortEnd = UpgradeEnd | {id: string; state: 'aborted'};

/** The upgrade that was begun and is not over. Throws AppError `no-upgrade` (exit 3). */
export async function currentUpgrade(deps: UpgradeDependencies): Promise<{kube: Kube; steering: Steering; file: PlanFile}> {
	const {kube} = await adminKube(deps);
	const steering = await readSteering(kube);
	const id = steering.id ?? begunHere(deps);
	if (id === undefined) throw noUpgrade();
	return {kube, steering, file: await ownPlan(deps, id)};
}

/** The plan that a killed run of this workspace did not bring to its end. */
export async function unfinishedPlan(deps: UpgradeDependencies): Promise<PlanFile | undefined> {
	const {id = begunHere(deps)} = await readSteering((await adminKube(deps)).kube);
	if (id === undefined) return undefined;
	return ownPlan(deps, id);
}

async function ownPlan(deps: UpgradeDependencies, id: string): Promise<PlanFile> {
	const file = await storedPlan(deps, id);
	if (file === undefined) throw elsewhere(id);
	return file;
}

/** The replacement that is under way is finished, no other begins. */
export async function pauseUpgrade(deps: UpgradeDependencies): Promise<string> {
	try {
		const {kube, file} = await currentUpgrade(deps);
		await steer(kube, {annotations: {paused: 'true'}});
		return file.id;
	} catch (error) {
		throw namedSilence(error);
	}
}

/** Takes pause and failure away and looks on; one that the cluster does not know of yet begins. */
export const continueUpgrade = (deps: UpgradeDependencies, signal: AbortSignal): Flow<UpgradeEnd> =>
	namingSilence(goOn(deps, signal));

async function* goOn(deps: UpgradeDependencies, signal: AbortSignal): Flow<UpgradeEnd> {
	const {kube, steering, file} = await currentUpgrade(deps);
	if (steering.id !== file.id) return yield* runUpgrade(deps, file, signal);
	const lease = yield* phase('lock', deps.now, locked(deps, kube, file.id));
	try {
		const forward =
			steering.direction === 'stay'
				? {direction: 'forward', retire: String((await observe(deps)).observed.policies.generation)}
				: {};
		await steer(kube, {annotations: {paused: null, failure: null, ...forward}});
		return yield* attend(deps, file.id, signal);
	} finally {
		await lease.release();
	}
}

/** The ways that are open now: back without a trace before the first new node, later mixed or rolled back. */
export async function abortWays(deps: UpgradeDependencies): Promise<{file: PlanFile; ways: readonly AbortWay[]; why?: string}> {
	const {file} = await currentUpgrade(deps);
	const {observed} = await observe(deps);
	const {target, from} = file.plan;
	const began = observed.nodes.some(({image}) => image === target.image) || observed.inFlight.length > 0;
	if (!began) return {file, ways: ['return']};
	if (!isNewer(target.kubernetes, from.kubernetes)) return {file, ways: ['stay-mixed', 'roll-back']};
	return {file, ways: ['stay-mixed'], why: `Kubernetes does not go back from ${target.kubernetes} to ${from.kubernetes}.`};
}

/** Ends an upgrade in one of the open ways. Throws AppError `abort-impossible` (exit 3) for another. */
export const abortUpgrade = (deps: UpgradeDependencies, way: AbortWay, signal: AbortSignal): Flow<AbortEnd> =>
	namingSilence(abort(deps, way, signal));

async function* abort(deps: UpgradeDependencies, way: AbortWay, signal: AbortSignal): Flow<AbortEnd> {
	const {file, ways, why} = await abortWays(deps);
	if (!ways.includes(way)) throw impossible(way, ways, why);
	const {kube} = await adminKube(deps);
	const lease = yield* phase('lock', deps.now, locked(deps, kube, file.id));
	try {
		if (way === 'stay-mixed') {
			await steer(kube, {annotations: {direction: 'stay', retire: null, paused: null, failure: null}});
			return yield* attend(deps, file.id, signal);
		}
		const generation = yield* phase('policies', deps.now, oldFirst(deps, kube, file, signal));
		const {from} = file.plan;
		const spec = {
			image: from.image,
			imageVersion: from.image,
			kubernetesClusterVersion: from.kubernetes,
			kubernetesComponentsReference: from.components,
		};
		await steer(kube, {
			annotations: {direction: 'back', retire: String(generation), paused: null, failure: null, upgrade: file.id},
			spec,
		});
		const end = yield* attend(deps, file.id, signal);
		return way === 'return' && end.state === 'done' ? {id: file.id, state: 'aborted'} : end;
	} finally {
		await lease.release();
	}
}

/** The old image is the wanted one again; both are accepted on the way. */
async function* oldFirst(deps: UpgradeDependencies, kube: Kube, {plan: {from}}: PlanFile, signal: AbortSignal): Flow<number> {
	const image = await deps.intactImage(from.image);
	const {policy} = await pinnedLocal(deps);
	const old = deps.policyOf(image, policy.makerKey);
	await pinBoth(deps, from.image, old, from.kubernetes);
	const set = await changePolicies(deps, kube, (current, highest) => widen(current, acceptedPolicyOf(image, old), highest));
	yield* awaitReplicas(deps, set, signal);
	return set.generation;
}

function noUpgrade(): AppError {
	return new AppError('No upgrade of this cluster is under way.', {
		code: 'no-upgrade',
		exitCode: exitCodes.preflight,
		next: ['constellation upgrade check   says what is possible'],
	});
}

function elsewhere(id: string): AppError {
	return new AppError(`The upgrade ${id} was begun in another workspace.`, {
		code: 'upgrade-elsewhere',
		exitCode: exitCodes.preflight,
		next: ['Run the command in the workspace where the upgrade was begun; its plan is there.'],
		details: {holder: {identity: id}},
	});
}

function impossible(way: AbortWay, ways: readonly AbortWay[], why: string | undefined): AppError {
	return new AppError(`The upgrade cannot end that way now: ${way}.${why === undefined ? '' : ` ${why}`}`, {
		code: 'abort-impossible',
		exitCode: exitCodes.preflight,
		next: ways.map(each => (each === 'return' ? 'constellation upgrade abort' : `constellation upgrade abort --${each}`)),
	});
}
