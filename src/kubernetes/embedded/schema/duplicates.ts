/** A member name, or any punctuation that matters for the structure; what lies between is skipped. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

type Level = {path: string; names: Set<string> | undefined; index: number; name: string};

/**
 * Paths of the members that stand twice in the same object of a JSON text, in order of appearance, such as `data.a`. The text must be
 * valid JSON; of duplicates JSON.parse keeps the last, as the real server does.
 */
export function duplicateFields(json: string): string[] {
	const found: string[] = [];
	const levels: Level[] = [];
	let text: string | undefined;
	for (const [part] of json.matchAll(token)) {
		const level = levels.at(-1);
		if (part === '{' || part === '[') {
			levels.push({path: level ? pathIn(level) : '', names: part === '{' ? new Set() : undefined, index: 0, name: ''});
		} else if (part === '}' || part === ']') {
			levels.pop();
		} else if (part === ':') {
			if (level?.names && text !== undefined) enter(level, JSON.parse(text) as string, found);
		} else if (part === ',') {
			if (level) level.index++;
		} else {
			text = part;
		}
	}
	return found;
}

function enter(level: Level, name: string, found: string[]): void {
	level.name = name;
	if (level.names?.has(name)) found.push(pathIn(level));
	level.names?.add(name);
}

function pathIn({path, names, index, name}: Level): string {
	if (names === undefined) return `${path}[${index}]`;
	return path === '' ? name : `${path}.${name}`;
}
