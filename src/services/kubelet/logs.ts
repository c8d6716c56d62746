import {watch} from 'node:fs';
import {open, readFile, stat} from 'node:fs/promises';
import {missing} from '../missing.ts';

/** What `kubectl logs` can ask for. */
export type LogOptions = {
	follow: boolean;
	timestamps: boolean;
	tailLines?: number;
	limitBytes?: number;
	/** Lines before this time (milliseconds since the epoch) are left out. */
	since?: number;
};

/** Options of a `containerLogs` query; values that are not numbers or times are left out. */
export const parseLogOptions = (query: URLSearchParams, now = Date.now()): LogOptions => {
	const options: LogOptions = {follow: query.get('follow') === 'true', timestamps: query.get('timestamps') === 'true'};
	const tailLines = numberOf(query.get('tailLines'));
	const limitBytes = numberOf(query.get('limitBytes'));
	const sinceSeconds = numberOf(query.get('sinceSeconds'));
	const sinceTime = Date.parse(query.get('sinceTime') ?? '');
	if (tailLines !== undefined) options.tailLines = tailLines;
	if (limitBytes !== undefined) options.limitBytes = limitBytes;
	if (sinceSeconds !== undefined) options.since = now - sinceSeconds * 1000;
	else if (!Number.isNaN(sinceTime)) options.since = sinceTime;
	return options;
};

const numberOf = (value: string | null): number | undefined =>
	value !== null && /^\d{1,15}$/.test(value) ? Number(value) : undefined;

/** The lines of a service's log file (and the one before it), oldest first; with `follow` goes on until `signal` aborts. */
export async function* readLogs(path: string, options: LogOptions, signal: AbortSignal): AsyncGenerator<string> {
	const current = await read(path);
	const lines = [...linesOf(await read(`${path}.1`)), ...linesOf(current)].filter(line => isRecent(line, options.since));
	const kept = options.tailLines === undefined ? lines : lines.slice(Math.max(0, lines.length - options.tailLines));
	let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
	const shown = (line: string) => {
		const text = `${options.timestamps ? line : withoutTime(line)}\n`.slice(0, left);
		left -= text.length;
		return text;
	};
	for (const line of kept) {
		if (left <= 0) return;
		yield shown(line);
	}
	if (!options.follow) return;
	for await (const line of follow(path, Buffer.byteLength(current), signal)) {
		if (left <= 0) return;
		yield shown(line);
	}
}

/** New lines from byte `position` on; starts over when the file was replaced by a new, shorter one. */
async function* follow(path: string, position: number, signal: AbortSignal): AsyncGenerator<string> {
	let rest = '';
	while (!signal.aborted) {
		const changed = nextChange(path, signal);
		const size = (await stat(path).catch(missing))?.size ?? 0;
		if (size < position) position = 0;
		if (size > position) {
			const chunk = await readFrom(path, position, size - position);
			position += Buffer.byteLength(chunk);
			const lines = (rest + chunk).split('\n');
			rest = lines.pop() ?? '';
			yield* lines;
			continue;
		}
		await changed;
	}
}

/** Resolves when the file changed; a check every second covers file systems that tell nothing and files that were replaced. */
const nextChange = (path: string, signal: AbortSignal) =>
	new Promise<void>(resolve => {
		const done = () => {
			clearTimeout(timer);
			watcher?.close();
			signal.removeEventListener('abort', done);
			resolve();
		};
		const timer = setTimeout(done, 1000);
		signal.addEventListener('abort', done);
		const watcher = watchFile(path, done);
	});

const watchFile = (path: string, done: () => void) => {
	try {
		return watch(path, done).on('error', done);
	} catch {
		// The file is not there yet: the timer looks again.
		return undefined;
	}
};

const readFrom = async (path: string, position: number, length: number): Promise<string> => {
	const file = await open(path, 'r');
	try {
		const {buffer, bytesRead} = await file.read(Buffer.alloc(length), 0, length, position);
		return buffer.toString('utf8', 0, bytesRead);
	} finally {
		await file.close();
	}
};

const read = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(missing)) ?? '';

const linesOf = (text: string): string[] => text.split('\n').filter(line => line !== '');

const isRecent = (line: string, since: number | undefined) =>
	since === undefined || !(Date.parse(line.slice(0, line.indexOf(' '))) < since);

const withoutTime = (line: string) => line.slice(line.indexOf(' ') + 1);
