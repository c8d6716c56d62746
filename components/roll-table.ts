import {laneStates} from '../src/events.ts';
import type {LiveView} from '../src/fold.ts';
import {laneRow} from '../src/lanes.ts';
import type {RollRow, RollSide} from '../src/roll-rows.ts';
import {drainWords, rollRows, rowInWork} from '../src/roll-rows.ts';
import {duration} from '../src/text.ts';
import {cellsWidth, columns, laneSpans, pointer} from './join-table.ts';
import type {Line, Span} from './lines.ts';
import {cells, fit, indented, line, middle, span, wrap} from './lines.ts';
import {freshWord, oldWord} from './roll-words.ts';
import type {Theme} from './theme.ts';

export type RollOptions = {view: LiveView; selected?: string; width: number; height: number; theme: Theme; now: number};

type Room = {width: number; names: number; theme: Theme; now: number};
type Shape = {
	draw: (row: RollRow, isSelected: boolean, room: Room) => Line[];
	head: (range: string, room: Room) => Line;
	names: number;
};

const oldState = 18;
const compactState = 22;

/** How many lines the whole table would like. */
export function rollHeight(view: LiveView, width: number): number {
	const rows = rollRows(view);
	const pairs = shapeFor(width).draw === stacked ? rows.filter(({old, fresh}) => old !== undefined && fresh !== undefined) : [];
	const notes = rows.filter(({old}) => old?.replacement?.state === 'draining').length;
	return rows.length === 0 ? 0 : rows.length + pairs.length + notes + 1;
}

/** Old nodes beside those that replace them, only as many as there is room for: the window follows the row that is looked at. */
export function rollTable({view, selected, width, height, theme, now}: RollOptions): Line[] {
	const rows = rollRows(view);
	const {draw, head, names} = shapeFor(width);
	const longest = Math.max(12, ...rows.flatMap(({old, fresh}) => [old, fresh].map(side => cells(side?.name ?? '') + 1)));
	const room = {width, names: Math.min(names, longest), theme, now};
	const chosen = rows.findIndex(({key}) => key === selected);
	const at = chosen === -1 ? rowInWork(rows) : chosen;
	const {first, last, lines} = windowOf(rows, at, Math.max(1, height - 1), row => draw(row, row.key === selected, room));
	const hidden = last - first + 1 < rows.length;
	return [head(hidden ? `${first + 1}–${last + 1} of ${rows.length}` : '', room), ...lines];
}

// Rows take one to three lines: the window grows around the one in focus, downwards first.
function windowOf(rows: readonly RollRow[], at: number, room: number, draw: (row: RollRow) => Line[]) {
	let [first, last] = [at, at];
	const lines = rows.slice(at, at + 1).flatMap(row => draw(row).slice(0, room));
	for (let grown = true; grown; ) {
		grown = false;
		for (const next of [last + 1, first - 1]) {
			const row = rows[next];
			const block = row === undefined ? [] : draw(row);
			if (block.length === 0 || lines.length + block.length > room) continue;
			if (next > last) lines.push(...block);
			else lines.unshift(...block);
			[first, last, grown] = [Math.min(first, next), Math.max(last, next), true];
		}
	}
	return {first, last, lines};
}

/** Beside each other with every state of the lane, beside each other in short, or one below the other. */
function shapeFor(width: number): Shape {
	const spare = width - 2 - oldState - 6;
	if (spare - cellsWidth >= 30) return {draw: wide, head: wideHead, names: Math.floor((spare - cellsWidth) / 2)};
	const beside = Math.floor((spare + 6 - compactState) / 2);
	if (beside >= 14) return {draw: compact, head: compactHead, names: beside};
	return {draw: stacked, head: stackedHead, names: width - 2 - 2 - compactState + 5};
}

function wideHead(range: string, {names}: Room): Line {
	const titles = laneStates.map(state => fit(columns[state].title, columns[state].width)).join('');
	return line(span(`  ${fit(`old${range === '' ? '' : `  ${range}`}`, names + oldState)}${fit('new', names)}${titles}`, 'dim'));
}

function compactHead(range: string, {names}: Room): Line {
	return line(span(`  ${fit(`old${range === '' ? '' : `  ${range}`}`, names + oldState)}new`, 'dim'));
}

function stackedHead(range: string, {theme}: Room): Line {
	return line(span(`  ${range === '' ? 'old, and below it' : `${range}, old`} ${theme.symbols.to} new`, 'dim'));
}

function wide(row: RollRow, isSelected: boolean, room: Room): Line[] {
	const {fresh} = row;
	const shown = fresh?.lane === undefined ? undefined : laneRow(fresh.lane);
	// A lane that was ready before anybody looked says nothing new by its marks.
	const marks = shown === undefined ? [shortState(fresh, room)] : laneSpans(shown, room.theme, room.now);
	const time = shown === undefined ? '' : elapsed(row, room.now);
	return [[...oldSpans(row, isSelected, room), ...freshName(fresh, room), ...marks, span(time, 'dim')], ...notes(row, room)];
}

function compact(row: RollRow, isSelected: boolean, room: Room): Line[] {
	const {fresh} = row;
	const right =
		fresh === undefined ? [] : [...freshName(fresh, room), shortState(fresh, room), span(elapsed(row, room.now), 'dim')];
	return [[...oldSpans(row, isSelected, room), ...right], ...notes(row, room)];
}

function stacked(row: RollRow, isSelected: boolean, room: Room): Line[] {
	const {old, fresh} = row;
	const {theme} = room;
	const arrow = old === undefined ? pointer(isSelected, theme) : span(`  ${theme.symbols.to} `, 'dim');
	const below = fresh === undefined ? [] : [line(arrow, ...freshName(fresh, room), shortState(fresh, room))];
	return [...(old === undefined ? [] : [oldSpans(row, isSelected, room)]), ...notes(row, room), ...below];
}

function oldSpans({old}: RollRow, isSelected: boolean, {names, theme}: Room): Span[] {
	if (old === undefined) return [pointer(isSelected, theme), span(' '.repeat(names + oldState))];
	const {text, tone} = oldWord(old, theme);
	return [
		pointer(isSelected, theme),
		span(
			fit(middle(old.name, names - 1, theme.symbols.ellipsis), names),
			isSelected ? 'strong' : tone === 'dim' ? 'dim' : 'plain',
		),
		span(fit(text, oldState), tone),
	];
}

function freshName(fresh: RollSide | undefined, {names, theme}: Room): Span[] {
	return [span(fit(middle(fresh?.name ?? '', names - 1, theme.symbols.ellipsis), names))];
}

function shortState(fresh: RollSide | undefined, {theme, now}: Room): Span {
	if (fresh === undefined) return span('');
	const {text, tone} = freshWord(fresh, theme, now);
	return span(fit(text, compactState - 5), tone);
}

// How long the new node took, or takes, from the request on.
function elapsed({fresh}: RollRow, now: number): string {
	if (fresh?.lane === undefined) return '';
	const {status, tookMs, lane, since} = laneRow(fresh.lane);
	if (status === 'ready') return tookMs === undefined ? '' : duration(tookMs).padStart(5);
	return duration((status === 'working' ? now : since) - lane.startedAt).padStart(5);
}

function notes({old}: RollRow, {width}: Room): Line[] {
	if (old?.replacement?.state !== 'draining') return [];
	const words = drainWords(old.replacement).slice(2);
	return words === '' ? [] : indented(wrap(words, width - 4, old.replacement.blockedBy === undefined ? 'dim' : 'trouble'), 4);
}
