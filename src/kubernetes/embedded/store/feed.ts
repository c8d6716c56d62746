import {type Change, Compacted, type Store} from './store.ts';

/** What a watcher gets: changes in order, or the news that some were lost to compaction. */
export type Watcher = {
	resource: string;
	changes(changes: readonly Change[]): void;
	lost(oldest: number): void;
	/** The feed was closed; every change up to then was told. */
	ended(): void;
};

/** Tells watchers of committed writes, of this process at once and of others within `interval` milliseconds. Costs nothing without watchers. */
export type Feed = {
	/** Starts after `revision`; earlier changes up to now are returned first. Throws Compacted. */
	watch(revision: number, watcher: Watcher): {past: Change[]; stop: () => void};
	/** Tells every watcher what happened until now, then that this was the end. */
	close(): void;
};

export function createFeed(store: Store, interval = 60): Feed {
	const watchers = new Set<Watcher>();
	let cursor = 0;
	let timer: NodeJS.Timeout | undefined;
	let pending = false;
	let closed = false;

	const deliver = (): void => {
		pending = false;
		if (watchers.size === 0) return;
		const until = store.revision();
		if (until === cursor) return;
		let changes: Change[];
		try {
			const resources = new Set([...watchers].map(watcher => watcher.resource));
			changes = [...resources].flatMap(resource => store.changes(cursor, until, resource));
		} catch (error) {
			if (!(error instanceof Compacted)) throw error;
			// This process slept through a compaction: its watchers must list again.
			const lost = [...watchers];
			watchers.clear();
			for (const watcher of lost) watcher.lost(error.oldest);
			stopPolling();
			return;
		}
		cursor = until;
		for (const watcher of [...watchers]) {
			const own = changes.filter(change => change.key.resource === watcher.resource);
			if (own.length > 0) watcher.changes(own);
		}
	};

	const stopPolling = (): void => {
		clearInterval(timer);
		timer = undefined;
	};

	const stopListening = store.onCommit(() => {
		if (pending || watchers.size === 0) return;
		pending = true;
		setImmediate(deliver);
	});

	return {
		watch(revision, watcher) {
			deliver();
			if (watchers.size === 0) {
				store.changedElsewhere();
				cursor = store.revision();
			}
			const past = revision < cursor ? store.changes(revision, cursor, watcher.resource) : [];
			if (closed) {
				setImmediate(() => watcher.ended());
				return {past, stop: () => undefined};
			}
			watchers.add(watcher);
			timer ??= setInterval(() => {
				if (store.changedElsewhere()) deliver();
			}, interval);
			return {
				past,
				stop() {
					watchers.delete(watcher);
					if (watchers.size === 0) stopPolling();
				},
			};
		},
		close() {
			if (closed) return;
			closed = true;
			deliver();
			stopListening();
			stopPolling();
			const last = [...watchers];
			watchers.clear();
			for (const watcher of last) watcher.ended();
		},
	};
}
