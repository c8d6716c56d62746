import type {ApiObject, JsonObject} from '../types.ts';
import type {Database} from './database.ts';
import type {Seal} from './seal.ts';

/** One object of one resource; `namespace` is '' for cluster-scoped ones. */
export type Key = {resource: string; namespace: string; name: string};

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One committed write. `object` carries the revision as resourceVersion; for DELETED it is the last state. */
export type Change = {revision: number; key: Key; type: ChangeType; object: ApiObject; previous(): ApiObject | undefined};

export type ListOptions = {
	namespace?: string;
	/** Only the object of this name. */
	name?: string;
	/** State at this revision instead of now. */
	revision?: number;
	/** Only keys after this one. */
	after?: {namespace: string; name: string};
	/** At most so many. */
	limit?: number;
};

export type Listed = {items: ApiObject[]; revision: number; more: boolean; remaining: number};

/** Somebody else wrote first; `current` is undefined when the object is gone. */
export class WriteConflict extends Error {
	override readonly name = 'WriteConflict';
	readonly current: ApiObject | undefined;

	constructor(current: ApiObject | undefined) {
		super('The object was changed by another write');
		this.current = current;
	}
}

/** The asked revision was removed by compaction (`oldest` is the oldest that can be read). */
export class Compacted extends Error {
	override readonly name = 'Compacted';
	readonly oldest: number;

	constructor(oldest: number) {
		super('The revision was compacted');
		this.oldest = oldest;
	}
}

export type Store = {
	revision(): number;
	oldest(): number;
	/** Revision of the last write to a resource, deletions included: equal heads mean that nothing of it changed. */
	head(resource: string): number;
	get(key: Key): ApiObject | undefined;
	/** Ordered by namespace, then name. Throws Compacted. */
	list(resource: string, options?: ListOptions): Listed;
	/** `expected` is the revision the caller read; 0 means the object must not exist. Throws WriteConflict. */
	put(key: Key, object: ApiObject, expected: number): ApiObject;
	/**
	 * Ends an object; `last` is its final state when that differs from the stored one. Returns it with the revision of the deletion.
	 * Throws WriteConflict.
	 */
	remove(key: Key, expected: number, last?: ApiObject): ApiObject;
	/** Objects that name this uid among their owners. */
	dependents(uid: string): Key[];
	/** Every uid that an object names among its owners, whether there is such an owner or not. */
	owners(): string[];
	/** Changes after `revision` up to `until`, oldest first, of one resource or all. Throws Compacted. */
	changes(revision: number, until: number, resource?: string): Change[];
	/** Removes the objects of a resource that nobody wrote since `before` (milliseconds). */
	expire(resource: string, before: number): void;
	/** Forgets what happened before `before` (milliseconds) or more than `keep` revisions ago, except the newest state of each object. */
	compact(before: number, keep: number): void;
	/** True when another process committed since the last call. */
	changedElsewhere(): boolean;
	/** Called after each commit of this process; returns how to stop. */
	onCommit(listener: () => void): () => void;
	close(): void;
};

const codes = {ADDED: 0, MODIFIED: 1, DELETED: 2} as const;
const types = ['ADDED', 'MODIFIED', 'DELETED'] as const;

function nameOf(key: Key, revision: number): string {
	return `${key.resource}/${key.namespace}/${key.name}@${revision}`;
}

function keyOf(row: Record<string, unknown>): Key {
	return {resource: String(row['resource']), namespace: String(row['namespace']), name: String(row['name'])};
}

