import {createHash} from 'node:crypto';
import type {Happening} from '../../../kubernetes/record-event.ts';
import {
	type ContainerStatus,
	isMirrorPod,
	type PodCondition,
	readyDelay,
	type SimulatedPod,
	simulatedText,
	stopDelay,
} from './pod.ts';

/** What is to be done for a pod now, and when (milliseconds since the epoch) there is more. */
export type Step = {status?: object; remove?: boolean; happenings: Happening[]; wakeAt?: number};

export type Circumstances = {
	/** Address of the node. */
	address: string;
	/** When the node booted: what it showed as running before that has started anew. */
	bootedAt: number;
	now: number;
};

/** One step in the life of a pod for which no process runs: started, ready, ended, as its spec and its annotations say. */
export const simulate = (pod: SimulatedPod, circumstances: Circumstances): Step => {
	if (isMirrorPod(pod)) return {happenings: []};
	const {now} = circumstances;
	const {metadata, status = {}} = pod;
	if (metadata.deletionTimestamp !== undefined) return end(pod, now);
	const startedAt = started(pod, circumstances);
	const readyAt = startedAt + readyDelay(pod);
	const next = statusOf(pod, circumstances, {startedAt, isReady: readyAt <= now});
	const wake = readyAt > now && Number.isFinite(readyAt) ? {wakeAt: readyAt} : {};
	if (isSame(next, status)) return {happenings: [], ...wake};
	const isNew = status.startTime === undefined;
	return {status: next, happenings: isNew ? [...new Set(pod.spec.containers.map(({image}) => image))].map(said) : [], ...wake};
};

const said = (image: string): Happening => {
	const message = simulatedText(image);
	return {type: 'Normal', reason: 'Simulated', message: message.slice(0, 1).toUpperCase() + message.slice(1)};
};

const end = (pod: SimulatedPod, now: number): Step => {
	const {deletionTimestamp = '', deletionGracePeriodSeconds = 0} = pod.metadata;
	const askedAt = Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
	const endsAt = askedAt + stopDelay(pod);
	if (now >= endsAt) return {remove: true, happenings: []};
	return {
		happenings: pod.spec.containers.map(({name}) => ({type: 'Normal', reason: 'Killing', message: `Stopping container ${name}`})),
		wakeAt: endsAt,
	};
};

/** When the containers started: kept from the status unless the node booted since. */
const started = ({status = {}}: SimulatedPod, {bootedAt, now}: Circumstances): number => {
	const times = (status.containerStatuses ?? []).map(({state}) => Date.parse(state?.running?.startedAt ?? ''));
	const first = times.find(time => !Number.isNaN(time));
	// Times in the status are whole seconds.
	return first === undefined || first < Math.floor(bootedAt / 1000) * 1000 ? now : first;
};

const timeText = (time: number) => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');

const statusOf = (
	pod: SimulatedPod,
	{address, now}: Circumstances,
	{startedAt, isReady}: {startedAt: number; isReady: boolean},
) => {
	const {metadata, spec, status = {}} = pod;
	const before = status.conditions ?? [];
	const condition = (type: string, holds: boolean, reason?: string): PodCondition => {
		const state = holds ? 'True' : 'False';
		const old = before.find(found => found.type === type);
		const lastTransitionTime = old?.status === state ? old.lastTransitionTime : undefined;
		return {type, status: state, lastTransitionTime: lastTransitionTime ?? timeText(now), ...(reason !== undefined && {reason})};
	};
	const why = isReady ? undefined : 'ContainersNotReady';
	const own = [
		condition('Initialized', true),
		condition('Ready', isReady, why),
		condition('ContainersReady', isReady, why),
		condition('PodScheduled', true),
	];
	const podIP = spec.hostNetwork === true ? address : addressOf(metadata.uid ?? '');
	return {
		phase: 'Running',
		message: `simulated: ${simulatedText(spec.containers.map(({image}) => image).join(', '))}`,
		startTime: status.startTime ?? timeText(now),
		hostIP: address,
		hostIPs: [{ip: address}],
		podIP,
		podIPs: [{ip: podIP}],
		conditions: [...before.filter(({type}) => !own.some(found => found.type === type)), ...own],
		containerStatuses: spec.containers.map(({name, image}) => {
			const old = status.containerStatuses?.find(found => found.name === name);
			const restartCount = (old?.restartCount ?? 0) + (isRestart(old, startedAt) ? 1 : 0);
			const state = {running: {startedAt: timeText(startedAt)}};
			const lastState = old?.['lastState'] ?? {};
			return {name, image, ready: isReady, started: true, restartCount, state, lastState, ...identity(pod, name, image)};
		}),
		...(spec.initContainers && {
			initContainerStatuses: spec.initContainers.map(({name, image}) => {
				const time = status.startTime ?? timeText(now);
				const state = {terminated: {exitCode: 0, reason: 'Completed', startedAt: time, finishedAt: time}};
				return {name, image, ready: true, started: false, restartCount: 0, state, lastState: {}, ...identity(pod, name, image)};
			}),
		}),
	};
};

const identity = ({metadata}: SimulatedPod, name: string, image: string) => ({
	imageID: `simulated://${image}`,
	containerID: `simulated://${metadata.uid ?? ''}/${name}`,
});

const isRestart = (old: ContainerStatus | undefined, startedAt: number): boolean => {
	const before = Date.parse(old?.state?.running?.startedAt ?? '');
	return before < Math.floor(startedAt / 1000) * 1000;
};

/** An address of the range for benchmarks (RFC 2544), which nobody routes: nothing answers there. */
const addressOf = (uid: string): string => {
	const [high = 0, low = 0] = createHash('sha256').update(uid).digest();
	return `198.18.${high}.${low}`;
};

/** Whether the present status says all that the next one does. */
const isSame = (next: object, status: object): boolean => {
	const present = new Map(Object.entries(status));
	return Object.entries(next).every(([field, value]) => canonical(value) === canonical(present.get(field)));
};

const canonical = (value: unknown): string =>
	JSON.stringify(value, (_key, entry: unknown) =>
		typeof entry === 'object' && entry !== null && !Array.isArray(entry)
			? Object.fromEntries(Object.entries(entry).sort(([one], [other]) => (one < other ? -1 : 1)))
			: entry,
	);
