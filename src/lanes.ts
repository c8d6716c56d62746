import type {LaneState, RefusalView} from './events.ts';
import {laneStates} from './events.ts';
import type {Lane, LiveView, Wait} from './fold.ts';

/** What one cell of the join table says. `reported` is the node's own word; `unseen` was passed without anyone telling. */
export type CellState = 'done' | 'reported' | 'working' | 'refused' | 'lost' | 'unseen' | 'waiting';

export type LaneRow = {
	lane: Lane;
	cells: readonly CellState[];
	/** The state the lane works towards; absent when it is ready. */
	next?: LaneState;
	status: 'ready' | 'refused' | 'lost' | 'working';
	/** One short phrase on where the lane stands. */
	note: string;
	/** When the lane came to where it stands. */
	since: number;
	/** From the request to ready, or undefined while it is on its way. */
	tookMs?: number;
};

const notes: Record<LaneState, string> = {
	requested: 'waits for its machine',
	booting: 'waits for its boot',
	measured: 'waits for its boot measurements',
	attested: 'waits for attestation',
	ticket: 'waits for its join ticket',
	kubelet: 'waits for its kubelet',
	ready: 'waits to become ready',
};

const lostNotes = {'not-ready': 'not ready', removed: 'removed', stopped: 'stopped', dead: 'machine died'} as const;

/** The lane of one node as a row of the join table. */
export function laneRow(lane: Lane): LaneRow {
	const reached = laneStates.findLastIndex(state => lane.steps[state] !== undefined);
	const attested = reached >= laneStates.indexOf('attested');
	const status = lane.refused ? 'refused' : lane.lost ? 'lost' : lane.steps.ready ? 'ready' : 'working';
	// A loss stands where the lane had come to, or at its start.
	const lostAt = Math.max(0, reached);
	const here = lane.refused
		? Math.max(reached + 1, laneStates.indexOf('attested'))
		: Math.min(reached + 1, laneStates.length - 1);
	const cells = laneStates.map((state, index): CellState => {
		if (status === 'refused' && index === here) return 'refused';
		if (status === 'lost' && index === lostAt) return 'lost';
		if (index > reached) return status === 'working' && index === here ? 'working' : 'waiting';
		const step = lane.steps[state];
		if (step === undefined) return 'unseen';
		return step.source === 'reported' && !attested ? 'reported' : 'done';
	});
	const next = status === 'ready' ? undefined : laneStates[here];
	const lastState = laneStates[reached];
	const lastStep = lastState === undefined ? undefined : lane.steps[lastState];
	// A lane that was first seen late (a view opened on a running cluster) does not tell how long it took.
	const isWhole = lane.steps.requested !== undefined || lane.steps.booting !== undefined;
	const tookMs = lane.steps.ready === undefined || !isWhole ? undefined : lane.steps.ready.at - lane.startedAt;
	return {
		lane,
		cells,
		status,
		note: noteOf(lane, status, next, lastState, lastStep?.source === 'reported' && !attested),
		since: lane.refused?.at ?? lane.lost?.at ?? lastStep?.at ?? lane.startedAt,
		...(next === undefined ? {} : {next}),
		...(tookMs === undefined ? {} : {tookMs}),
	};
}

function noteOf(
	lane: Lane,
	status: LaneRow['status'],
	next: LaneState | undefined,
	last: LaneState | undefined,
	reported: boolean,
): string {
	if (status === 'ready') return 'ready';
	if (lane.refused) return lane.refused.count > 1 ? `refused ${lane.refused.count} times` : 'refused';
	if (lane.lost) return lostNotes[lane.lost.reason];
	if (reported && last !== undefined) return `${last}, reported by the node`;
	return next === undefined ? '' : notes[next];
}

/** How many lanes stand where. */
export function laneCounts(view: LiveView): {total: number; ready: number; refused: number; lost: number} {
	const counts = {total: view.lanes.size, ready: 0, refused: 0, lost: 0};
	for (const lane of view.lanes.values()) {
		if (lane.refused) counts.refused += 1;
		else if (lane.lost) counts.lost += 1;
		else if (lane.steps.ready) counts.ready += 1;
	}
	return counts;
}

/** What is waited for now, the flow's own wait first, then the longest. */
export function waitsOf(view: LiveView): Wait[] {
	return [...view.waits.values()].sort((a, b) => Number(a.node !== undefined) - Number(b.node !== undefined) || a.at - b.at);
}

/** Why a node was refused, where its name and the fact stand before it already. */
export function refusalReason(name: string, {sentence}: RefusalView): string {
	const head = `${name} was refused: `;
	return sentence.startsWith(head) ? sentence.slice(head.length) : sentence;
}
