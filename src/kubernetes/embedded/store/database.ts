import {closeSync, fchmodSync, openSync} from 'node:fs';
import {DatabaseSync, type StatementSync} from 'node:sqlite';
import type {Seal} from './seal.ts';

const format = '1';
const lockWait = 10_000;

const tables = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
	revision INTEGER PRIMARY KEY,
	resource TEXT NOT NULL,
	namespace TEXT NOT NULL,
	name TEXT NOT NULL,
	change INTEGER NOT NULL,
	previous INTEGER NOT NULL,
	time INTEGER NOT NULL,
	value BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS versions_by_key ON versions (resource, namespace, name, revision);
CREATE INDEX IF NOT EXISTS versions_by_resource ON versions (resource, revision);
CREATE TABLE IF NOT EXISTS objects (
	resource TEXT NOT NULL,
	namespace TEXT NOT NULL,
	name TEXT NOT NULL,
	revision INTEGER NOT NULL,
	PRIMARY KEY (resource, namespace, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS owners (
	uid TEXT NOT NULL,
	resource TEXT NOT NULL,
	namespace TEXT NOT NULL,
	name TEXT NOT NULL,
	PRIMARY KEY (uid, resource, namespace, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS owners_by_key ON owners (resource, namespace, name);
CREATE TABLE IF NOT EXISTS heads (resource TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('format', '${format}'), ('revision', 1), ('compacted', 0);
`;

/** A SQLite connection with prepared statements by text. */
export type Database = {
	get(sql: string, ...values: (string | number | Uint8Array)[]): Record<string, unknown> | undefined;
	all(sql: string, ...values: (string | number | Uint8Array)[]): Record<string, unknown>[];
	run(sql: string, ...values: (string | number | Uint8Array)[]): number;
	/** Runs `work` in one write transaction; anything thrown rolls back. */
	write<T>(work: () => T): T;
	/** Runs `work` on one consistent snapshot. */
	read<T>(work: () => T): T;
	close(): void;
};

/**
 * Opens or makes the store file (0600). Several processes may have it open: write-ahead log, a write waits up to 10 s for another's.
 * Each commit reaches the disk before it is answered. Throws when the file has another format or was sealed with another key.
 */
export function openDatabase(path: string, seal: Seal): Database {
	const file = openSync(path, 'a', 0o600);
	fchmodSync(file, 0o600);
	closeSync(file);
	const connection = new DatabaseSync(path, {timeout: lockWait});
	const statements = new Map<string, StatementSync>();
	const statement = (sql: string): StatementSync => {
		const known = statements.get(sql);
		if (known) return known;
		const made = connection.prepare(sql);
		statements.set(sql, made);
		return made;
	};
	const transaction = <T>(begin: string, work: () => T): T => {
		connection.exec(begin);
		try {
			const result = work();
			connection.exec('COMMIT');
			return result;
		} catch (error) {
			if (connection.isTransaction) connection.exec('ROLLBACK');
			throw error;
		}
	};
	const database: Database = {
		get: (sql, ...values) => statement(sql).get(...values),
		all: (sql, ...values) => statement(sql).all(...values),
		run: (sql, ...values) => Number(statement(sql).run(...values).changes),
		write: work => transaction('BEGIN IMMEDIATE', work),
		read: work => transaction('BEGIN', work),
		close() {
			if (connection.isOpen) connection.close();
		},
	};
	try {
		connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -2048');
		database.write(() => connection.exec(tables));
		database.write(() => checkFormatAndKey(database, seal));
	} catch (error) {
		connection.close();
		throw error;
	}
	return database;
}

function checkFormatAndKey(database: Database, seal: Seal): void {
	const found = database.get("SELECT value FROM meta WHERE name = 'format'")?.['value'];
	if (found !== format) throw new Error(`The store has format ${String(found)}, this version reads format ${format}`);
	const probe = database.get("SELECT value FROM meta WHERE name = 'key'")?.['value'];
	if (probe === undefined) {
		database.run("INSERT INTO meta VALUES ('key', ?)", seal.seal('meta/key', Buffer.from('constellation')));
		return;
	}
	try {
		if (!(probe instanceof Uint8Array)) throw new TypeError('not bytes');
		seal.open('meta/key', probe);
	} catch (error) {
		throw new Error('The store was encrypted with another key', {cause: error});
	}
}
