import {spawn} from 'node:child_process';
import {closeSync, openSync, readSync} from 'node:fs';
import {readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import writeFileAtomic from 'write-file-atomic';
import {isAlive, isProcessRecord, type ProcessRecord, recordOf, signalProcess} from '../process.ts';

export type RunOptions = {
	program: string;
	args: readonly string[];
	/** Working directory; the output is kept there as last-run.jsonl and last-run.err, mode 0600. */
	folder: string;
	env: Record<string, string>;
	/** Sends one SIGINT; the run still ends by itself, because it may be writing its state. */
	signal?: AbortSignal;
};

/** A Terraform that this or an earlier run of the tool started and that still works in the folder. */
export type OtherRun = {process: ProcessRecord; command: string; since: string};

export type RunResult = {exitCode: number; stderr: string};

const pollMs = 25;
const largestLine = 8 * 1024 * 1024;
const keptError = 16 * 1024;

/**
 * Runs Terraform and gives its output line by line. It runs in its own session with umask 077 and writes to a file, not to a pipe: when the
 * tool is killed in the middle, Terraform neither gets a signal nor breaks on its next line, but ends its work and writes its state.
 */
export const runLines = async function* (options: RunOptions): AsyncGenerator<string, RunResult, void> {
	const {folder, signal} = options;
	const output = join(folder, 'last-run.jsonl');
	const errors = join(folder, 'last-run.err');
	const child = start(options, output, errors);
	const ended = new Promise<number>((resolve, reject) => {
		child.on('error', reject);
		child.on('exit', (code, by) => resolve(code ?? (by === null ? 1 : 128)));
	});
	let exitCode: number | undefined;
	ended.then(
		code => (exitCode = code),
		() => (exitCode = -1),
	);
	const record = child.pid === undefined ? undefined : recordOf(child.pid);
	const recordPath = join(folder, runFile);
	if (record !== undefined) {
		const run = {...record, command: options.args[0] ?? '', since: new Date().toISOString()};
		await writeFileAtomic(recordPath, JSON.stringify(run), {mode: 0o600});
	}
	const interrupt = () => {
		if (record !== undefined) signalProcess(record, 'SIGINT');
	};
	if (signal?.aborted === true) interrupt();
	signal?.addEventListener('abort', interrupt, {once: true});
	// A plain descriptor: one that an abandoned run leaves open ends no process, as a collected FileHandle would.
	const file = openSync(output, 'r');
	const decoder = new TextDecoder();
	try {
		let rest = '';
		for (;;) {
			// Asked before the read: what was written until then is read below, so nothing of an ended run is missed.
			const over = exitCode !== undefined;
			const text = readMore(file, decoder);
			const lines = (rest + text).split('\n');
			rest = lines.pop() ?? '';
			if (rest.length > largestLine) rest = '';
			yield* lines;
			if (over && text === '') break;
			if (text === '') await delay(pollMs);
		}
		if (rest !== '') yield rest;
		return {exitCode: await ended, stderr: (await readFile(errors, 'utf8')).slice(-keptError)};
	} finally {
		signal?.removeEventListener('abort', interrupt);
		closeSync(file);
		if (exitCode !== undefined) await rm(recordPath, {force: true});
	}
};

/** The Terraform that is still at work in `folder` although nobody of us waits for it; undefined when there is none. */
export const otherRun = async (folder: string): Promise<OtherRun | undefined> => {
	const path = join(folder, runFile);
	let found: unknown;
	try {
		found = JSON.parse(await readFile(path, 'utf8'));
	} catch {
		// No record, or half of one: nothing that we could wait for.
		return undefined;
	}
	if (!isProcessRecord(found) || !isAlive(found)) {
		await rm(path, {force: true});
		return undefined;
	}
	const {command, since} = found as {command?: unknown; since?: unknown};
	return {
		process: found,
		command: typeof command === 'string' ? command : 'terraform',
		since: typeof since === 'string' ? since : '',
	};
};

const runFile = 'run.json';

const start = ({program, args, folder, env}: RunOptions, output: string, errors: string) => {
	const out = openSync(output, 'w', 0o600);
	const err = openSync(errors, 'w', 0o600);
	// The child inherits the umask of this moment; nothing else can run in between.
	const before = process.umask(0o077);
	try {
		return spawn(program, args, {cwd: folder, env, detached: true, stdio: ['ignore', out, err]});
	} finally {
		process.umask(before);
		closeSync(out);
		closeSync(err);
	}
};

/** Reads on from where the last call ended. A character that is only half there stays for the next call. */
const readMore = (file: number, decoder: TextDecoder): string => {
	const buffer = Buffer.alloc(64 * 1024);
	let text = '';
	for (;;) {
		const size = readSync(file, buffer, 0, buffer.length, null);
		if (size === 0) return text;
		text += decoder.decode(buffer.subarray(0, size), {stream: true});
	}
};
