import {readFileSync} from 'node:fs';

/** What the pages say beyond the code. */
export const texts = JSON.parse(readFileSync('scripts/docs/texts.json', 'utf8'));
/** What is wrong with the texts, a line each. */
export const problems = [];

/** Every known thing needs a text, and every text a thing. */
export function requireTexts(kind, known) {
	const written = Object.keys(texts[kind]);
	problems.push(
		...known.filter(name => !written.includes(name)).map(name => `scripts/docs/texts.json: ${kind} says nothing of ${name}`),
		...written
			.filter(name => !known.includes(name))
			.map(name => `scripts/docs/texts.json: ${kind} has ${name}, the code has not`),
	);
}

const cell = text => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
export const code = text => `\`${text}\``;

/** A table; cells are escaped. */
export function table(head, rows) {
	return [head, head.map(() => '---'), ...rows].map(row => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

/** A page that says what it was made from. */
export function page(title, source, ...parts) {
	return `${[`# ${title}`, `<!-- Generated from ${source} by scripts/generate-docs.mjs. -->`, ...parts].join('\n\n')}\n`;
}
