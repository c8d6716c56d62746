import {withClusterId} from '../attestation/cluster-register.ts';
import type {Policy} from '../attestation/policy.ts';
import {AppError, exitCodes, type Problem} from '../errors.ts';
import type {Event, EventOf, Flow, RefusalView} from '../events.ts';
import {isReady} from '../kubernetes/conditions.ts';
import type {Kube, KubeObject} from '../kubernetes/kube.ts';
import {KubeError} from '../kubernetes/kube.ts';
import {parseKubeconfig} from '../kubernetes/kubeconfig.ts';
import {resources} from '../kubernetes/resources.ts';
import type {Machine} from '../providers/node-groups.ts';
import {adminKube, pinnedPolicy, readConfig, readEndpoints, requireInitialised} from './cluster.ts';
import type {Dependencies} from './dependencies.ts';
import {joinEvents} from './join-stream.ts';
import {type Background, withBackground} from './merge.ts';

export type WatchTarget = {
	uid: string;
	clusterId: Uint8Array;
	/** What a node has to show before it is in the cluster. */
	policy: Policy;
	imageVersion: string;
};

/** The initialised cluster of the workspace. Throws AppError `no-cluster` and the like. */
export async function requireTarget({workspace}: Pick<Dependencies, 'workspace'>): Promise<WatchTarget> {
	const {ids, clusterId} = await requireInitialised(workspace);
	const {config} = await readConfig(workspace);
	return {uid: ids.uid, clusterId, policy: pinnedPolicy(config), imageVersion: config.image};
}

/** The two sources of a live view: the provider's machines and the JoinService. */
export async function watchSources(deps: Dependencies, target: WatchTarget): Promise<Background[]> {
	const {text} = await adminKube(deps);
	const {cert, key} = parseKubeconfig(text);
	const {join} = await readEndpoints(deps.workspace);
	const stream = {
		endpoint: join,
		policy: withClusterId(target.policy, target.clusterId),
		admin: {certificate: cert, key},
		imageVersion: target.imageVersion,
		now: () => deps.now(),
		pause: (milliseconds: number, signal: AbortSignal) => deps.pause(milliseconds, signal),
	};
	return [stop => deps.provider.events(target.uid, stop), stop => joinEvents(stream, stop)];
}

/** Shows what happens until the signal aborts. */
export async function* watchCluster(deps: Dependencies, target: WatchTarget, signal: AbortSignal): Flow<void> {
	const backgrounds = await watchSources(deps, target);
	yield* withBackground(untilAbort(deps, signal), backgrounds, signal);
}

async function* untilAbort({now}: Dependencies, signal: AbortSignal): Flow<void> {
	yield {type: 'waiting', message: 'changes; Ctrl-C ends the view, the cluster goes on', at: now()};
	await new Promise<void>(resolve => {
		signal.addEventListener('abort', () => resolve(), {once: true});
		if (signal.aborted) resolve();
	});
	signal.throwIfAborted();
}

export type NodesGoal = {
	/** Machines whose nodes must be ready; asked again and again, since a provider may replace one. */
	wanted(): Promise<readonly Machine[]>;
	/** Done first, while the view is live already; gives the names of Node objects that must be gone. */
	begin?: () => Promise<readonly string[]>;
	/**
	 * Nodes that count only if they were heard of since this time (milliseconds since the epoch): an object may be Ready from before a
	 * stop. Nodes that ran on are not asked for it, they tell their status once a minute.
	 */
	restarted?: {since: number; names: ReadonlySet<string>};
};

export type ReadyNode = {name: string; role: Machine['role']; ready: boolean; version?: string};

const checkMs = 150;
const timeoutMs = 10 * 60_000;
/** How long a refusal or a dead machine may last before nothing else is expected of it: nodes try again. */
const patienceMs = 15_000;

/**
 * Shows nodes as they join until every wanted one is Ready and every unwanted Node object is gone. Throws AppError `nodes-refused`
 * (exit 5), `machines-dead` (exit 4) or `nodes-timeout` (exit 6) when that will not happen.
 */
export async function* watchUntil(
	deps: Dependencies,
	target: WatchTarget,
	goal: NodesGoal,
	signal: AbortSignal,
): Flow<ReadyNode[]> {
	const {kube} = await adminKube(deps);
	const troubles = new Map<string, {since: number; refusal?: RefusalView}>();
	const flow = withBackground(settled(deps, kube, goal, troubles, signal), await watchSources(deps, target), signal);
	for (;;) {
		const next = await flow.next();
		if (next.done === true) return next.value;
		remember(troubles, next.value);
		yield next.value;
	}
}

/** Keeps who is refused and since when; whoever comes further is no trouble any more. */
function remember(troubles: Map<string, {since: number; refusal?: RefusalView}>, event: Event): void {
	if (event.type === 'lane-refused')
		troubles.set(event.node, {since: troubles.get(event.node)?.since ?? event.at, refusal: event.refusal});
	if (event.type === 'lane' && isPastAttestation(event)) troubles.delete(event.node);
}

const isPastAttestation = ({state}: EventOf<'lane'>): boolean =>
	state !== 'requested' && state !== 'booting' && state !== 'measured';

