import type {
	ClusterSummary,
	Event,
	EventOf,
	LaneState,
	NodeRole,
	PhaseId,
	PlannedChange,
	RefusalView,
	Source,
	VerifyCheck,
} from './events.ts';
import {laneStates} from './events.ts';
import {oneLine} from './text.ts';

/** How much of a stream is kept, so that memory stays flat however long it runs. */
export const limits = {logs: 1000, refusals: 256, resources: 500, warnings: 50, lanes: 5000} as const;

export type PhaseView = {
	id: PhaseId;
	state: 'started' | 'done' | 'failed' | 'skipped';
	startedAt: number;
	endedAt?: number;
	detail?: string;
};

export type CheckView = Omit<EventOf<'check'>, 'type' | 'at'>;

/** One node's way in. `steps` holds when each state was seen and who said so; a state that nobody reported is absent. */
export type Lane = {
	name: string;
	role: NodeRole;
	startedAt: number;
	/** When the lane last changed. */
	changedAt: number;
	steps: Partial<Record<LaneState, {at: number; source: Source}>>;
	refused?: {refusal: RefusalView; count: number; at: number};
	lost?: {reason: EventOf<'lane-lost'>['reason']; at: number};
};

/** `since`: when it came to where it stands; `partner` stays known after one of the two is gone. */
export type Replacement = Omit<EventOf<'replacement'>, 'type'> & {since: number};
export type Wait = {node?: string; message: string; lastError?: string; until?: number; at: number};
export type LogLine = {source: string; line: string; at: number};
export type ResourceView = {address: string; action: string; state: EventOf<'resource'>['state']; elapsedSeconds?: number};

/** What a screen or a report needs to know of a flow: the events so far, folded and bounded. */
export type LiveView = {
	startedAt?: number;
	lastAt?: number;
	phases: readonly PhaseView[];
	/** What each phase usually takes, in milliseconds, by recorded runs. */
	estimate?: {phases: Readonly<Record<string, number>>; runs: number};
	checks: readonly CheckView[];
	plan?: {changes: readonly PlannedChange[]; create: number; update: number; destroy: number};
	resources: ReadonlyMap<string, ResourceView>;
	lanes: ReadonlyMap<string, Lane>;
	/** Names of the lanes as a person looks for them: control planes first, then by name with numbers as numbers. */
	order: readonly string[];
	/** The newest wait of each node, and of the flow itself under the empty name. */
	waits: ReadonlyMap<string, Wait>;
	stream?: {state: EventOf<'stream'>['state']; detail?: string; at: number};
	logs: readonly LogLine[];
	/** How many log lines there were in all; more than `logs.length` once the ring is full. */
	logCount: number;
	warnings: readonly {code: string; message: string; at: number}[];
	/** What the JoinServices accept while an upgrade is under way. */
	policies?: {generation: number; images: readonly string[]; lagging: readonly {node: string; reason: string}[]};
	/** Where each node stands in an upgrade, by name. */
	replacements: ReadonlyMap<string, Replacement>;
	verify?: {endpoint: string; checks: readonly VerifyCheck[]};
	files: readonly {path: string; purpose: string}[];
	summary?: ClusterSummary;
};

export const emptyView: LiveView = {
	phases: [],
	checks: [],
	resources: new Map(),
	replacements: new Map(),
	lanes: new Map(),
	order: [],
	waits: new Map(),
	logs: [],
	logCount: 0,
	warnings: [],
	files: [],
};

/** The view after one more event. Pure: the old view stays as it was. Words of nodes and programs are made harmless here. */
export function fold(view: LiveView, event: Event): LiveView {
	return {...view, startedAt: view.startedAt ?? event.at, lastAt: event.at, ...changed(view, event)};
}

