import type {LaneState} from '../src/events.ts';
import {laneStates} from '../src/events.ts';
import type {LiveView} from '../src/fold.ts';
import type {CellState, LaneRow} from '../src/lanes.ts';
import {laneCounts, laneRow} from '../src/lanes.ts';
import {duration} from '../src/text.ts';
import type {Line, Span} from './lines.ts';
import {cells, fit, line, span} from './lines.ts';
import type {Theme, Tone} from './theme.ts';
import {workingSymbol} from './theme.ts';

/** The columns of a lane, where there is room for each state. */
export const columns: Record<LaneState, {title: string; width: number}> = {
	requested: {title: 'request', width: 8},
	booting: {title: 'boot', width: 7},
	measured: {title: 'measure', width: 8},
	attested: {title: 'attest', width: 7},
	ticket: {title: 'ticket', width: 7},
	kubelet: {title: 'kubelet', width: 8},
	ready: {title: 'ready', width: 7},
};
export const cellsWidth = laneStates.reduce((sum, state) => sum + columns[state].width, 0);

export type TableOptions = {
	view: LiveView;
	selected?: string;
	/** The node to keep in the window while none is selected. */
	spoken?: string;
	width: number;
	height: number;
	theme: Theme;
	now: number;
};

/** How many lines the whole table would like. */
export function tableHeight(view: LiveView): number {
	return view.order.length === 0 ? 0 : view.order.length + 1;
}

/**
 * One line a node, only as many as there is room for: the window follows the selected node, so a thousand nodes cost no
 * more than the ones on screen.
 */
export function joinTable({view, selected, spoken, width, height, theme, now}: TableOptions): Line[] {
	const room = Math.max(1, height - 1);
	const at = Math.max(0, view.order.indexOf(selected ?? spoken ?? ''));
	const first = Math.max(0, Math.min(view.order.length - room, at - Math.floor(room / 2)));
	const names = view.order.slice(first, first + room);
	const rows = names.flatMap(name => {
		const lane = view.lanes.get(name);
		return lane === undefined ? [] : [laneRow(lane)];
	});
	const isWide = width >= 2 + 14 + cellsWidth + 6;
	const nameWidth = isWide
		? Math.min(Math.max(16, ...names.map(name => cells(name) + 1)), width - cellsWidth - 8)
		: Math.max(8, width - 2 - 1 - 7 - 1 - 8 - 5);
	const draw = isWide ? wideRow : compactRow;
	const hidden = view.order.length > names.length;
	return [
		header(isWide, nameWidth, hidden ? `${first + 1}–${first + names.length} of ${view.order.length}` : '', view),
		...rows.map(row => draw(row, row.lane.name === selected, {nameWidth, width, theme, now})),
	];
}

type RowOptions = {nameWidth: number; width: number; theme: Theme; now: number};

function header(isWide: boolean, nameWidth: number, range: string, view: LiveView): Line {
	const {ready, total, refused} = laneCounts(view);
	const counts = `${ready} of ${total} ready${refused > 0 ? `, ${refused} refused` : ''}`;
	if (!isWide) return line(span(`  ${range === '' ? counts : `${range}, ${ready} ready`}`, 'dim'));
	const titles = laneStates.map(state => fit(columns[state].title, columns[state].width)).join('');
	return line(span(`  ${fit(range === '' ? 'node' : range, nameWidth)}${titles}`, 'dim'));
}

function wideRow(row: LaneRow, isSelected: boolean, {nameWidth, width, theme, now}: RowOptions): Line {
	const end = elapsed(row, now);
	const note = width - 2 - nameWidth - cellsWidth - cells(end) - 3;
	return [
		pointer(isSelected, theme),
		name(row, nameWidth, isSelected),
		...laneSpans(row, theme, now, width - 2 - nameWidth - cells(end)),
		span(end, 'dim'),
		...(note >= 24 && row.status === 'working' ? [span(`   ${fit(row.note, note).trimEnd()}`, 'dim')] : []),
	];
}

