import type {PlannedChange, PlanPart} from '../src/events.ts';
import {oneLine} from '../src/text.ts';
import type {Line} from './lines.ts';
import {cells, fit, indented, line, span, wrap} from './lines.ts';
import type {Theme} from './theme.ts';

/** Topics about what cannot be had back. */
const grave = new Set(['Goes or is replaced', 'Cannot be undone']);

/** What a plan means, topic by topic: beside its title, or below it where the window is narrow. */
export function partLines(parts: readonly PlanPart[], width: number): Line[] {
	const titles = Math.max(0, ...parts.map(({title}) => cells(title))) + 2;
	return parts.flatMap(({title, lines}) => {
		const tone = grave.has(title) ? 'trouble' : 'dim';
		const room = width < 56 ? width - 2 : width - titles;
		const text = joined(lines).flatMap(words => wrap(oneLine(words, 1000), room, 'plain', '  '));
		if (width < 56) return [line(span(title, tone)), ...indented(text, 2)];
		return text.map((content, index) => line(span(fit(index === 0 ? title : '', titles), tone), ...content));
	});
}

/** `create 1 network`, `create 2 subnets` say the verb once. */
function joined(lines: readonly string[]): string[] {
	const all: string[] = [];
	let last: string | undefined;
	for (const text of lines) {
		const verb = /^(?:create|change|replace|remove) (?=\d)/u.exec(text)?.[0];
		if (verb !== undefined && verb === last) all.push(`${all.pop() ?? ''}, ${text.slice(verb.length)}`);
		else all.push(text);
		last = verb;
	}
	return all;
}

/** One change, by its address. */
export function changeLine({action, address, kind}: PlannedChange, width: number, theme: Theme): Line {
	const removes = action === 'delete' || action === 'replace';
	const room = Math.max(10, width - 10);
	return line(
		span(fit(action, 9), removes ? 'trouble' : 'accent'),
		fit(oneLine(address), Math.min(room, cells(address)), theme.symbols.ellipsis),
		span(cells(address) + cells(kind) + 12 < width ? `  ${kind}` : '', 'dim'),
	);
}
