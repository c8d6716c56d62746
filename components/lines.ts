import type {Tone} from './theme.ts';

/** A screen is data first: lines of toned pieces. Knowing every line's height is what keeps a frame inside the window. */
export type Span = {text: string; tone: Tone};
export type Line = readonly Span[];

export function span(text: string, tone: Tone = 'plain'): Span {
	return {text, tone};
}

export function line(...parts: (Span | string)[]): Line {
	return parts.map(part => (typeof part === 'string' ? span(part) : part));
}

export const blank: Line = [];

const clusters = new Intl.Segmenter('en', {granularity: 'grapheme'});
// Scripts and pictures that terminals draw two cells wide (East Asian Width W and F, and emoji).
const wide =
	/[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const ascii = /^[\u0020-\u007e]*$/u;

/** How many cells a text takes. */
export function cells(text: string): number {
	if (ascii.test(text)) return text.length;
	let width = 0;
	for (const {segment} of clusters.segment(text)) width += wide.test(segment) ? 2 : 1;
	return width;
}

export function lineCells(content: Line): number {
	return content.reduce((sum, part) => sum + cells(part.text), 0);
}

/** The text in exactly `width` cells: padded, or cut with an ellipsis. */
export function fit(text: string, width: number, ellipsis = '…'): string {
	const size = cells(text);
	if (size <= width) return text + ' '.repeat(width - size);
	let kept = '';
	for (const {segment} of clusters.segment(text)) {
		if (cells(kept + segment) > width - cells(ellipsis)) break;
		kept += segment;
	}
	return width <= 0 ? '' : fit(kept + ellipsis, width, '');
}

/** Long values such as digests: start and end, with an ellipsis between. */
export function middle(text: string, width: number, ellipsis = '…'): string {
	if (cells(text) <= width) return text;
	const keep = Math.max(0, width - cells(ellipsis));
	return text.slice(0, Math.ceil(keep / 2)) + ellipsis + text.slice(text.length - Math.floor(keep / 2));
}

/** Wraps at spaces (words longer than the width are cut) and indents what follows the first line. */
export function wrap(text: string, width: number, tone: Tone = 'plain', indent = ''): Line[] {
	const room = Math.max(1, width - cells(indent));
	const lines: string[] = [];
	let current = '';
	const lead = /^ */u.exec(text)?.[0] ?? '';
	for (let word of text.trimStart().split(' ')) {
		if (lines.length === 0 && current === '') word = lead + word;
		const size = lines.length === 0 ? width : room;
		if (current !== '' && cells(current) + 1 + cells(word) > size) {
			lines.push(current);
			current = '';
		}
		while (cells(word) > (lines.length === 0 && current === '' ? width : room)) {
			const head = fit(word, room, '');
			lines.push(head.trimEnd());
			word = word.slice(head.length);
		}
		current = current === '' ? word : `${current} ${word}`;
	}
	if (current !== '' || lines.length === 0) lines.push(current);
	return lines.map((content, index) => line(span((index === 0 ? '' : indent) + content, tone)));
}

/** `label   value`, the value wrapped beside its label, or below it where the window is narrow. */
export function labelled(label: string, value: string, width: number, labelWidth: number, tone: Tone = 'plain'): Line[] {
	if (width < 56) return [...(label === '' ? [] : [line(span(label, 'dim'))]), ...indented(wrap(value, width - 2, tone), 2)];
	return wrap(value, width - labelWidth, tone).map((content, index) =>
		line(span(fit(index === 0 ? label : '', labelWidth), 'dim'), ...content),
	);
}

/** A command for a shell: broken before a flag or its value, with the backslash that makes it one command again when it is pasted. */
export function shellLines(command: string, width: number): Line[] {
	const lines: string[] = [];
	// A flag parts from its value only where both have no room in one line.
	const parts = command.split(/ (?=-)/u).flatMap(part => (cells(part) + 4 > width ? part.split(/(?<=^\S+) /u) : [part]));
	for (const part of parts) {
		const last = lines.at(-1);
		if (last === undefined || cells(last) + 1 + cells(part) + 2 > width) lines.push(last === undefined ? part : `  ${part}`);
		else lines[lines.length - 1] = `${last} ${part}`;
	}
	return lines.flatMap((text, index) => wrap(index < lines.length - 1 ? `${text} \\` : text, width));
}

export function indented(lines: readonly Line[], by: number): Line[] {
	return lines.map(content => (content.length === 0 ? content : [span(' '.repeat(by)), ...content]));
}

/** A line with one part at the left and one at the right; the right one goes first when there is no room. */
export function sides(left: Line, right: Line, width: number): Line {
	const gap = width - lineCells(left) - lineCells(right);
	return gap < 1 ? left : [...left, span(' '.repeat(gap)), ...right];
}

/** The plain text of lines, for twins without colour and for tests. */
export function textOf(lines: readonly Line[]): string {
	return lines.map(content => content.map(part => part.text).join('')).join('\n');
}
