import type {VerifyCheck} from '../events.ts';
import {oneLine} from '../text.ts';

/** Below this many columns a table is no longer readable: every check gets lines of its own. */
const narrowest = 72;
/** A wider one would only put more space between what belongs together. */
const widest = 96;
const valueWidth = 13;
const gap = '  ';

/** Columns that lines for people may have: those of the terminal, and 80 in a pipe. */
export const columnsOf = (stdout: NodeJS.WriteStream): number => (stdout.isTTY ? stdout.columns : 80);

/** The checks of a verification for people; sources of expected values are named once, below. Full values are in the JSON form. */
export function verifyTable(checks: readonly VerifyCheck[], width = 80): string[] {
	const sources = [...new Set(checks.map(({source}) => source))];
	const noteOf = ({source}: VerifyCheck): string => `[${sources.indexOf(source) + 1}]`;
	const body = width < narrowest ? stacked(checks, noteOf, width) : table(checks, noteOf, Math.min(width, widest));
	const notes = sources.flatMap((source, index) => hanging(`[${index + 1}] `, oneLine(source), width));
	return [...body, '', ...hanging('', 'Where the expected values came from:', width), ...notes];
}

type NoteOf = (check: VerifyCheck) => string;

function table(checks: readonly VerifyCheck[], noteOf: NoteOf, width: number): string[] {
	const verdictWidth = Math.max('verdict'.length, ...checks.map(({verdict}) => verdict.length));
	const first = width - 2 * valueWidth - verdictWidth - 4 - 4 * gap.length;
	const widths = [first, valueWidth, valueWidth, verdictWidth, 4];
	return [
		...row(['check', 'expected', 'actual', 'verdict', 'from'], widths),
		...checks.flatMap(check => [
			...row([oneLine(check.check), short(check.expected), short(check.actual), check.verdict, noteOf(check)], widths),
			...(check.message === undefined ? [] : hanging(gap, oneLine(check.message), width)),
		]),
	];
}

function row(cells: readonly string[], widths: readonly number[]): string[] {
	const columns = cells.map((cell, index) => wrapped(cell, widths[index] ?? 1));
	const height = Math.max(...columns.map(({length}) => length));
	return Array.from({length: height}, (_, line) =>
		columns
			.map((column, index) => (column[line] ?? '').padEnd(widths[index] ?? 0))
			.join(gap)
			.trimEnd(),
	);
}

function stacked(checks: readonly VerifyCheck[], noteOf: NoteOf, width: number): string[] {
	return checks.flatMap(check => [
		...hanging('', `${check.verdict}: ${oneLine(check.check)} ${noteOf(check)}`, width),
		...(check.expected === '' ? [] : hanging('  expected  ', short(check.expected), width)),
		...(check.actual === '' ? [] : hanging('  actual    ', short(check.actual), width)),
		...(check.message === undefined ? [] : hanging('  ', oneLine(check.message), width)),
	]);
}

/** Digests by their ends; everything else as it is. */
function short(value: string): string {
	return /^[\da-f]{32,}$/.test(value) ? `${value.slice(0, 6)}…${value.slice(-6)}` : oneLine(value);
}

/** A text after a lead, its further lines indented as far. */
export function hanging(lead: string, text: string, width: number): string[] {
	return wrapped(text, Math.max(10, width - lead.length)).map(
		(line, index) => (index === 0 ? lead : ' '.repeat(lead.length)) + line,
	);
}

function wrapped(text: string, width: number): string[] {
	const lines: string[] = [];
	let current = '';
	for (let word of text.split(' ')) {
		if (current !== '' && current.length + 1 + word.length > width) {
			lines.push(current);
			current = '';
		}
		for (; word.length > width; word = word.slice(width)) lines.push(word.slice(0, width));
		current = current === '' ? word : `${current} ${word}`;
	}
	return [...lines, current];
}