function changed(view: LiveView, event: Event): Partial<LiveView> {
	switch (event.type) {
		case 'phase':
			return {phases: foldPhase(view.phases, event), ...(event.state === 'started' ? {} : {waits: without(view.waits, '')})};
		case 'estimate':
			return {
				estimate: {phases: Object.fromEntries(event.phases.map(({id, milliseconds}) => [id, milliseconds])), runs: event.runs},
			};
		case 'check':
			return {checks: put(view.checks, checkOf(event), other => other.id === event.id)};
		case 'plan':
			return {plan: {changes: event.changes, create: event.create, update: event.update, destroy: event.destroy}};
		case 'resource':
			return {resources: bounded(view.resources, event.address, resourceOf(event), limits.resources)};
		case 'lane':
			return foldLane(view, event);
		case 'lane-refused':
			return foldRefused(view, event);
		case 'lane-lost':
			return foldLost(view, event);
		case 'waiting':
			return {waits: bounded(view.waits, event.node === undefined ? '' : oneLine(event.node, 80), waitOf(event), limits.lanes)};
		case 'policies':
			return {
				policies: {
					generation: event.generation,
					images: event.images.map(image => oneLine(image, 80)),
					lagging: event.lagging.map(({node, reason}) => ({node: oneLine(node, 80), reason: oneLine(reason)})),
				},
			};
		case 'replacement':
			return foldReplacement(view, event);
		case 'stream':
			return {stream: {state: event.state, at: event.at, ...(event.detail === undefined ? {} : {detail: oneLine(event.detail)})}};
		case 'log': {
			const line = {source: oneLine(event.source, 80), line: oneLine(event.line), at: event.at};
			return {logs: [...view.logs.slice(1 - limits.logs), line], logCount: view.logCount + 1};
		}
		case 'warning': {
			const warning = {code: event.code, message: oneLine(event.message), at: event.at};
			return {warnings: put(view.warnings, warning, other => other.message === warning.message).slice(-limits.warnings)};
		}
		case 'verify':
			return {verify: {endpoint: event.endpoint, checks: event.checks}};
		case 'file':
			return {files: put(view.files, {path: event.path, purpose: event.purpose}, other => other.path === event.path)};
		case 'summary':
			return {summary: event.summary};
		default:
			return never(event);
	}
}

function foldReplacement(view: LiveView, {type: _, ...event}: EventOf<'replacement'>): Partial<LiveView> {
	const node = oneLine(event.node, 80);
	const before = view.replacements.get(node);
	const partner = event.partner ?? before?.partner;
	const words = {
		since: before?.state === event.state ? before.since : event.at,
		...(event.image === undefined ? {} : {image: oneLine(event.image, 80)}),
		...(partner === undefined ? {} : {partner: oneLine(partner, 80)}),
		...(event.blockedBy === undefined ? {} : {blockedBy: oneLine(event.blockedBy, 200)}),
	};
	return {replacements: bounded(view.replacements, node, {...event, ...words, node}, limits.lanes)};
}

function foldPhase(phases: readonly PhaseView[], event: EventOf<'phase'>): PhaseView[] {
	const before = phases.find(phase => phase.id === event.id);
	const phase: PhaseView = {
		id: event.id,
		state: event.state,
		startedAt: event.state === 'started' ? event.at : (before?.startedAt ?? event.at),
		...(event.state === 'started' ? {} : {endedAt: event.at}),
		...(event.detail === undefined ? {} : {detail: oneLine(event.detail)}),
	};
	return put(phases, phase, other => other.id === event.id);
}

// A machine that boots again starts its way anew; an older boot's states must not make it look further than it is.
function foldLane(view: LiveView, event: EventOf<'lane'>): Partial<LiveView> {
	const name = oneLine(event.node, 80);
	const before = view.lanes.get(name);
	const again =
		before !== undefined &&
		(event.state === 'requested' || event.state === 'booting') &&
		(before.lost !== undefined || before.steps.ready !== undefined) &&
		event.at > before.changedAt;
	const steps = before === undefined || again ? {} : before.steps;
	const attested = laneStates.indexOf(event.state) >= laneStates.indexOf('attested');
	const lane: Lane = {
		name,
		role: event.role,
		startedAt: again ? event.at : Math.min(before?.startedAt ?? event.at, event.at),
		changedAt: Math.max(before?.changedAt ?? 0, event.at),
		steps: {...steps, [event.state]: {at: event.at, source: event.source}},
		...(before?.refused === undefined || attested || again ? {} : {refused: before.refused}),
	};
	return {
		...withLane(view, lane),
		...(event.state === 'ready' ? {waits: without(view.waits, name)} : {}),
	};
}

