import path from 'node:path';
import {AppError, exitCodes} from '../errors.ts';
import type {Event, Flow} from '../events.ts';
import type {MasterSecret} from '../keys/derive.ts';
import {readMasterSecret, readMasterSecretFile} from '../workspace/master-secret.ts';
import {readEndpoints, requireIds} from './cluster.ts';
import type {Dependencies} from './dependencies.ts';
import {withBackground} from './merge.ts';
import {controlPlaneAt} from './node-channel.ts';
import {phase} from './phase.ts';
import {recoverNodes} from './recover.ts';
import {machinesGone} from './status.ts';
import {type ReadyNode, requireTarget, type WatchTarget, watchUntil} from './watch.ts';

/** How long a started cluster may take until its first control plane waits for the master secret. */
const startPatience = 3 * 60_000;
/** `recover` was asked for, so a node should wait now. */
const recoverPatience = 60_000;

/** The master secret of the workspace, or the one in `file`. Throws AppError `master-secret-missing`. */
export async function requireMasterSecret({workspace}: Pick<Dependencies, 'workspace'>, file?: string): Promise<MasterSecret> {
	if (file !== undefined) return readMasterSecretFile(path.resolve(file));
	const secret = await readMasterSecret(workspace);
	if (secret !== undefined) return secret;
	throw new AppError('The master secret is not in the workspace.', {
		code: 'master-secret-missing',
		exitCode: exitCodes.preflight,
		next: ['Put your copy back as constellation-mastersecret.json, or name it with --master-secret FILE.'],
	});
}

/** Starts a stopped cluster: machines, then verification and master secret for the control planes, then all nodes Ready. */
export async function* startCluster(deps: Dependencies, secret: MasterSecret, signal: AbortSignal): Flow<ReadyNode[]> {
	const target = await requireTarget(deps);
	const machines = (await deps.provider.machines(target.uid)) ?? [];
	if (machines.length === 0) throw machinesGone();
	const restarted = new Set(machines.filter(({state}) => state !== 'running').map(({name}) => name));
	yield* phase(
		'machines',
		deps.now,
		withBackground(switchOn(deps, target.uid), [stop => deps.provider.events(target.uid, stop)], signal),
	);
	return yield* recoverAndWait(deps, target, {secret, patience: startPatience, restarted}, signal);
}

/** As startCluster, for machines that run already. `endpoint` is host:port of the recovery servers, if not the cluster's own. */
export async function* recoverCluster(
	deps: Dependencies,
	secret: MasterSecret,
	signal: AbortSignal,
	options: {endpoint?: string} = {},
): Flow<ReadyNode[]> {
	const target = await requireTarget(deps);
	return yield* recoverAndWait(deps, target, {secret, patience: recoverPatience, ...options}, signal);
}

async function* recoverAndWait(
	deps: Dependencies,
	target: WatchTarget,
	recovery: {secret: MasterSecret; patience: number; restarted?: ReadonlySet<string>; endpoint?: string},
	signal: AbortSignal,
): Flow<ReadyNode[]> {
	const since = deps.now();
	const endpoint = recovery.endpoint ?? (await readEndpoints(deps.workspace)).recovery;
	const node = await controlPlaneAt(deps, target.uid, endpoint);
	const machines = [(stop: AbortSignal): AsyncIterable<Event> => deps.provider.events(target.uid, stop)];
	const taken = yield* withBackground(recoverNodes(deps, {...recovery, node, policy: target.policy}, signal), machines, signal);
	const wanted = async () => (await deps.provider.machines(target.uid)) ?? [];
	// Who waited is not known to a mere recovery: once anybody took the secret, each node has to be heard of again.
	const names = recovery.restarted ?? new Set(taken === 0 ? [] : (await wanted()).map(({name}) => name));
	return yield* phase(
		'nodes',
		deps.now,
		watchUntil(deps, target, {wanted, restarted: {since, names}}, signal),
		nodes => `${nodes.length} of ${nodes.length} ready`,
	);
}

async function* switchOn(deps: Dependencies, uid: string): Flow<void> {
	yield {type: 'waiting', message: 'the machines to start', at: deps.now()};
	await deps.journal.intent('start');
	yield* deps.provider.start(uid);
	await deps.journal.done('start');
}

/** Switches all machines off. Gives their names; disks, keys and state stay. */
export async function* stopCluster(deps: Dependencies, signal: AbortSignal): Flow<string[]> {
	const {uid} = await requireIds(deps.workspace);
	const machines = (await deps.provider.machines(uid)) ?? [];
	if (machines.length === 0) throw machinesGone();
	yield* phase('machines', deps.now, withBackground(switchOff(deps, uid), [stop => deps.provider.events(uid, stop)], signal));
	return machines.map(({name}) => name);
}

async function* switchOff(deps: Dependencies, uid: string): Flow<void> {
	yield {type: 'waiting', message: 'the machines to stop', at: deps.now()};
	await deps.journal.intent('stop');
	yield* deps.provider.stop(uid);
	await deps.journal.done('stop');
}
