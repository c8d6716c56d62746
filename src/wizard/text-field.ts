/** One line of text being edited. `cursor` counts grapheme clusters from the start, so emoji and accents move as one. */
export type TextField = {text: string; cursor: number};

export type Edit =
	| {edit: 'insert'; text: string}
	| {edit: 'left' | 'right' | 'home' | 'end' | 'word-left' | 'word-right'}
	| {edit: 'backspace' | 'delete' | 'delete-word' | 'delete-to-start' | 'delete-to-end'};

const clusters = new Intl.Segmenter('en', {granularity: 'grapheme'});

/** Text as the clusters a person sees as characters. */
export function graphemes(text: string): string[] {
	return Array.from(clusters.segment(text), part => part.segment);
}

export function textField(text: string): TextField {
	return {text, cursor: graphemes(text).length};
}

/**
 * The field after one edit. Inserted text loses surrounding white space and line breaks when it has any (a paste), and
 * control characters always; it never submits.
 */
export function editText(field: TextField, edit: Edit, limit = 500): TextField {
	const parts = graphemes(field.text);
	const at = Math.min(field.cursor, parts.length);
	const cut = (from: number, to: number): TextField => ({text: parts.toSpliced(from, to - from).join(''), cursor: from});
	switch (edit.edit) {
		case 'insert': {
			const added = graphemes(insertable(edit.text)).slice(0, Math.max(0, limit - parts.length));
			return {text: parts.toSpliced(at, 0, ...added).join(''), cursor: at + added.length};
		}
		case 'left':
			return {...field, cursor: Math.max(0, at - 1)};
		case 'right':
			return {...field, cursor: Math.min(parts.length, at + 1)};
		case 'home':
			return {...field, cursor: 0};
		case 'end':
			return {...field, cursor: parts.length};
		case 'word-left':
			return {...field, cursor: wordStart(parts, at)};
		case 'word-right':
			return {...field, cursor: wordEnd(parts, at)};
		case 'backspace':
			return at === 0 ? field : cut(at - 1, at);
		case 'delete':
			return at === parts.length ? field : cut(at, at + 1);
		case 'delete-word':
			return cut(wordStart(parts, at), at);
		case 'delete-to-start':
			return cut(0, at);
		case 'delete-to-end':
			return cut(at, parts.length);
		default:
			return never(edit);
	}
}

function insertable(text: string): string {
	const line = /[\r\n]/u.test(text) ? text.trim().replaceAll(/[\r\n\t]+/gu, ' ') : text;
	return line.replaceAll(/\p{Cc}/gu, '');
}

function wordStart(parts: readonly string[], from: number): number {
	let at = from;
	while (at > 0 && !isWord(parts[at - 1])) at -= 1;
	while (at > 0 && isWord(parts[at - 1])) at -= 1;
	return at;
}

function wordEnd(parts: readonly string[], from: number): number {
	let at = from;
	while (at < parts.length && !isWord(parts[at])) at += 1;
	while (at < parts.length && isWord(parts[at])) at += 1;
	return at;
}

function isWord(part: string | undefined): boolean {
	return part !== undefined && /[\p{L}\p{N}_]/u.test(part);
}

function never(edit: never): never {
	throw new TypeError(`unknown edit ${JSON.stringify(edit)}`);
}

/** What the keys do inside a text field, by key name; printable text is inserted. */
export const textKeys: Readonly<Record<string, Edit>> = {
	left: {edit: 'left'},
	right: {edit: 'right'},
	home: {edit: 'home'},
	end: {edit: 'end'},
	'ctrl-a': {edit: 'home'},
	'ctrl-e': {edit: 'end'},
	'ctrl-b': {edit: 'left'},
	'ctrl-f': {edit: 'right'},
	'ctrl-left': {edit: 'word-left'},
	'ctrl-right': {edit: 'word-right'},
	'alt-left': {edit: 'word-left'},
	'alt-right': {edit: 'word-right'},
	'alt-b': {edit: 'word-left'},
	'alt-f': {edit: 'word-right'},
	backspace: {edit: 'backspace'},
	delete: {edit: 'delete'},
	'ctrl-d': {edit: 'delete'},
	'ctrl-w': {edit: 'delete-word'},
	'alt-backspace': {edit: 'delete-word'},
	'ctrl-u': {edit: 'delete-to-start'},
	'ctrl-k': {edit: 'delete-to-end'},
};
