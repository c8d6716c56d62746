import {notAcceptable, type Representation} from '../http/negotiate.ts';
import {isTrue} from '../http/request.ts';
import {type ApiError, expired} from '../http/status.ts';
import {type Change, Compacted} from '../store/store.ts';
import {type ApiObject, groupVersion, type JsonObject} from '../types.ts';
import type {Call} from './api.ts';
import {invalidListOption, revisionOf, type Selection, selectionOf, selects} from './read.ts';
import {viewOf} from './views.ts';

/** Where a watch writes. `send` is one event; `end` closes the answer. */
export type EventSink = {send(type: string, object: ApiObject | JsonObject): void; end(): void; closed: AbortSignal};

const initialEnd = 'k8s.io/initial-events-end';
/** Watches that name no time end after 30 to 60 minutes, as in the real server, so that clients spread over servers again. */
const shortestWatch = 1800;
const bookmarkInterval = 60_000;

export type WatchOptions = {
	revision: number | undefined;
	bookmarks: boolean;
	/** What exists comes first as ADDED events. */
	initial: boolean;
	/** After them a bookmark says so. */
	initialBookmark: boolean;
	seconds: number;
	selection: Selection;
};

/** Reads and checks the options of a watch; throws 406 and 422 before the answer begins. */
export function watchOptions(call: Call, representation: Representation): WatchOptions {
	const {query} = call;
	const revision = revisionOf(query.get('resourceVersion'));
	const bookmarks = isTrue(query.get('allowWatchBookmarks'));
	const match = query.get('resourceVersionMatch') ?? '';
	const asked = query.get('sendInitialEvents');
	if (asked !== null && match !== 'NotOlderThan') {
		throw invalidListOption('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
	}
	if (asked === null && match !== '') {
		throw invalidListOption(
			'resourceVersionMatch',
			'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
		);
	}
	const fromStart = revision === undefined || revision === 0;
	const streaming = asked === null ? bookmarks && fromStart : isTrue(asked);
	// A streaming list of Tables has no place for the bookmark at its end.
	if (streaming && bookmarks && representation.as === 'table') throw notAcceptable();
	const seconds = Number(query.get('timeoutSeconds') ?? 0);
	return {
		revision,
		bookmarks,
		initial: streaming || (asked === null && fromStart),
		initialBookmark: streaming && bookmarks,
		seconds: seconds > 0 ? seconds : shortestWatch * (1 + Math.random()),
		selection: selectionOf(call),
	};
}

/** Sends events until the time is over, the client goes, or history was lost (then an ERROR event with 410 is the last). */
export function watch(call: Call, options: WatchOptions, sink: EventSink): void {
	const {api, type, path} = call;
	const {selection} = options;
	const everything = selection.labels.length === 0 && selection.fields.length === 0;
	let last = options.revision ?? 0;

	const inScope = (change: Change): boolean => path.namespace === '' || change.key.namespace === path.namespace;
	const matching = (object: ApiObject | undefined): ApiObject | undefined => {
		if (!object) return undefined;
		const shown = viewOf(type, object);
		return selects(selection, shown) ? shown : undefined;
	};

	const deliver = (changes: readonly Change[]): void => {
		for (const change of changes) {
			if (change.revision <= last) continue;
			last = change.revision;
			if (inScope(change)) emit(change);
		}
	};

	const emit = (change: Change): void => {
		const now = matching(change.object);
		if (change.type === 'ADDED') {
			if (now) sink.send('ADDED', now);
			return;
		}
		const before = everything ? change.object : matching(change.previous() ?? change.object);
		if (change.type === 'DELETED') {
			if (before) sink.send('DELETED', now ?? viewOf(type, change.object));
		} else if (now) {
			sink.send(before ? 'MODIFIED' : 'ADDED', now);
		} else if (before) {
			// It stopped matching: its last matching state, at the revision of the change.
			sink.send('DELETED', {...before, metadata: {...before.metadata, resourceVersion: String(change.revision)}});
		}
	};

	const bookmark = (revision: number, annotations?: JsonObject): void => {
		sink.send('BOOKMARK', {
			kind: type.kind,
			apiVersion: groupVersion(type),
			metadata: {resourceVersion: String(revision), creationTimestamp: null, ...(annotations && {annotations})},
		});
	};

	const fail = (error: ApiError): void => {
		sink.send('ERROR', error.status());
		sink.end();
	};

	let stop = (): void => undefined;
	const timers: NodeJS.Timeout[] = [];
	sink.closed.addEventListener('abort', () => {
		stop();
		for (const timer of timers) clearTimeout(timer);
	});

	try {
		let start = last;
		if (options.initial) {
			const listed = api.store.list(type.storage, path.namespace === '' ? {} : {namespace: path.namespace});
			for (const stored of listed.items) {
				const shown = matching(stored);
				if (shown) sink.send('ADDED', shown);
			}
			start = listed.revision;
		} else if (options.revision === undefined) {
			start = api.store.revision();
		}
		last = Math.max(last, start);
		if (options.initialBookmark) bookmark(start, {[initialEnd]: 'true'});
		const following = api.feed.watch(start, {
			resource: type.storage,
			changes: deliver,
			lost: oldest => fail(tooOld(last, oldest)),
			ended: () => sink.end(),
		});
		stop = following.stop;
		deliver(following.past);
	} catch (error) {
		if (!(error instanceof Compacted)) throw error;
		fail(tooOld(last, error.oldest));
		return;
	}

	const current = (): number => Math.max(last, api.store.revision());
	if (options.bookmarks) {
		timers.push(setInterval(() => bookmark(current()), bookmarkInterval));
		timers.push(setTimeout(() => bookmark(current()), Math.max(0, options.seconds - 1) * 1000));
	}
	timers.push(setTimeout(() => sink.end(), options.seconds * 1000));
}

function tooOld(asked: number, oldest: number): ApiError {
	return expired(`too old resource version: ${asked} (${oldest})`);
}
