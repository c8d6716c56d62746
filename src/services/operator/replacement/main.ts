import type {Kube} from '../../../kubernetes/kube.ts';
import {resources} from '../../../kubernetes/resources.ts';
import type {NodeGroups} from '../../../providers/node-groups.ts';
import type {Stop} from '../../supervisor/protocol.ts';
import {leaderElection} from '../leader.ts';
import {watchChanges} from '../watch-changes.ts';
import {act} from './act.ts';
import {observe} from './observe.ts';
import {plan} from './plan.ts';
import {report} from './report.ts';
import type {Action} from './types.ts';

export type ReplacementOptions = {
	kube: Kube;
	groups: NodeGroups;
	/** In the election. */
	identity: string;
	log: (line: string) => void;
	now?: () => number;
	/** How long to rest when nothing is under way, when something is, and before a failed round is repeated. */
	idleMs?: number;
	busyMs?: number;
	retryMs?: number;
};

export const replacementLease = 'constellation-replacement';

/** Each pass of these is one of many; only what changes something for good is worth a line. */
const quiet: ReadonlySet<Action['do']> = new Set(['drain', 'report-pending', 'report-autoscaling']);

/**
 * One look and what follows from it. Gives whether something is under way, and whether something was done that asks for another look
 * at once. Throws KubeError, UnixHttpError; the next round begins with what is there then.
 */
export const replacementRound = async (
	deps: {kube: Kube; groups: NodeGroups; now: () => number},
	log: (line: string) => void,
): Promise<{busy: boolean; moved: boolean}> => {
	const observed = await observe(deps.kube, deps.groups, deps.now());
	if (observed === undefined) return {busy: false, moved: false};
	const {actions, waiting, busy} = plan(observed.seen);
	await report(deps.kube, observed, waiting);
	for (const action of actions) {
		if (!quiet.has(action.do)) log(`replacement: ${describe(action)}`);
		await act(deps, action, observed.seen.wanted);
	}
	return {busy: busy || actions.length > 0, moved: actions.some(action => !quiet.has(action.do))};
};

const describe = ({do: what, ...rest}: Action): string => `${what} ${JSON.stringify(rest)}`;

/** Replaces nodes that are not what the NodeVersion asks for; on every control plane, at work on the one that holds the Lease. */
export const runReplacement = (options: ReplacementOptions): Stop => {
	const {kube, groups, identity, log, now = Date.now, idleMs = 5000, busyMs = 1000, retryMs = 2000} = options;
	const leads = leaderElection(identity, undefined, replacementLease);
	const stopping = new AbortController();
	let changed = true;
	let wake: () => void = () => undefined;
	const notice = () => {
		changed = true;
		wake();
	};
	const rest = (ms: number) =>
		new Promise<void>(resolve => {
			const timer = setTimeout(resolve, ms);
			wake = () => {
				clearTimeout(timer);
				resolve();
			};
			if (changed || stopping.signal.aborted) wake();
		});
	const loop = async () => {
		let said = '';
		while (!stopping.signal.aborted) {
			let pause = idleMs;
			changed = false;
			try {
				if (await leads(kube)) {
					const {busy, moved} = await replacementRound({kube, groups, now}, log);
					changed ||= moved;
					pause = busy ? busyMs : idleMs;
				}
				said = '';
			} catch (error) {
				const message = error instanceof Error ? error.message : String(error);
				if (message !== said) log(`replacement: ${message}`);
				said = message;
				changed = false;
				pause = retryMs;
			}
			await rest(pause);
		}
	};
	const watched = [resources.nodeVersions, resources.nodes, resources.pendingNodes, resources.joiningNodes];
	const watches = watched.map(resource => watchChanges(kube, resource, notice, stopping.signal));
	const working = loop();
	return async () => {
		stopping.abort();
		notice();
		await Promise.all([working, ...watches]);
	};
};
