import {type ChildProcess, execFileSync, spawn} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, isAbsolute, join, resolve} from 'node:path';
import type {ExitCode} from '../../src/errors.ts';
import {processesIn, signalProcess, waitForEnd} from '../../src/process.ts';
import {clusterFolder} from '../../src/providers/local/cluster-folder.ts';
import {dataHome} from '../../src/releases/data-home.ts';
import type {Asserts} from './strict.ts';
import {compiled} from './tool.ts';

const cli = resolve(import.meta.dirname, '..', '..', 'dist', 'cli.mjs');

/** No command of a test takes longer, not on a slow computer either; less than what ava waits for a result. */
const limitMs = 240_000;

/** One line of the JSON form of a command. */
export type Line = Record<string, unknown>;

export type Finished = {
	code: number | null;
	signal: NodeJS.Signals | null;
	stdout: string;
	stderr: string;
	lines: Line[];
	result: Line;
};

export type Running = {child: ChildProcess; pid: number; lines: Line[]; finished: Promise<Finished>};

export type World = Awaited<ReturnType<typeof newWorld>>;

/** The folder of a program on the PATH. */
export const folderOf = (program: string): string | undefined =>
	(process.env['PATH'] ?? '').split(delimiter).find(folder => isAbsolute(folder) && existsSync(join(folder, program)));

/** What the tests of this file lack on this computer. */
export function missing(): string | undefined {
	if (!existsSync(cli)) return 'not built, run npm run build';
	if (folderOf('terraform') === undefined && folderOf('tofu') === undefined) return 'no terraform';
	if (folderOf('kubectl') === undefined) return 'no kubectl';
	return undefined;
}

/** A folder of its own with a workspace and a data home in it, and the tool run there as a person would run it. */
export const newWorld = ({program = [process.execPath, cli], path = process.env['PATH'] ?? ''} = {}) => {
	// Short: the names of sockets below it are limited.
	const home = mkdtempSync(join(tmpdir(), 'e-'));
	const workspace = join(home, 'w');
	mkdirSync(workspace);
	const env: NodeJS.ProcessEnv = {
		PATH: path,
		HOME: home,
		XDG_DATA_HOME: join(home, 'd'),
		TMPDIR: tmpdir(),
		LANG: 'C.UTF-8',
		TZ: 'UTC',
		TERM: 'dumb',
		...compiled,
	};
	const running = new Set<ChildProcess>();
	/** Everything that any command wrote. */
	const outputs: string[] = [];

	const start = (args: readonly string[], options: {cwd?: string} = {}): Running => {
		const [runtime = '', ...before] = program;
		const child = spawn(runtime, [...before, ...args], {cwd: options.cwd ?? workspace, env, stdio: ['ignore', 'pipe', 'pipe']});
		running.add(child);
		const lines: Line[] = [];
		let [stdout, stderr, rest] = ['', '', ''];
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			stdout += text;
			const parts = (rest + text).split('\n');
			rest = parts.pop() ?? '';
			for (const part of parts) if (part.startsWith('{')) lines.push(JSON.parse(part) as Line);
		});
		child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
		const limit = setTimeout(() => {
			stderr += `\nended by the test: it still ran after ${limitMs / 1000} s\n`;
			child.kill('SIGKILL');
		}, limitMs);
		const finished = new Promise<Finished>((done, failed) => {
			child.once('error', failed);
			child.once('close', (code, signal) => {
				clearTimeout(limit);
				running.delete(child);
				outputs.push(stdout, stderr);
				done({code, signal, stdout, stderr, lines, result: lines.findLast(({type}) => type === 'result') ?? {}});
			});
		});
		// Awaited by the test; until then a failed spawn must not count as unhandled.
		finished.catch(() => undefined);
		return {child, pid: child.pid ?? 0, lines, finished};
	};
	const run = (args: string, options: {cwd?: string} = {}) => start(args.split(' '), options).finished;

	return {
		home,
		workspace,
		env,
		outputs,
		dataHome: dataHome(env),
		start,
		/** Arguments are split at blanks. */
		run,
		/** Runs a command with --json that must end with this code; gives its result line. */
		async expect(t: Pick<Asserts, 'is'>, code: ExitCode, args: string): Promise<Line> {
			const finished = await run(`${args} --json`);
			t.is(finished.code, code, `constellation ${args}\n${finished.stdout.slice(-2000)}\n${finished.stderr}`);
			return finished.result;
		},
		kubectl: (args: string): string =>
			execFileSync('kubectl', args.split(' '), {
				env: {...env, KUBECONFIG: join(workspace, 'constellation-admin.conf')},
				encoding: 'utf8',
				timeout: 60_000,
			}),
		file: (name: string) => join(workspace, name),
		/** Entries of the journal so far, as `step state`. */
		journal: (): string[] =>
			linesOf(join(workspace, '.constellation', 'journal.jsonl')).map(
				entry => `${String(entry['step'])} ${String(entry['state'])}`,
			),
		uid: (): string => {
			const {uid} = JSON.parse(readFileSync(join(workspace, 'constellation-id.json'), 'utf8')) as {uid: string};
			return uid;
		},
		/** Whether something of the cluster's own folder exists. */
		hasInCluster(...parts: string[]): boolean {
			return existsSync(join(workspace, 'constellation-id.json')) && existsSync(join(this.cluster(), ...parts));
		},
		cluster(): string {
			return clusterFolder(dataHome(env), this.uid());
		},
		/** Ends whatever still works here and removes the folder. */
		async close() {
			for (const child of running) child.kill('SIGKILL');
			for (let left = processesIn(home); left.length > 0; left = processesIn(home)) {
				for (const each of left) signalProcess(each, 'SIGKILL');
				await Promise.all(left.map(each => waitForEnd(each, 5000)));
			}
			rmSync(home, {recursive: true, force: true, maxRetries: 5});
		},
	};
};

/** Complete JSON lines of a file that may still be written. */
const linesOf = (path: string): Line[] => {
	if (!existsSync(path)) return [];
	const complete = readFileSync(path, 'utf8').split('\n').slice(0, -1);
	return complete.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Line);
};

/** Pid of a service process of a node, such as `join-service` of `control-plane-0`; undefined while there is none. */
export const servicePid = (world: World, machine: string, service: string): number | undefined =>
	processesIn(join(world.cluster(), 'machines', machine)).find(({pid}) => argumentsOf(pid).at(-1) === service)?.pid;

/** Pid of the program of a node itself. */
export const nodePid = (world: World, machine: string): number | undefined =>
	processesIn(join(world.cluster(), 'machines', machine)).find(({pid}) => !argumentsOf(pid).includes('service'))?.pid;

const argumentsOf = (pid: number): string[] => textOf(`/proc/${pid}/cmdline`).split('\0').slice(0, -1);

/** The text of a file under /proc; empty when its process is gone or another user's. */
export const textOf = (path: string): string => {
	try {
		return readFileSync(path, 'latin1');
	} catch {
		return ''; // It ended between the listing and the look.
	}
};

/** Where a process works; undefined when it is gone. */
export const workingFolder = (pid: number | string): string | undefined => {
	try {
		return readlinkSync(`/proc/${pid}/cwd`);
	} catch {
		return undefined; // It ended, or it is a thread of the kernel.
	}
};
