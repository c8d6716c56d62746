import {type IPty, spawn} from '@lydell/node-pty';
import headless from '@xterm/headless';

export type PtyOptions = {
	/** Program and arguments. */
	command: readonly string[];
	cwd: string;
	env?: Record<string, string>;
	columns?: number;
	rows?: number;
};

export type Pty = {
	/** What a person sees now, trailing blanks cut. */
	screen(): string;
	/** Every byte the program wrote, as text. */
	raw(): string;
	/** Everything the program wrote and when, in the asciicast v2 format. */
	recording(): string;
	/** Resolves with the screen once it satisfies the condition; throws with the last screen after `seconds`. */
	waitFor(condition: string | RegExp | ((screen: string) => boolean), seconds?: number): Promise<string>;
	type(keys: string): void;
	resize(columns: number, rows: number): void;
	/** Resolves with the exit code; throws with the last screen after `seconds`. */
	exits(seconds?: number): Promise<number>;
	kill(signal?: string): void;
	terminal: headless.Terminal;
	pid: number;
};

/** Variables that would change what the program draws, and that a test machine may have set. */
const unset = ['CI', 'NO_COLOR', 'FORCE_COLOR', 'COLORTERM', 'TMUX', 'INK_SCREEN_READER'];

/** Runs a program in a pseudo-terminal whose screen is kept by a real terminal emulator. */
export function startPty({command, cwd, env = {}, columns = 80, rows = 24}: PtyOptions): Pty {
	const inherited = Object.fromEntries(
		Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && !unset.includes(entry[0])),
	);
	const [file = '', ...args] = command;
	const child: IPty = spawn(file, args, {
		cwd,
		cols: columns,
		rows,
		name: 'xterm-256color',
		env: {...inherited, TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env},
	});
	const terminal = new headless.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 2000});
	let raw = '';
	const started = Date.now();
	const written: [seconds: number, kind: 'o', text: string][] = [];
	const listeners = new Set<() => void>();
	child.onData(data => {
		raw += data;
		written.push([(Date.now() - started) / 1000, 'o', data]);
		terminal.write(data, () => {
			for (const listener of listeners) listener();
		});
	});
	const exited = new Promise<number>(resolve => {
		child.onExit(({exitCode}) => {
			terminal.write('', () => {
				for (const listener of listeners) listener();
				resolve(exitCode);
			});
		});
	});

	const screen = () => screenLines(terminal).join('\n').trimEnd();

	return {
		screen,
		raw: () => raw,
		recording: () => [{version: 2, width: columns, height: rows}, ...written].map(part => `${JSON.stringify(part)}\n`).join(''),
		async exits(seconds = 120) {
			return new Promise((resolve, reject) => {
				const timer = setTimeout(() => {
					reject(new Error(`the program did not end within ${String(seconds)} s:\n${screen()}`));
				}, seconds * 1000);
				void exited.then(code => {
					clearTimeout(timer);
					resolve(code);
				});
			});
		},
		terminal,
		pid: child.pid,
		type: keys => {
			child.write(keys);
		},
		resize(newColumns, newRows) {
			child.resize(newColumns, newRows);
			terminal.resize(newColumns, newRows);
		},
		kill: signal => {
			child.kill(signal);
		},
		async waitFor(condition, seconds = 60) {
			const holds =
				typeof condition === 'function'
					? condition
					: (text: string) => (typeof condition === 'string' ? text.includes(condition) : condition.test(text));
			return new Promise((resolve, reject) => {
				const finish = () => {
					clearTimeout(timer);
					listeners.delete(look);
				};
				const look = () => {
					const text = screen();
					if (!holds(text)) return;
					finish();
					resolve(text);
				};
				const timer = setTimeout(() => {
					finish();
					reject(new Error(`the screen did not show ${String(condition)} within ${String(seconds)} s:\n${screen()}`));
				}, seconds * 1000);
				listeners.add(look);
				look();
			});
		},
	};
}

/** The visible lines of a terminal, top to bottom. */
export function screenLines(terminal: headless.Terminal): string[] {
	const buffer = terminal.buffer.active;
	return Array.from({length: terminal.rows}, (_, row) => buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? '');
}
