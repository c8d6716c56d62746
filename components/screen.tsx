import {Box, Text, useCursor} from 'ink';
import type {ReactElement} from 'react';
import type {Hint} from '../src/wizard/keys.ts';
import type {Line} from './lines.ts';
import {blank, cells, line, lineCells, sides, span} from './lines.ts';
import type {Theme} from './theme.ts';
import {drawable, toneProps} from './theme.ts';

export type Size = {columns: number; rows: number};

export type Body = {
	lines: readonly Line[];
	/** The line that must stay in the window: the one with the focus. */
	focus?: number;
	/** Where the text cursor is, in lines and cells of the body. */
	cursor?: {line: number; column: number};
};

/** What a screen shows. The body is either lines, which scroll, or made for the height there is. */
export type Frame = {
	title: Line;
	aside: Line;
	body: Body | ((height: number) => Body);
	/** The first line on screen, where a person scrolled; else the window follows the focus. */
	scroll?: number;
	hints: readonly Hint[];
};

export type Layout = {lines: Line[]; offset: number; scrollLimit: number; cursor?: {x: number; y: number}};

export const minimum: Size = {columns: 40, rows: 10};

/** How wide the text of a body may be: a margin on the left, and never the last column, where terminals differ. */
export function bodyWidth(size: Size): number {
	return Math.max(1, size.columns - 2);
}

/**
 * Places a frame in a window: at most rows − 1 lines, always. A body that is too high shows the part with the focus and
 * says how much is hidden.
 */
export function layout(frame: Frame, size: Size, theme: Theme): Layout {
	const width = bodyWidth(size);
	if (size.columns < minimum.columns || size.rows < minimum.rows) return {lines: [tooSmall(size)], offset: 0, scrollLimit: 0};
	const rule = size.rows < 16 ? [] : [line(span(theme.symbols.rule.repeat(width), 'dim'))];
	const footer = hintLines(frame.hints, width, size.rows < 16 ? 1 : 2);
	const height = size.rows - 1 - 1 - 2 * rule.length - footer.length;
	const body = typeof frame.body === 'function' ? frame.body(height) : frame.body;
	const {shown, offset, scrollLimit} = window(body, frame.scroll, height);
	const fill = Array.from({length: height - shown.length}, () => blank);
	const top = 1 + rule.length;
	const cursor = body.cursor === undefined ? undefined : {x: 1 + body.cursor.column, y: top + body.cursor.line - offset};
	const isVisible = cursor !== undefined && cursor.y >= top && cursor.y < top + height && cursor.x < size.columns;
	return {
		lines: [sides(frame.title, frame.aside, width), ...rule, ...shown, ...fill, ...rule, ...footer],
		offset,
		scrollLimit,
		...(isVisible ? {cursor} : {}),
	};
}

type Window = {shown: readonly Line[]; offset: number; scrollLimit: number};

function window(body: Body, scroll: number | undefined, height: number): Window {
	const {lines, focus} = body;
	if (lines.length <= height) return {shown: lines, offset: 0, scrollLimit: 0};
	// One line goes to the mark that says how much is hidden.
	const room = height - 1;
	const scrollLimit = lines.length - room;
	const offset = Math.max(0, Math.min(scrollLimit, scroll ?? (focus ?? 0) - room + 2));
	const below = lines.length - offset - room;
	const mark =
		below > 0 ? `${below} more ${below === 1 ? 'line' : 'lines'} below` : `${offset} ${offset === 1 ? 'line' : 'lines'} above`;
	return {shown: [...lines.slice(offset, offset + room), line(span(mark, 'dim'))], offset, scrollLimit};
}

// Hints that do not fit are in the help; the last ones (how to leave) are kept before the ones in the middle.
function hintLines(hints: readonly Hint[], width: number, most: number): Line[] {
	const roomy = hintRows(hints, width, 3);
	const tight = hintRows(hints, width, 2);
	let [rows, gap] = roomy.length <= tight.length ? [roomy, 3] : [tight, 2];
	let kept = [...hints];
	while (rows.length > most && kept.length > 1) {
		kept = kept.toSpliced(Math.max(0, kept.length - 2), 1);
		[rows, gap] = [hintRows(kept, width, 2), 2];
	}
	return rows.map(row =>
		row.flatMap(({shown, hint}, index) => [span(`${index === 0 ? '' : ' '.repeat(gap)}${shown}`), span(` ${hint}`, 'dim')]),
	);
}

function hintRows(hints: readonly Hint[], width: number, gap: number): Hint[][] {
	const rows: Hint[][] = [[]];
	let used = 0;
	for (const hint of hints) {
		const size = cells(`${hint.shown} ${hint.hint}`);
		if (used > 0 && used + gap + size > width) {
			rows.push([]);
			used = 0;
		}
		rows.at(-1)?.push(hint);
		used += (used > 0 ? gap : 0) + size;
	}
	return rows;
}

function tooSmall({columns, rows}: Size): Line {
	return line(`Needs ${minimum.columns}x${minimum.rows}; this is ${columns}x${rows}.`.slice(0, Math.max(0, columns - 2)));
}

/** Draws a frame; the text cursor of the terminal stands where typing goes. */
export function Screen({frame, size, theme}: {frame: Frame; size: Size; theme: Theme}): ReactElement {
	const {lines, cursor} = layout(frame, size, theme);
	useCursor().setCursorPosition(cursor);
	return (
		<Box flexDirection="column" paddingLeft={1} width={size.columns - 1}>
			{lines.map((content, index) => (
				<LineView key={index} content={content} theme={theme} />
			))}
		</Box>
	);
}

function LineView({content, theme}: {content: Line; theme: Theme}): ReactElement {
	if (lineCells(content) === 0) return <Text> </Text>;
	return (
		<Text wrap="truncate-end">
			{content.map((part, index) => (
				<Text key={index} {...toneProps(part.tone, theme)}>
					{drawable(part.text, theme)}
				</Text>
			))}
		</Text>
	);
}
