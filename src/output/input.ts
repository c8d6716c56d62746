/**
 * What a person did at the keyboard. Key names are lower case with their modifiers in front: `enter`, `up`, `f1`,
 * `ctrl-c`, `alt-b`, `shift-tab`. A paste is whole, line breaks and all, and never contains a key.
 */
export type InputEvent = {type: 'text'; text: string} | {type: 'key'; key: string} | {type: 'paste'; text: string};

/** What is left of an unfinished sequence between two chunks. Strings, already decoded from UTF-8. */
export type InputState = {
	pending: string;
	pasting: boolean;
	/** Esc was just taken for the key itself: a slow link may still deliver the rest of what was an arrow key. */
	escaped: boolean;
};

export const emptyInput: InputState = {pending: '', pasting: false, escaped: false};

const pasteStart = '\u001B[200~';
const pasteEnd = '\u001B[201~';
const pasteLimit = 100_000;

const lateTail = /^(?:\[[0-9;]*[A-Za-z~]|O[A-Z])/u;

const finals: Readonly<Record<string, string>> = {
	A: 'up',
	B: 'down',
	C: 'right',
	D: 'left',
	F: 'end',
	H: 'home',
	P: 'f1',
	Q: 'f2',
	R: 'f3',
	S: 'f4',
	Z: 'shift-tab',
};
const tildes: Readonly<Record<string, string>> = {
	1: 'home',
	2: 'insert',
	3: 'delete',
	4: 'end',
	5: 'pageup',
	6: 'pagedown',
	7: 'home',
	8: 'end',
	11: 'f1',
	12: 'f2',
};
const named: Readonly<Record<string, string>> = {
	'\r': 'enter',
	'\n': 'enter',
	'\t': 'tab',
	'\b': 'backspace',
	'\u007F': 'backspace',
};

/**
 * Parses one chunk of terminal input (`abc\r` in one chunk is text and then Enter). An escape sequence that is cut at the
 * end of the chunk waits in the state for the next one; call `flushInput` when nothing followed for a moment.
 */
export function parseInput(state: InputState, chunk: string): {state: InputState; events: InputEvent[]} {
	const events: InputEvent[] = [];
	let rest = state.pending + (state.escaped ? chunk.replace(lateTail, '') : chunk);
	let pasting = state.pasting;
	const wait = (pending: string) => ({state: {pending, pasting, escaped: false}, events});
	while (rest !== '') {
		if (pasting) {
			const end = rest.indexOf(pasteEnd);
			if (end === -1) {
				if (rest.length < pasteLimit) return wait(rest);
				// Too much to hold: hand on what is here, but never let the rest of a paste be taken for keys.
				events.push({type: 'paste', text: rest.slice(0, -pasteEnd.length)});
				return wait(rest.slice(-pasteEnd.length));
			}
			events.push({type: 'paste', text: rest.slice(0, end)});
			rest = rest.slice(end + pasteEnd.length);
			pasting = false;
		} else if (rest.startsWith(pasteStart)) {
			pasting = true;
			rest = rest.slice(pasteStart.length);
		} else if (rest.startsWith('\u001B')) {
			const sequence = escapeSequence(rest);
			if (sequence === undefined) return wait(rest);
			if (sequence.key !== undefined) events.push({type: 'key', key: sequence.key});
			rest = rest.slice(sequence.length);
		} else {
			const text = /^[^\p{Cc}]+/u.exec(rest)?.[0];
			if (text === undefined) {
				const key = controlKey(rest.charAt(0));
				if (key !== undefined) events.push({type: 'key', key});
				rest = rest.slice(1);
			} else {
				events.push({type: 'text', text});
				rest = rest.slice(text.length);
			}
		}
	}
	return wait('');
}

/** Nothing followed an escape character: it was the Esc key itself. Longer leftovers are dropped; they can do no harm. */
export function flushInput(state: InputState): {state: InputState; events: InputEvent[]} {
	if (state.pasting || state.pending === '') return {state, events: []};
	const events: InputEvent[] = state.pending === '\u001B' ? [{type: 'key', key: 'escape'}] : [];
	return {state: {...emptyInput, escaped: events.length > 0}, events};
}

function controlKey(char: string): string | undefined {
	const code = char.charCodeAt(0);
	if (named[char] !== undefined) return named[char];
	return code >= 1 && code <= 26 ? `ctrl-${String.fromCharCode(code + 96)}` : undefined;
}

// Length and meaning of the sequence at the start of the text; undefined while it may go on.
function escapeSequence(text: string): {length: number; key?: string} | undefined {
	if (text.length === 1) return undefined;
	const kind = text.charAt(1);
	if (kind === '[' || kind === 'O') return controlSequence(text);
	if (kind === '\u001B') return {length: 1, key: 'escape'};
	if (kind === ']' || kind === 'P' || kind === '_' || kind === '^') return terminalAnswer(text);
	const char = String.fromCodePoint(text.codePointAt(1) ?? 0);
	const key = controlKey(char) ?? char.toLowerCase();
	return {length: 1 + char.length, key: `alt-${key}`};
}

const sequencePattern = /^\u001B(?:\[([0-9;:<=>?]*)[ -/]*([@-~])|O([0-9;]*)([@-~]))/u;
const unfinishedPattern = /^\u001B(?:\[[0-9;:<=>?]*[ -/]*|O[0-9;]*)$/u;

function controlSequence(text: string): {length: number; key?: string} | undefined {
	const match = sequencePattern.exec(text);
	if (match === null) return unfinishedPattern.test(text) && text.length < 32 ? undefined : {length: 2};
	const parameters = (match[1] ?? match[3] ?? '').split(';');
	const final = match[2] ?? match[4] ?? '';
	const base = final === '~' ? tildes[parameters[0] ?? ''] : finals[final];
	if (base === undefined) return {length: match[0].length};
	return {length: match[0].length, key: `${modifiers(parameters[1])}${base}`};
}

// xterm's parameter: 1 + shift 1 + alt 2 + ctrl 4. Shift changes nothing for the keys we know, so it is left out.
function modifiers(parameter: string | undefined): string {
	const bits = Number(parameter ?? 1) - 1;
	if (!(bits > 0)) return '';
	return `${bits & 4 ? 'ctrl-' : ''}${bits & 2 ? 'alt-' : ''}`;
}

// Answers of the terminal (OSC, DCS) are no input; they end with BEL or ST.
function terminalAnswer(text: string): {length: number} | undefined {
	const end = /\u0007|\u001B\\/u.exec(text);
	if (end !== null) return {length: end.index + end[0].length};
	return text.length < 4096 ? undefined : {length: text.length};
}
