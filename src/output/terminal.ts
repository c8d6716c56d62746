import type {EventEmitter} from 'node:events';
import {StringDecoder} from 'node:string_decoder';
import type {InputEvent} from './input.ts';
import {emptyInput, flushInput, parseInput} from './input.ts';

/** How long an escape character may stand alone before it is the Esc key. */
const escapeMs = 60;

const bracketedPasteOn = '\u001B[?2004h';
const bracketedPasteOff = '\u001B[?2004l';

export type TerminalOptions = {
	stdin: NodeJS.ReadStream;
	stdout: NodeJS.WriteStream;
	/** The process: its `exit` is the last moment to restore. */
	signals: Pick<EventEmitter, 'on' | 'off'>;
	onInput: (event: InputEvent) => void;
};

export type TerminalModes = {
	/** Raw mode and bracketed paste on; keys are handed on. */
	acquire: () => void;
	/** Back to what the shell expects. Synchronous, and harmless when it is already so: any exit may call it. */
	release: () => void;
	/** Releases, after swallowing what was typed ahead, so that no key leaks into the shell. */
	close: () => Promise<void>;
};

/**
 * The input side of the terminal: raw mode and bracketed paste. The output side (alternate screen, cursor) is Ink's,
 * which restores it on every exit it hears of; here the modes that are ours are restored on the same occasions.
 */
export function terminalModes({stdin, stdout, signals, onInput}: TerminalOptions): TerminalModes {
	let state = emptyInput;
	let decoder = new StringDecoder('utf8');
	let timer: NodeJS.Timeout | undefined;
	let isOurs = false;
	const onData = (chunk: Buffer | string) => {
		clearTimeout(timer);
		const parsed = parseInput(state, typeof chunk === 'string' ? chunk : decoder.write(chunk));
		state = parsed.state;
		if (state.pending !== '' && !state.pasting) timer = setTimeout(flush, escapeMs);
		parsed.events.forEach(onInput);
	};
	const flush = () => {
		const flushed = flushInput(state);
		state = flushed.state;
		flushed.events.forEach(onInput);
	};
	const release = () => {
		if (!isOurs) return;
		isOurs = false;
		clearTimeout(timer);
		signals.off('exit', release);
		stdin.off('data', onData);
		stdin.setRawMode(false);
		stdin.pause();
		stdout.write(bracketedPasteOff);
	};
	return {
		acquire: () => {
			if (isOurs) return;
			isOurs = true;
			state = emptyInput;
			decoder = new StringDecoder('utf8');
			signals.on('exit', release);
			stdin.setRawMode(true);
			stdin.on('data', onData);
			stdin.resume();
			stdout.write(bracketedPasteOn);
		},
		release,
		close: async () => {
			if (isOurs) {
				stdin.off('data', onData);
				const swallow = () => undefined;
				stdin.on('data', swallow);
				await new Promise(resolve => setImmediate(resolve));
				stdin.off('data', swallow);
			}
			release();
		},
	};
}