/** One global revision, all versions in `versions`, the live ones pointed to by `objects`. */
export function createStore(database: Database, seal: Seal, now: () => number = Date.now): Store {
	const listeners = new Set<() => void>();
	let dataVersion: unknown;

	const meta = (name: string): number => Number(database.get('SELECT value FROM meta WHERE name = ?', name)?.['value']);

	const decode = (key: Key, revision: number, value: unknown): ApiObject => {
		if (!(value instanceof Uint8Array)) throw new TypeError(`The stored value of ${nameOf(key, revision)} is not bytes`);
		const object = JSON.parse(seal.open(nameOf(key, revision), value).toString()) as ApiObject;
		object.metadata.resourceVersion = String(revision);
		return object;
	};

	const readRevision = (key: Key, revision: number): ApiObject | undefined => {
		const row = database.get('SELECT value FROM versions WHERE revision = ?', revision);
		return row && decode(key, revision, row['value']);
	};

	const currentRevision = (key: Key): number =>
		Number(
			database.get(
				'SELECT revision FROM objects WHERE resource = ? AND namespace = ? AND name = ?',
				key.resource,
				key.namespace,
				key.name,
			)?.['revision'] ?? 0,
		);

	const record = (key: Key, object: ApiObject, type: ChangeType, expected: number): ApiObject => {
		const stored = database.write(() => {
			const current = currentRevision(key);
			if (current !== expected) throw new WriteConflict(current === 0 ? undefined : readRevision(key, current));
			const revision = Number(
				database.get("UPDATE meta SET value = value + 1 WHERE name = 'revision' RETURNING value")?.['value'],
			);
			const result = {...object, metadata: {...object.metadata, resourceVersion: String(revision)}};
			database.run(
				'INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
				revision,
				key.resource,
				key.namespace,
				key.name,
				codes[type],
				current,
				now(),
				seal.seal(nameOf(key, revision), Buffer.from(JSON.stringify(result))),
			);
			recordOwners(key, type === 'DELETED' ? [] : (object.metadata.ownerReferences ?? []));
			database.run('INSERT OR REPLACE INTO heads VALUES (?, ?)', key.resource, revision);
			if (type === 'DELETED') {
				database.run(
					'DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?',
					key.resource,
					key.namespace,
					key.name,
				);
			} else {
				database.run('INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)', key.resource, key.namespace, key.name, revision);
			}
			return result;
		});
		for (const listener of listeners) listener();
		return stored;
	};

	const recordOwners = (key: Key, references: readonly JsonObject[]): void => {
		database.run('DELETE FROM owners WHERE resource = ? AND namespace = ? AND name = ?', key.resource, key.namespace, key.name);
		for (const {uid} of references) {
			if (typeof uid !== 'string') continue;
			database.run('INSERT OR IGNORE INTO owners VALUES (?, ?, ?, ?)', uid, key.resource, key.namespace, key.name);
		}
	};

	const list = (resource: string, options: ListOptions): Listed => {
		const revision = options.revision ?? meta('revision');
		if (options.revision !== undefined && options.revision < meta('compacted')) throw new Compacted(meta('compacted'));
		const where = ['o.resource = ?'];
		const values: (string | number)[] = [resource];
		if (options.namespace !== undefined) {
			where.push('o.namespace = ?');
			values.push(options.namespace);
		}
		if (options.name !== undefined) {
			where.push('o.name = ?');
			values.push(options.name);
		}
		if (options.after) {
			where.push('(o.namespace, o.name) > (?, ?)');
			values.push(options.after.namespace, options.after.name);
		}
		const past = `(SELECT resource, namespace, name, MAX(revision) AS revision FROM versions WHERE resource = ? AND revision <= ? GROUP BY resource, namespace, name)`;
		const source = options.revision === undefined ? 'objects' : past;
		if (options.revision !== undefined) values.unshift(resource, options.revision);
		const from = `FROM ${source} o JOIN versions v ON v.revision = o.revision WHERE ${where.join(' AND ')} AND v.change < 2`;
		const limit = options.limit ?? 0;
		const order = 'ORDER BY o.namespace, o.name';
		const rows = database.all(
			`SELECT o.resource, o.namespace, o.name, o.revision, v.value ${from} ${order}${limit > 0 ? ` LIMIT ${limit}` : ''}`,
			...values,
		);
		const total =
			limit > 0 && rows.length === limit ? Number(database.get(`SELECT COUNT(*) AS count ${from}`, ...values)?.['count']) : 0;
		const remaining = Math.max(0, total - rows.length);
		return {
			items: rows.map(row => decode(keyOf(row), Number(row['revision']), row['value'])),
			revision,
			more: remaining > 0,
			remaining,
		};
	};

	return {
		revision: () => meta('revision'),
		oldest: () => meta('compacted'),
		head: resource => Number(database.get('SELECT revision FROM heads WHERE resource = ?', resource)?.['revision'] ?? 0),
		get: key => {
			const row = database.get(
				'SELECT o.revision, v.value FROM objects o JOIN versions v ON v.revision = o.revision WHERE o.resource = ? AND o.namespace = ? AND o.name = ?',
				key.resource,
				key.namespace,
				key.name,
			);
			return row && decode(key, Number(row['revision']), row['value']);
		},
		list: (resource, options = {}) => database.read(() => list(resource, options)),
		put: (key, object, expected) => record(key, object, expected === 0 ? 'ADDED' : 'MODIFIED', expected),
		remove: (key, expected, last) => {
			const current = last ?? (expected === 0 ? undefined : readRevision(key, expected));
			if (!current) throw new WriteConflict(undefined);
			return record(key, current, 'DELETED', expected);
		},
		owners: () => database.all('SELECT DISTINCT uid FROM owners').map(({uid}) => String(uid)),
		dependents: uid => database.all('SELECT resource, namespace, name FROM owners WHERE uid = ?', uid).map(keyOf),
		changes: (revision, until, resource) =>
			database.read(() => {
				const oldest = meta('compacted');
				if (revision < oldest) throw new Compacted(oldest);
				const rows = resource
					? database.all(
							'SELECT * FROM versions WHERE resource = ? AND revision > ? AND revision <= ? ORDER BY revision',
							resource,
							revision,
							until,
						)
					: database.all('SELECT * FROM versions WHERE revision > ? AND revision <= ? ORDER BY revision', revision, until);
				return rows.map(row => {
					const key = keyOf(row);
					const at = Number(row['revision']);
					const before = Number(row['previous']);
					return {
						revision: at,
						key,
						type: types[Number(row['change'])] ?? 'MODIFIED',
						object: decode(key, at, row['value']),
						previous: () => (before === 0 ? undefined : readRevision(key, before)),
					};
				});
			}),
		expire: (resource, before) => {
			const rows = database.all(
				'SELECT o.resource, o.namespace, o.name, o.revision FROM objects o JOIN versions v ON v.revision = o.revision WHERE o.resource = ? AND v.time < ?',
				resource,
				before,
			);
			for (const row of rows) {
				const last = readRevision(keyOf(row), Number(row['revision']));
				try {
					if (last) record(keyOf(row), last, 'DELETED', Number(row['revision']));
				} catch (error) {
					// Written or removed in this moment: then it is not old, or gone already.
					if (!(error instanceof WriteConflict)) throw error;
				}
			}
		},
		compact: (before, keep) => {
			database.write(() => {
				const byTime = Number(database.get('SELECT MAX(revision) AS r FROM versions WHERE time < ?', before)?.['r'] ?? 0);
				const until = Math.max(byTime, meta('revision') - keep);
				if (until <= meta('compacted')) return;
				database.run("UPDATE meta SET value = ? WHERE name = 'compacted'", until);
				database.run(
					`DELETE FROM versions WHERE revision <= ?1 AND (change = 2 OR EXISTS (
						SELECT 1 FROM versions n WHERE n.resource = versions.resource AND n.namespace = versions.namespace
						AND n.name = versions.name AND n.revision > versions.revision AND n.revision <= ?1))`,
					until,
				);
			});
		},
		changedElsewhere: () => {
			const found = database.get('PRAGMA data_version')?.['data_version'];
			const changed = found !== dataVersion;
			dataVersion = found;
			return changed;
		},
		onCommit: listener => {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		close: () => database.close(),
	};
}
