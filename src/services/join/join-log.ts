import type {KubeObject, WatchEvent} from '../../kubernetes/kube.ts';
import {isExpired, type Lane, laneOfEvent, laneOfJoining, laneOfNode, removedLane} from './lanes.ts';

/** Where the facts come from; a cursor has one resource version for each. */
export const sources = ['nodes', 'joiningnodes', 'events'] as const;
export type JoinSource = (typeof sources)[number];

/** One change, and the version of the object that made it. */
export type Entry = {index: number; source: JoinSource; version: bigint; lane: Lane};

export type Versions = Readonly<Record<JoinSource, bigint>>;

/**
 * What happened to the nodes, in order, as far back as `kept` entries. The same versions of the same objects give the same entries
 * in every JoinService, so that a stream can go on at another one.
 */
export type JoinLog = {
	/** Takes the whole of one source: what is missing was removed. */
	list: (source: JoinSource, items: readonly KubeObject[], version: string) => void;
	event: (source: JoinSource, event: WatchEvent) => void;
	/** Whether every source was listed. */
	isComplete: () => boolean;
	/** The present state of every node, and the position behind it. */
	snapshot: () => {lanes: Lane[]; next: number; versions: Versions};
	/** Entries from `index` on; undefined when they are no longer kept. */
	from: (index: number) => Entry[] | undefined;
	/** Index at which a stream that has seen `versions` goes on; undefined when something it needs is no longer kept. */
	resume: (versions: Versions) => number | undefined;
	/** Resolves at the next change. */
	changed: () => Promise<void>;
};

type Known = {lane: Lane; version: bigint; object: KubeObject};

const implausible = 100_000n;

export const createJoinLog = ({kept = 4096, now = Date.now}: {kept?: number; now?: () => number} = {}): JoinLog => {
	const known: Record<JoinSource, Map<string, Known>> = {nodes: new Map(), joiningnodes: new Map(), events: new Map()};
	const lanes = new Map<string, {lane: Lane; version: bigint}>();
	const seen: Partial<Record<JoinSource, bigint>> = {};
	const oldest: Record<JoinSource, bigint> = {nodes: 0n, joiningnodes: 0n, events: 0n};
	const entries: Entry[] = [];
	let next = 0;
	let change = Promise.withResolvers<undefined>();

	const add = (source: JoinSource, version: bigint, lane: Lane): void => {
		entries.push({index: next, source, version, lane});
		next += 1;
		if (entries.length > kept) {
			const dropped = entries.shift();
			if (dropped) oldest[dropped.source] = dropped.version;
		}
		const present = lanes.get(lane.name);
		if (present && present.version > version) return;
		if (lane.state === 'removed') lanes.delete(lane.name);
		else lanes.set(lane.name, {lane, version});
	};

	const put = (source: JoinSource, object: KubeObject): void => {
		const version = versionOf(object);
		const previous = known[source].get(object.metadata.name);
		if (previous && previous.version >= version) return;
		const lane = laneOf(source, object, known.nodes);
		if (!lane) return;
		known[source].set(object.metadata.name, {lane, version, object});
		if (!previous || !isSame(previous.lane, lane)) add(source, version, lane);
	};

	const remove = (source: JoinSource, name: string, version: bigint): void => {
		const previous = known[source].get(name);
		known[source].delete(name);
		if (!previous) return;
		const gone = source === 'nodes' || (source === 'joiningnodes' && isAbandoned(previous, known.nodes, now()));
		if (gone) add(source, version, removedLane(previous.lane, now()));
		// A refusal that is forgotten is nothing that happens to a node.
		else if (source === 'events' && lanes.get(previous.lane.name)?.version === previous.version) lanes.delete(previous.lane.name);
	};

	const notice = (source: JoinSource, version: bigint): void => {
		if (version > (seen[source] ?? -1n)) seen[source] = version;
		const waiting = change;
		change = Promise.withResolvers<undefined>();
		waiting.resolve(undefined);
	};

	return {
		list: (source, items, text) => {
			const version = BigInt(text);
			if (seen[source] === undefined) oldest[source] = version;
			const names = new Set(items.map(({metadata}) => metadata.name));
			for (const name of [...known[source].keys()]) if (!names.has(name)) remove(source, name, version);
			for (const item of items.toSorted((left, right) => Number(versionOf(left) - versionOf(right)))) put(source, item);
			notice(source, version);
		},
		event: (source, {type, object}) => {
			if (type === 'DELETED') remove(source, object.metadata.name, versionOf(object));
			else if (type !== 'BOOKMARK') put(source, object);
			notice(source, versionOf(object));
		},
		isComplete: () => sources.every(source => seen[source] !== undefined),
		snapshot: () => ({
			lanes: [...lanes.values()].map(({lane}) => lane).filter(lane => !isOldRefusal(lane, now())),
			next,
			versions: {nodes: seen.nodes ?? 0n, joiningnodes: seen.joiningnodes ?? 0n, events: seen.events ?? 0n},
		}),
		from: index => {
			const first = entries[0]?.index ?? next;
			return index < first ? undefined : entries.slice(index - first);
		},
		resume: versions => {
			const highest = sources.map(source => seen[source] ?? 0n).reduce((left, right) => (left > right ? left : right), 0n);
			for (const source of sources) {
				if (versions[source] < oldest[source] || versions[source] > highest + implausible) return undefined;
			}
			return entries[0]?.index ?? next;
		},
		changed: () => change.promise,
	};
};

const versionOf = (object: KubeObject): bigint => BigInt(object.metadata.resourceVersion ?? '0');

const laneOf = (source: JoinSource, object: KubeObject, nodes: ReadonlyMap<string, Known>): Lane | undefined => {
	if (source === 'nodes') return laneOfNode(object);
	if (source === 'joiningnodes') return laneOfJoining(object);
	const lane = laneOfEvent(object);
	// Whoever is refused only claims its name: a node that is Ready is somebody else.
	return lane && nodes.get(lane.name)?.lane.state === 'ready' ? {...lane, name: `${lane.name} (refused)`} : lane;
};

const isSame = (left: Lane, right: Lane): boolean =>
	left.state === right.state && left.timeMs === right.timeMs && left.count === right.count && left.name === right.name;

/** Events are kept about an hour by real API servers; ours may keep them longer. */
const isOldRefusal = ({state, timeMs}: Lane, now: number): boolean => state === 'refused' && BigInt(now) - timeMs > 3_600_000n;

/** A JoiningNode also goes when its node is there; only one whose time was over means that the node never came. */
const isAbandoned = ({object, lane}: Known, nodes: ReadonlyMap<string, Known>, now: number): boolean =>
	!nodes.has(lane.name) && isExpired(object, now);
