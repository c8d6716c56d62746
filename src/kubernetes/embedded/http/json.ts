import {badRequest} from './status.ts';

/** Deeper documents are refused: nothing real is nested so deep, and recursion must stay bounded. */
const deepest = 200;

/** A parsed JSON text with the paths of members that stand twice in one object, such as `data.a`. */
export type ParsedJson = {value: unknown; duplicates: string[]};

type Level = {path: string; names: Set<string> | undefined; index: number; name: string};

/** A member name or value, or any punctuation that matters for the structure; what lies between is skipped. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

/**
 * Parses JSON of bounded depth and finds double members, of which `JSON.parse` silently keeps the last. `problem` makes the error out of a
 * message worded as the real server does.
 */
export function parseJson(text: string, problem: (message: string) => Error): ParsedJson {
	let value: unknown;
	assertDepth(text);
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw problem(messageOf(text, error));
	}
	return {value, duplicates: duplicates(text)};
}

function assertDepth(text: string): void {
	let depth = 0;
	for (const [part] of text.matchAll(token)) {
		if (part === '{' || part === '[') depth++;
		else if (part === '}' || part === ']') depth--;
		if (depth > deepest) throw badRequest(`the body is nested deeper than ${deepest} levels`);
	}
}

function messageOf(text: string, error: unknown): string {
	if (text.trim() === '') return 'unexpected end of JSON input';
	const match = /^\s*\{\s*([^"}\s])/.exec(text);
	if (match) return `invalid character '${match[1]}' looking for beginning of object key string`;
	return error instanceof Error ? error.message : 'invalid JSON';
}

function duplicates(text: string): string[] {
	const found: string[] = [];
	const levels: Level[] = [];
	let last = '';
	for (const [part] of text.matchAll(token)) {
		const level = levels.at(-1);
		if (part === '{' || part === '[') {
			levels.push({path: level ? pathIn(level) : '', names: part === '{' ? new Set() : undefined, index: 0, name: ''});
		} else if (part === '}' || part === ']') {
			levels.pop();
		} else if (part === ':' && level?.names) {
			level.name = String(JSON.parse(last));
			if (level.names.has(level.name)) found.push(pathIn(level));
			level.names.add(level.name);
		} else if (part === ',' && level) {
			level.index++;
		} else {
			last = part;
		}
	}
	return found;
}

function pathIn({path, names, index, name}: Level): string {
	if (names === undefined) return `${path}[${index}]`;
	return path === '' ? name : `${path}.${name}`;
}