function foldRefused(view: LiveView, event: EventOf<'lane-refused'>): Partial<LiveView> {
	const name = oneLine(event.node, 80);
	const before = view.lanes.get(name) ?? newLane(name, event.role, event.at);
	const refused = {refusal: harmless(event.refusal), count: event.count, at: event.at};
	const {lanes, order} = withLane(view, {...before, changedAt: event.at, refused});
	const all = [...lanes.values()].filter(lane => lane.refused !== undefined);
	const waits = without(view.waits, name);
	if (all.length <= limits.refusals) return {lanes, order, waits};
	// The oldest refusal goes; whoever was never more than refused goes with it.
	const {refused: _, ...oldest} = all.reduce((a, b) => ((a.refused?.at ?? 0) <= (b.refused?.at ?? 0) ? a : b));
	if (Object.keys(oldest.steps).length > 0) return {lanes: lanes.set(oldest.name, oldest), order, waits};
	lanes.delete(oldest.name);
	return {lanes, order: order.filter(other => other !== oldest.name), waits};
}

function foldLost(view: LiveView, event: EventOf<'lane-lost'>): Partial<LiveView> {
	const name = oneLine(event.node, 80);
	const waits = without(view.waits, name);
	if (event.reason === 'removed')
		return {lanes: without(view.lanes, name), order: view.order.filter(other => other !== name), waits};
	// A node that is lost before the view began is still a node the person must see.
	const before = view.lanes.get(name) ?? newLane(name, event.role ?? 'worker', event.at);
	const lane = {...before, changedAt: event.at, lost: {reason: event.reason, at: event.at}};
	return {...withLane(view, lane), waits};
}

function withLane(view: LiveView, lane: Lane): {lanes: Map<string, Lane>; order: readonly string[]} {
	const lanes = new Map(view.lanes).set(lane.name, lane);
	if (view.lanes.get(lane.name)?.role === lane.role) return {lanes, order: view.order};
	const order = view.order.filter(name => name !== lane.name);
	if (lanes.size > limits.lanes) lanes.delete(order.pop() ?? '');
	let low = 0;
	let high = order.length;
	while (low < high) {
		const half = (low + high) >> 1;
		const other = lanes.get(order[half] ?? '');
		if (other !== undefined && before(other, lane)) low = half + 1;
		else high = half;
	}
	return {lanes, order: order.toSpliced(low, 0, lane.name)};
}

const byName = new Intl.Collator('en', {numeric: true});

function before(a: Lane, b: Lane): boolean {
	return a.role === b.role ? byName.compare(a.name, b.name) < 0 : a.role === 'control-plane';
}

function newLane(name: string, role: NodeRole, at: number): Lane {
	return {name, role, startedAt: at, changedAt: at, steps: {}};
}

function harmless(refusal: RefusalView): RefusalView {
	return {
		...refusal,
		sentence: oneLine(refusal.sentence),
		likely: oneLine(refusal.likely),
		step: oneLine(refusal.step),
		...(refusal.expected === undefined ? {} : {expected: oneLine(refusal.expected, 200)}),
		...(refusal.actual === undefined ? {} : {actual: oneLine(refusal.actual, 200)}),
	};
}

function checkOf({type: _, at: __, ...check}: EventOf<'check'>): CheckView {
	return check;
}

function resourceOf({type: _, at: __, ...resource}: EventOf<'resource'>): ResourceView {
	return resource;
}

function waitOf({type: _, ...wait}: EventOf<'waiting'>): Wait {
	return {
		...wait,
		message: oneLine(wait.message),
		...(wait.lastError === undefined ? {} : {lastError: oneLine(wait.lastError)}),
	};
}

/** The list with `item` in the place of the one that matches, or at the end. */
function put<T>(list: readonly T[], item: T, matches: (other: T) => boolean): T[] {
	const index = list.findIndex(other => matches(other));
	return index === -1 ? [...list, item] : list.with(index, item);
}

function bounded<T>(map: ReadonlyMap<string, T>, key: string, value: T, limit: number): Map<string, T> {
	const copy = new Map(map).set(key, value);
	if (copy.size > limit) copy.delete(copy.keys().next().value ?? '');
	return copy;
}

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
	if (!map.has(key)) return map;
	const copy = new Map(map);
	copy.delete(key);
	return copy;
}

function never(event: never): never {
	throw new TypeError(`unknown event ${JSON.stringify(event)}`);
}
