import {render} from 'ink';
import type {Shown} from '../../components/app.tsx';
import {App} from '../../components/app.tsx';
import type {Frame, Size} from '../../components/screen.tsx';
import type {Theme} from '../../components/theme.ts';
import {createTheme} from '../../components/theme.ts';
import {chooseColour, chooseMotion, chooseUnicode} from './choose.ts';
import type {InputEvent} from './input.ts';
import {terminalModes} from './terminal.ts';
import type {OutputOptions} from './types.ts';

/** Streams and spinners are drawn at this pace; what a person does is drawn at once. */
const tickMs = 260;

/** Erases the screen (not what can be scrolled back to) and puts the cursor to its first cell. */
const clearScreen = '\u001B[2J\u001B[H';

export type ScreenOptions = {
	frame: (size: Size, theme: Theme) => Frame;
	onInput: (event: InputEvent) => void;
	/** Called a few times a second; true when something moves or has moved and the screen should be drawn. */
	onTick: () => boolean;
	/** A view failed. */
	onCrash: (error: unknown) => void;
};

/** A full screen while it lasts. */
export type FullScreen = {
	theme: Theme;
	size: () => Size;
	/** Something a person did changed what is shown: draw now. */
	changed: () => void;
	write: (sequence: string) => void;
	/** Gives the terminal to another program and takes it back; what was shown is drawn again. */
	lend: (during: () => Promise<void>) => Promise<void>;
	/** Restores the terminal without waiting; for leaving at once. */
	release: () => void;
	/** Restores the terminal; then the normal screen can be written to. */
	close: () => Promise<void>;
};

/** Takes the terminal over: alternate screen (Ink), raw mode, bracketed paste; gives it back on close and on any exit. */
export function openScreen(options: OutputOptions, {frame, onInput, onTick, onCrash}: ScreenOptions): FullScreen {
	const {stdin, stdout, signals, env, platform} = options;
	const theme = createTheme({
		colour: chooseColour(env, stdout.isTTY),
		unicode: chooseUnicode(env, platform),
		motion: chooseMotion(env),
	});
	const store = createStore(size => frame(size, theme));
	let suspend: ((during: () => Promise<void>) => Promise<void>) | undefined;
	const modes = terminalModes({
		stdin,
		stdout,
		signals,
		onInput: event => {
			if (event.type === 'key' && event.key === 'ctrl-z') void suspend?.(async () => stopProcess(options, modes)).catch(onCrash);
			else onInput(event);
		},
	});
	modes.acquire();
	const ticker = setInterval(() => {
		if (onTick()) store.changed();
	}, tickMs);
	const ink = render(
		<App
			shown={store}
			theme={theme}
			onReady={ready => {
				suspend = ready;
			}}
			onCrash={onCrash}
		/>,
		// Ink's own Ctrl-C would exit with 0, its console patch would scroll the screen, its CI detection is not ours.
		{
			stdout,
			stdin,
			interactive: true,
			alternateScreen: true,
			incrementalRendering: true,
			maxFps: 10,
			exitOnCtrlC: false,
			patchConsole: false,
			isScreenReaderEnabled: false,
		},
	);
	// Ink 8 erases its last frame line by line from where it believes the cursor is; a terminal that has wrapped the old lines
	// keeps their rest. The alternate screen is ours, so it can start empty after each resize.
	const onResize = () => {
		ink.clear();
		stdout.write(clearScreen);
		store.changed();
	};
	stdout.on('resize', onResize);
	let isOpen = true;
	const release = () => {
		if (!isOpen) return;
		isOpen = false;
		clearInterval(ticker);
		stdout.off('resize', onResize);
		ink.unmount();
		modes.release();
	};
	return {
		theme,
		size: () => ({columns: stdout.columns, rows: stdout.rows}),
		changed: store.changed,
		write: sequence => {
			stdout.write(sequence);
		},
		lend: async during => {
			if (suspend === undefined) throw new TypeError('the screen is not there yet');
			await suspend(async () => {
				modes.release();
				try {
					await during();
				} finally {
					if (isOpen) modes.acquire();
				}
			});
			store.changed();
		},
		release,
		close: async () => {
			if (!isOpen) return;
			const exit = ink.waitUntilExit();
			await modes.close();
			release();
			await exit;
		},
	};
}

function createStore(frame: (size: Size) => Frame): Shown & {changed: () => void} {
	let current = {frame};
	const listeners = new Set<() => void>();
	return {
		subscribe: listener => {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
		snapshot: () => current,
		changed: () => {
			current = {frame};
			for (const listener of listeners) listener();
		},
	};
}

// Ctrl-Z arrives as a key in raw mode: give the terminal back, stop the whole job as the shell would, go on after `fg`.
async function stopProcess({signals}: OutputOptions, modes: {acquire: () => void; release: () => void}): Promise<void> {
	modes.release();
	const continued = new Promise<void>(resolve => {
		const onContinue = () => {
			signals.off('SIGCONT', onContinue);
			resolve();
		};
		signals.on('SIGCONT', onContinue);
	});
	process.kill(0, 'SIGTSTP');
	await continued;
	modes.acquire();
}
