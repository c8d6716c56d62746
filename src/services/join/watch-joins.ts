import type {MessageInitShape} from '@bufbuild/protobuf';
import type {WatchJoinsRequest, WatchJoinsResponseSchema} from '../../rpc/gen/join_pb.ts';
import {changeOrPause} from '../abort.ts';
import {type Entry, type JoinLog, sources, type Versions} from './join-log.ts';

type Message = MessageInitShape<typeof WatchJoinsResponseSchema>;

export type WatchDeps = {
	log: JoinLog;
	/** Throws when the caller may not watch (any more). */
	authorize: () => Promise<void>;
	/** Milliseconds after which an open stream is authorised again. */
	recheck?: number;
};

const cursorForm = /^(\d{1,20})\.(\d{1,20})\.(\d{1,20})$/;

/** A cursor: the resource versions of Nodes, JoiningNodes and Events up to which everything was seen. */
export const formatCursor = (versions: Versions): string => sources.map(source => String(versions[source])).join('.');

/** Reads a cursor; undefined for one that is empty or not ours, which leads to a snapshot. */
export const parseCursor = (text: string): Versions | undefined => {
	const [, nodes, joiningnodes, events] = cursorForm.exec(text) ?? [];
	if (nodes === undefined || joiningnodes === undefined || events === undefined) return undefined;
	return {nodes: BigInt(nodes), joiningnodes: BigInt(joiningnodes), events: BigInt(events)};
};

/**
 * The stream of one administrator: what happened since the cursor, or a snapshot when that is too long ago, then every change.
 * Nobody who is too slow is waited for: such a stream gets a new snapshot.
 */
export async function* watchJoins(
	{log, authorize, recheck = 30_000}: WatchDeps,
	request: WatchJoinsRequest,
	signal: AbortSignal,
): AsyncGenerator<Message> {
	await authorize();
	while (!log.isComplete()) await changeOrPause(log.changed(), recheck, signal);
	let versions = parseCursor(request.cursor);
	let position = versions && log.resume(versions);
	let authorizedAt = Date.now();
	while (!signal.aborted) {
		const entries = position === undefined ? undefined : log.from(position);
		if (!entries || !versions) {
			const snapshot = log.snapshot();
			({versions, next: position} = snapshot);
			yield {kind: {case: 'snapshot', value: {nodes: snapshot.lanes}}, cursor: formatCursor(versions)};
			continue;
		}
		const change = changeOrPause(log.changed(), recheck, signal);
		for (const entry of entries) {
			position = entry.index + 1;
			if (entry.version <= versions[entry.source]) continue;
			versions = seenTo(versions, entry);
			yield {kind: {case: 'event', value: {node: entry.lane}}, cursor: formatCursor(versions)};
		}
		await change;
		if (Date.now() - authorizedAt >= recheck) {
			await authorize();
			authorizedAt = Date.now();
		}
	}
}

const seenTo = (versions: Versions, {source, version}: Entry): Versions => ({...versions, [source]: version});
