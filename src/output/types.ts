import type {EventEmitter} from 'node:events';
import type {ExitCode} from '../errors.ts';
import type {Flow, PhaseId} from '../events.ts';
import type {RendererKind, Surroundings} from './choose.ts';

/** What a command ended with: facts for machines and, of the same facts, lines for people. Never a secret. */
export type Result = {command: string; data: Readonly<Record<string, unknown>>; lines: readonly string[]};

/** How a command talks, whichever renderer was chosen. */
export type Output = {
	kind: RendererKind;
	/** Shows a flow until it ends. The signal aborts at the first Ctrl-C or SIGTERM; a second one leaves at once. */
	run<R>(title: string, start: (signal: AbortSignal) => Flow<R>, options?: RunOptions): Promise<R>;
	/** The result, on stdout: the only thing a pipe gets. */
	result(result: Result): void;
	/** Shows an error (stderr, or the JSON result) and tells the exit code to end with. */
	fail(error: unknown): ExitCode;
};

export type RunOptions = {
	/** The phases to come, as far as they are known, so that the screen can show what is left. */
	expected?: readonly PhaseId[];
	/** The flow only looks: leaving stops nothing, and says so. */
	watching?: boolean;
	/** The cluster does the work by itself: Ctrl-C only leaves it, and says so. The flow ends with its own error then. */
	detaches?: boolean;
	/** The file that holds the whole log of the run. */
	logFile?: string;
};

export type OutputOptions = {
	stdin: NodeJS.ReadStream;
	stdout: NodeJS.WriteStream;
	stderr: NodeJS.WriteStream;
	env: Surroundings['env'];
	platform: NodeJS.Platform;
	flags?: Surroundings['flags'];
	/** Where signals come from: the process. */
	signals: Pick<EventEmitter, 'on' | 'off'>;
	now: () => number;
	/** Leaves the process at once; called after the terminal is restored, on a second Ctrl-C only. */
	exitNow: (exitCode: number) => void;
	/** Writes a report of a bug and returns its path. */
	crashReport: (error: unknown) => string;
};
