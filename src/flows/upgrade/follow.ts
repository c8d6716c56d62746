import type {Event, Flow} from '../../events.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import type {Machine} from '../../providers/node-groups.ts';
import {policyVersion, readPolicySet} from '../../upgrade/policy-set.ts';
import {reportsIn} from '../../upgrade/replica-report.ts';
import {laggingReplicas} from '../../upgrade/replicas.ts';
import {adminKube, requireInitialised} from '../cluster.ts';
import {withBackground} from '../merge.ts';
import {requireRunning} from '../status.ts';
import {requireTarget, watchSources} from '../watch.ts';
import type {UpgradeDependencies} from './dependencies.ts';
import {withoutFormerRefusals} from './former-refusals.ts';
import {mayPass, readSteering, type Steering} from './node-version.ts';
import {joinConfigOf} from './observe.ts';
import {pairRecorder} from './pair-times.ts';
import {policiesEvent} from './policies.ts';
import {type RollEntry, rollEvents, rollOf, withLeaving} from './roll.ts';
import {type RollEnd, rollPhases} from './roll-phases.ts';
import {stopped} from './stopped.ts';

const lookMs = 250;

type Look = {steering: Steering; roll: Map<string, RollEntry>; event: Event; narrowed: boolean; machines: readonly Machine[]};

/**
 * Shows the work of the operator until it is over: nodes replaced, old policy retired. Leaving it changes nothing, the work goes on in
 * the cluster. Throws AppError `upgrade-stopped` with the exit code of what failed, and what to do.
 */
export async function* followRoll(deps: UpgradeDependencies, signal: AbortSignal): Flow<RollEnd> {
	const target = await requireTarget(deps);
	const machines = () => deps.provider.machines(target.uid);
	const sources = (await watchSources(deps, target)).map(source => withoutFormerRefusals(source, deps.now(), machines));
	return yield* withBackground(follow(deps, signal), sources, signal);
}

async function* follow(deps: UpgradeDependencies, signal: AbortSignal): Flow<RollEnd> {
	const {now, pause, workspace} = deps;
	const {kube} = await adminKube(deps);
	const {ids} = await requireInitialised(workspace);
	const shown = new Map<string, RollEntry>();
	const phases = rollPhases(now);
	const record = pairRecorder(deps.journal);
	let [policies, said] = ['', ''];
	for (;;) {
		signal.throwIfAborted();
		const seen = await look(deps, kube, ids.uid);
		if (seen === undefined) {
			// Nobody switches them on again while this only looks on.
			await requireRunning(deps);
			if (said !== silence) yield {type: 'waiting', message: silence, at: now()};
			said = silence;
			await pause(lookMs, signal);
			continue;
		}
		const {steering, event, narrowed, machines} = seen;
		const roll = withLeaving(shown, seen.roll, machines);
		const changes = rollEvents(shown, roll, now());
		yield* changes;
		await record(changes);
		shown.clear();
		for (const [name, entry] of roll) shown.set(name, entry);
		const text = JSON.stringify({...event, at: 0});
		if (text !== policies) yield event;
		policies = text;
		yield* phases.after(roll, narrowed);
		if (steering.failure !== undefined) throw stopped(steering.failure, steering.image, roll);
		const end = endOf(steering, roll, narrowed);
		if (end !== undefined) {
			yield* phases.end(end);
			return end;
		}
		const message = steering.waiting[0] ?? 'the operator to take the next step';
		if (message !== said) yield {type: 'waiting', message, at: now()};
		said = message;
		await pause(lookMs, signal);
	}
}

const silence = 'the Kubernetes API to answer';

/** A JoinService answers on control planes that are neither on their way in nor out. */
const serves: ReadonlySet<RollEntry['state']> = new Set(['outdated', 'replacing', 'current']);

async function look(deps: UpgradeDependencies, kube: Kube, uid: string): Promise<Look | undefined> {
	try {
		const [steering, nodes, pending, maintenances, machines, joinConfig, leases] = await Promise.all([
			readSteering(kube),
			kube.list(resources.nodes),
			kube.list(resources.pendingNodes),
			kube.list(resources.nodeMaintenances),
			deps.provider.machines(uid),
			joinConfigOf(kube),
			kube.list(inNamespace(resources.leases, 'kube-system')),
		]);
		const objects = {
			nodes: nodes.items,
			pending: pending.items,
			maintenances: maintenances.items,
			machines: machines ?? [],
		};
		const set = readPolicySet(joinConfig);
		const narrowed = set.policies.length === 1 && policyVersion(set.policies[0]) === steering.image;
		const roll = rollOf(objects, steering.image);
		const serving = [...roll.values()].filter(({role, state}) => role === 'control-plane' && serves.has(state));
		const names = serving.map(({node}) => node);
		const lagging = laggingReplicas(set, names, reportsIn(leases.items), deps.now());
		return {steering, roll, event: policiesEvent(set, lagging, deps.now()), narrowed, machines: objects.machines};
	} catch (error) {
		if (mayPass(error)) return undefined;
		throw error;
	}
}

function endOf(steering: Steering, roll: ReadonlyMap<string, RollEntry>, narrowed: boolean): RollEnd | undefined {
	const entries = [...roll.values()];
	const isMoving = entries.some(({state}) => state !== 'outdated' && state !== 'current');
	const isCurrent = entries.every(({state}) => state === 'current');
	if (isCurrent && narrowed && !steering.outdated && steering.retire === undefined) return 'done';
	if (isMoving || isCurrent) return undefined;
	if (steering.paused) return 'paused';
	return steering.direction === 'stay' ? 'mixed' : undefined;
}