async function* settled(
	deps: Dependencies,
	kube: Kube,
	goal: NodesGoal,
	troubles: ReadonlyMap<string, {since: number; refusal?: RefusalView}>,
	signal: AbortSignal,
): Flow<ReadyNode[]> {
	const {now, pause} = deps;
	const until = now() + timeoutMs;
	const dead = new Map<string, number>();
	let said = '';
	const gone = (await goal.begin?.()) ?? [];
	for (;;) {
		signal.throwIfAborted();
		const machines = await goal.wanted();
		const nodes = await nodesOf(kube);
		const since = (name: string) => (goal.restarted?.names.has(name) === true ? goal.restarted.since : 0);
		const missing = machines.filter(({name}) => !isReadyNode(nodes?.get(name), since(name)));
		const leftovers = gone.filter(name => nodes?.has(name) !== false);
		if (nodes !== undefined && missing.length === 0 && leftovers.length === 0)
			return machines.map(machine => readyNode(machine, nodes.get(machine.name)));
		const message = waitingFor(missing, leftovers, nodes === undefined);
		if (message !== said) yield {type: 'waiting', message, at: now()};
		said = message;
		for (const {name, state} of missing) {
			if (state === 'failed' || state === 'stopped') dead.set(name, dead.get(name) ?? now());
			else dead.delete(name);
		}
		if (missing.length > 0) failWhenHopeless(missing, troubles, dead, now());
		if (now() > until) throw timedOut(message);
		await pause(checkMs, signal);
	}
}

/** Undefined where the API server does not answer (yet). */
async function nodesOf(kube: Kube): Promise<Map<string, KubeObject> | undefined> {
	try {
		const {items} = await kube.list(resources.nodes);
		return new Map(items.map(node => [node.metadata.name, node]));
	} catch (error) {
		if (error instanceof KubeError && (error.code === 0 || error.code >= 500 || error.code === 429)) return undefined;
		throw error;
	}
}

const isReadyNode = (node: KubeObject | undefined, since = 0): boolean =>
	node !== undefined && isReady(node) && lastHeardOf(node) >= Math.floor(since / 1000) * 1000;

/** When the node itself last wrote its status; Kubernetes counts in whole seconds. */
function lastHeardOf(node: KubeObject): number {
	const {conditions = []} = (node['status'] ?? {}) as {conditions?: {type: string; lastHeartbeatTime?: string}[]};
	return Date.parse(conditions.find(({type}) => type === 'Ready')?.lastHeartbeatTime ?? '') || 0;
}

export function readyNode({name, role}: Pick<Machine, 'name' | 'role'>, node: KubeObject | undefined): ReadyNode {
	const info = (node?.['status'] as {nodeInfo?: {kubeletVersion?: string}} | undefined)?.nodeInfo;
	return {name, role, ready: isReadyNode(node), ...(info?.kubeletVersion === undefined ? {} : {version: info.kubeletVersion})};
}

function waitingFor(missing: readonly Machine[], leftovers: readonly string[], silent: boolean): string {
	if (silent) return 'the Kubernetes API to answer';
	if (missing.length === 0) return `the Node objects of removed machines to go: ${leftovers.join(', ')}`;
	return `${missing.map(({name}) => name).join(', ')} to become ready`;
}

/** Nothing changes by waiting when every missing node is refused or dead for some time. */
function failWhenHopeless(
	missing: readonly Machine[],
	troubles: ReadonlyMap<string, {since: number; refusal?: RefusalView}>,
	dead: ReadonlyMap<string, number>,
	at: number,
): void {
	const isOver = (since: number | undefined): boolean => since !== undefined && at - since > patienceMs;
	const refused = missing.filter(({name}) => isOver(troubles.get(name)?.since));
	const lost = missing.filter(({name}) => isOver(dead.get(name)));
	if (new Set([...refused, ...lost]).size < missing.length) return;
	if (refused.length > 0) throw nodesRefused(refused.map(({name}) => ({name, refusal: troubles.get(name)?.refusal})));
	throw new AppError(`${lost.map(({name}) => name).join(', ')} ended before joining.`, {
		code: 'machines-dead',
		exitCode: exitCodes.infrastructure,
		problems: lost.map(({name, detail}) => ({path: name, message: detail ?? 'the machine ended'})),
		next: [
			'constellation start   switches the machines on again',
			'constellation doctor --bundle FILE   collects their boot logs',
		],
	});
}

function nodesRefused(nodes: readonly {name: string; refusal?: RefusalView | undefined}[]): AppError {
	const problems = nodes.map(
		({name, refusal}): Problem => ({
			path: name,
			message: refusal?.sentence ?? 'refused',
			...(refusal === undefined ? {} : {fix: refusal.step}),
		}),
	);
	return new AppError(`${nodes.map(({name}) => name).join(', ')} did not pass attestation. Nothing secret was sent there.`, {
		code: 'nodes-refused',
		exitCode: exitCodes.refused,
		problems,
		next: ['constellation image check   compares the images with their signed measurements'],
		details: {refused: nodes},
	});
}

function timedOut(message: string): AppError {
	return new AppError(`Gave up after ${timeoutMs / 60_000} minutes of waiting for ${message}.`, {
		code: 'nodes-timeout',
		exitCode: exitCodes.cluster,
		next: ['constellation status   shows how far each node came', 'constellation apply    waits again'],
	});
}