/** The states of a lane, each in its column; together `cellsWidth` cells, or up to `room` where a lane has ended. */
export function laneSpans(row: LaneRow, theme: Theme, now: number, room = cellsWidth): Span[] {
	const parts: Span[] = [];
	let used = 0;
	for (const [index, cell] of row.cells.entries()) {
		const size = columns[laneStates[index] ?? 'ready'].width;
		const {symbol, tone} = symbolOf(cell, theme, now);
		// A refusal and a loss speak in the place of the states that were not reached.
		if (cell === 'refused') return [...parts, span(fit(`${symbol} ${row.note}`, cellsWidth - used), tone)];
		if (cell === 'lost') return [...parts, span(fit(`${symbol} ${row.note}`, room - used), tone)];
		const timed = cell === 'working' ? `${symbol} ${duration(now - row.since)}` : symbol;
		parts.push(span(fit(timed, size), tone));
		used += size;
	}
	return parts;
}

/** The states of a lane as one mark each. */
export function laneSymbols(row: LaneRow, theme: Theme, now: number): string {
	return row.cells.map(cell => symbolOf(cell, theme, now).symbol).join('');
}

function compactRow(row: LaneRow, isSelected: boolean, {nameWidth, theme, now}: RowOptions): Line {
	const states = row.cells.map(cell => {
		const {symbol, tone} = symbolOf(cell, theme, now);
		return span(symbol, tone);
	});
	const short = row.status === 'working' ? (row.next ?? '') : (row.lane.lost?.reason.replace('-', ' ') ?? row.status);
	return line(
		pointer(isSelected, theme),
		name(row, nameWidth, isSelected),
		' ',
		...states,
		' ',
		span(fit(short, 8), row.status === 'refused' || row.status === 'lost' ? 'trouble' : 'plain'),
		span(elapsed(row, now), 'dim'),
	);
}

/** Marks the row under the cursor. */
export function pointer(isSelected: boolean, theme: Theme): Span {
	return isSelected ? span(`${theme.symbols.pointer} `, 'accent') : span('  ');
}

function name(row: LaneRow, width: number, isSelected: boolean): Span {
	return span(fit(row.lane.name, width - 1) + ' ', isSelected ? 'strong' : 'plain');
}

function elapsed(row: LaneRow, now: number): string {
	// A node that was in the cluster and is gone is not on its way any more.
	if (row.status === 'lost') return '';
	if (row.status === 'ready') return (row.tookMs === undefined ? '' : duration(row.tookMs)).padStart(5);
	return duration((row.status === 'working' ? now : row.since) - row.lane.startedAt).padStart(5);
}

function symbolOf(cell: CellState, theme: Theme, now: number): {symbol: string; tone: Tone} {
	const {symbols} = theme;
	switch (cell) {
		case 'done':
			return {symbol: symbols.done, tone: 'accent'};
		case 'reported':
			return {symbol: symbols.reported, tone: 'plain'};
		case 'working':
			return {symbol: workingSymbol(theme, now), tone: 'accent'};
		case 'refused':
			return {symbol: symbols.refused, tone: 'trouble'};
		case 'lost':
			return {symbol: symbols.lost, tone: 'trouble'};
		case 'unseen':
			return {symbol: symbols.unseen, tone: 'dim'};
		case 'waiting':
			return {symbol: symbols.waiting, tone: 'dim'};
		default:
			return never(cell);
	}
}

/** What the marks mean that are not obvious, if any of them is on screen. */
export function legend(view: LiveView, theme: Theme): string[] {
	let reported = false;
	let unseen = false;
	for (const lane of view.lanes.values()) {
		// Nodes that were there before an upgrade stand in its table without their marks.
		if (view.replacements.size > 0 && lane.steps.ready !== undefined) continue;
		const {cells: states} = laneRow(lane);
		reported ||= states.includes('reported');
		unseen ||= states.includes('unseen');
		if (reported && unseen) break;
	}
	return [
		...(reported ? [`${theme.symbols.reported} reported by the node, not attested yet`] : []),
		...(unseen ? [`${theme.symbols.unseen} not seen by this view`] : []),
	];
}

function never(cell: never): never {
	throw new TypeError(`unknown cell ${String(cell)}`);
}
