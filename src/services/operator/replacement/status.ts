import {type Standing, standingOf} from './classify.ts';
import {underWay} from './start.ts';
import type {Observation} from './types.ts';

type Condition = {type: string; status: string; reason: string; message: string; lastTransitionTime: string};
type Reference = {apiVersion: string; kind: string; name: string; uid?: string};

/** The condition `Outdated` (v2.9 reasons and texts); its time moves only with its status. */
const outdatedCondition = (previous: unknown, isOutdated: boolean, texts: readonly [string, string], now: number): Condition => {
	const status = isOutdated ? 'True' : 'False';
	const [before] = (previous as {conditions?: Condition[]} | undefined)?.conditions ?? [];
	const lastTransitionTime =
		before?.status === status ? before.lastTransitionTime : new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
	const [reason, message] = texts;
	return {type: 'Outdated', status, reason, message, lastTransitionTime};
};

/**
 * Status of the NodeVersion. Unlike in v2.9 the condition is True as long as any node is not simply up to date, so that nobody takes a
 * cluster with nodes under way, unknown or unpaired for a finished one.
 */
export const nodeVersionStatus = (seen: Observation, previous: unknown) => {
	const lists: Record<Standing | 'invalid', Reference[]> = {
		leaving: [],
		obsolete: [],
		'awaiting-annotation': [],
		donor: [],
		outdated: [],
		heir: [],
		mint: [],
		'up-to-date': [],
		invalid: [],
	};
	for (const node of seen.nodes) {
		const reference = {apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid};
		const standing = standingOf(seen, node);
		const hasMachine = seen.machines.some(({name}) => name === node.name);
		lists[!hasMachine && standing !== 'leaving' ? 'invalid' : standing].push(reference);
	}
	const pending = seen.pending.map(
		({name}): Reference => ({apiVersion: 'update.edgeless.systems/v1alpha1', kind: 'PendingNode', name}),
	);
	const isDone = seen.nodes.length === lists['up-to-date'].length && pending.length === 0;
	const texts = isDone
		? (['NodeVersionsUpToDate', 'Node version of every node is up to date'] as const)
		: (['NodeVersionsOutOfDate', 'Some node versions are out of date'] as const);
	const {activeclusterversionupgrade = false} = (previous ?? {}) as {activeclusterversionupgrade?: boolean};
	return {
		outdated: lists.outdated,
		upToDate: lists['up-to-date'],
		donors: [...lists.donor, ...lists.leaving],
		heirs: lists.heir,
		mints: lists.mint,
		awaitingAnnotation: lists['awaiting-annotation'],
		pending,
		obsolete: lists.obsolete,
		invalid: lists.invalid,
		budget: Math.max(0, seen.wanted.surge - underWay(seen).size),
		conditions: [outdatedCondition(previous, !isDone, texts, seen.now)],
		activeclusterversionupgrade,
	};
};

/** Status of a ScalingGroup whose machines get `image`. */
export const scalingGroupStatus = (image: string, wanted: string, previous: unknown, now: number) => {
	const isOutdated = image !== wanted;
	const texts = isOutdated
		? (['ScalingGroupNodeImageOutOfDate', 'Scaling group will not use the latest image when creating new nodes'] as const)
		: (['ScalingGroupNodeImageUpToDate', 'Scaling group will use the latest image when creating new nodes'] as const);
	return {imageReference: image, conditions: [outdatedCondition(previous, isOutdated, texts, now)]};
};
