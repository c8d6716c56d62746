import type {ApiObject, JsonObject} from '../types.ts';
import {ageColumn, type Column, column, items, nameColumn, orNone, part, text, wide} from './column.ts';
import {since} from './duration.ts';

const state = (container: JsonObject, name: string): JsonObject | undefined => {
	const states = part(container, 'state');
	return name in states ? part(states, name) : undefined;
};
const isTrue = (pod: ApiObject, type: string) =>
	items(part(pod, 'status'), 'conditions').some(condition => condition.type === type && condition.status === 'True');

function terminated(ended: JsonObject): string {
	if (text(ended, 'reason') !== '') return text(ended, 'reason');
	return typeof ended.signal === 'number' && ended.signal !== 0
		? `Signal:${ended.signal}`
		: `ExitCode:${Number(ended.exitCode ?? 0)}`;
}

/** Why the init containers are not through, or undefined when they are. */
function initReason(pod: ApiObject): string | undefined {
	const containers = items(part(pod, 'status'), 'initContainerStatuses');
	for (const [index, container] of containers.entries()) {
		const ended = state(container, 'terminated');
		if (ended?.exitCode === 0 || (container.started === true && state(container, 'running') !== undefined)) continue;
		if (ended) return `Init:${terminated(ended)}`;
		const waiting = text(state(container, 'waiting') ?? {}, 'reason');
		if (waiting !== '' && waiting !== 'PodInitializing') return `Init:${waiting}`;
		return `Init:${index}/${items(part(pod, 'spec'), 'initContainers').length}`;
	}
	return undefined;
}

function status(pod: ApiObject): string {
	const summary = part(pod, 'status');
	let reason = initReason(pod);
	if (reason === undefined) {
		reason = text(summary, 'reason') || text(summary, 'phase');
		const containers = items(summary, 'containerStatuses');
		for (const container of containers.toReversed()) {
			const ended = state(container, 'terminated');
			const waiting = text(state(container, 'waiting') ?? {}, 'reason');
			if (waiting !== '') reason = waiting;
			else if (ended) reason = terminated(ended);
		}
		const runs = containers.some(container => container.ready === true && state(container, 'running') !== undefined);
		if (reason === 'Completed' && runs) reason = isTrue(pod, 'Ready') ? 'Running' : 'NotReady';
	}
	if (pod.metadata.deletionTimestamp === undefined) return reason;
	return text(summary, 'reason') === 'NodeLost' ? 'Unknown' : 'Terminating';
}

function restarts(pod: ApiObject, now: number): string {
	const containers = items(part(pod, 'status'), 'containerStatuses');
	const count = containers.reduce((sum, container) => sum + Number(container.restartCount ?? 0), 0);
	const ends = containers.map(container => text(part(part(container, 'lastState'), 'terminated'), 'finishedAt'));
	const last = ends
		.filter(time => time !== '')
		.sort()
		.at(-1);
	return count > 0 && last !== undefined ? `${count} (${since(last, now)} ago)` : String(count);
}

function ready(pod: ApiObject): string {
	const running = items(part(pod, 'status'), 'containerStatuses').filter(
		container => container.ready === true && state(container, 'running') !== undefined,
	);
	return `${running.length}/${items(part(pod, 'spec'), 'containers').length}`;
}

function gates(pod: ApiObject): string {
	const wanted = items(part(pod, 'spec'), 'readinessGates');
	if (wanted.length === 0) return '<none>';
	return `${wanted.filter(gate => isTrue(pod, text(gate, 'conditionType'))).length}/${wanted.length}`;
}

export const podColumns: readonly Column[] = [
	nameColumn,
	column('Ready', 'Containers that are ready, of all containers.', ready),
	column('Status', 'The state of the pod and its containers.', status),
	column('Restarts', 'How often containers were restarted, and when last.', restarts),
	ageColumn,
	wide('IP', 'Address of the pod.', pod => orNone(text(part(pod, 'status'), 'podIP'))),
	wide('Node', 'Node that the pod runs on.', pod => orNone(text(part(pod, 'spec'), 'nodeName'))),
	wide('Nominated Node', 'Node that is being freed for the pod.', pod => orNone(text(part(pod, 'status'), 'nominatedNodeName'))),
	wide('Readiness Gates', 'Gates that are passed, of all gates.', gates),
];
