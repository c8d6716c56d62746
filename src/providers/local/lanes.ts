import {setTimeout as delay} from 'node:timers/promises';
import type {Event, LaneState, NodeRole} from '../../events.ts';
import {unixLines} from '../../unix-http.ts';

const retryMs = 50;
/** What the machine service says of a machine that is off because somebody wanted so; everything else died. */
const restingDetails: ReadonlySet<string> = new Set(['switched off', 'not started']);

/**
 * What the provider knows of the machines' way in, as lane events: requested, booting, measured, and lanes lost when a machine ends.
 * The first thing is where every machine stands. Waits for the machine service to come up, and for it to come back; ends with `signal`.
 */
export const machineLanes = async function* (socketPath: string, signal: AbortSignal): AsyncGenerator<Event, void> {
	const over = () => signal.aborted;
	const measured = new Set<string>();
	while (!over()) {
		try {
			for await (const line of unixLines({socketPath, method: 'GET', path: '/events', signal})) {
				yield* eventsOf(line, measured);
			}
		} catch (error) {
			if (over()) return;
			// Not there yet, or restarted: ask again. What is no connection problem is a bug.
			if (!(error instanceof Error && 'code' in error)) throw error;
		}
		// An abort ends the pause; `over` tells it next.
		await delay(retryMs, undefined, {signal}).catch(() => undefined);
	}
};

/** The serial log of a machine, line by line: what a cloud shows as its console. With `follow` it goes on until `signal`. */
export const serialLog = (
	socketPath: string,
	name: string,
	options: {follow?: boolean; signal?: AbortSignal} = {},
): AsyncGenerator<string, void> =>
	unixLines({
		socketPath,
		method: 'GET',
		path: `/machines/${encodeURIComponent(name)}/log${options.follow === true ? '?follow=1' : ''}`,
		...(options.signal && {signal: options.signal}),
	});

/** `measured` remembers whose measurements were told, so that a lane says each thing once. */
function* eventsOf(line: string, measured: Set<string>): Generator<Event, void> {
	const message = parse(line);
	if (message === undefined) return;
	const {name, role, at} = message;
	const lane = (state: LaneState): Event => ({type: 'lane', node: name, role, state, source: 'provider', at});
	if (message.type !== 'machine') {
		// Only the machine service can tell how far a boot is; a node may say anything.
		const isBoot = message.type === 'boot';
		if (isBoot && message.line.startsWith('booting ')) yield lane('booting');
		// The command line is what is measured last; the node's own code runs after it.
		if (isBoot && message.line.startsWith('measured 12 ')) {
			measured.add(name);
			yield lane('measured');
		}
		yield {type: 'log', source: name, line: message.line, at};
		return;
	}
	switch (message.state) {
		case 'creating':
			measured.delete(name);
			yield lane('requested');
			return;
		case 'running':
			if (!measured.has(name)) yield lane('measured');
			return;
		case 'stopped':
			yield {type: 'lane-lost', node: name, reason: restingDetails.has(message.detail) ? 'stopped' : 'dead', at};
			return;
		case 'failed':
			yield {type: 'lane-lost', node: name, reason: 'dead', at};
			return;
		case 'terminated':
			yield {type: 'lane-lost', node: name, reason: 'removed', at};
			return;
		default:
	}
}

type MachineMessage = {name: string; role: NodeRole; at: number} & (
	| {type: 'boot' | 'node'; line: string}
	| {type: 'machine'; state: string; detail: string}
);

const parse = (line: string): MachineMessage | undefined => {
	if (line === '') return undefined;
	const {type, name, role, at, line: text, state, detail} = JSON.parse(line) as Record<string, unknown>;
	if (typeof name !== 'string' || (role !== 'control-plane' && role !== 'worker') || typeof at !== 'number') return undefined;
	if ((type === 'boot' || type === 'node') && typeof text === 'string') return {type, name, role, at, line: text};
	if (type === 'machine' && typeof state === 'string')
		return {type, name, role, at, state, detail: typeof detail === 'string' ? detail : ''};
	return undefined;
};
