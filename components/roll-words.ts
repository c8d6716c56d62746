import {laneRow} from '../src/lanes.ts';
import type {RollRow, RollSide} from '../src/roll-rows.ts';
import {drainWords} from '../src/roll-rows.ts';
import {duration} from '../src/text.ts';
import {laneSymbols} from './join-table.ts';
import type {Line} from './lines.ts';
import {labelled} from './lines.ts';
import type {Theme, Tone} from './theme.ts';
import {workingSymbol} from './theme.ts';

type Word = {text: string; tone: Tone};

/** Where a node stands that is to go, in a mark and a word or two. */
export function oldWord({replacement}: RollSide, theme: Theme): Word {
	const {symbols} = theme;
	switch (replacement?.state) {
		case 'outdated':
			return {text: `${symbols.waiting} to be replaced`, tone: 'plain'};
		case 'replacing':
			return {text: `${symbols.working} being replaced`, tone: 'plain'};
		case 'draining':
			return {text: `${symbols.working} draining`, tone: replacement.blockedBy === undefined ? 'accent' : 'trouble'};
		case 'leaving':
			return {text: `${symbols.working} leaving`, tone: 'accent'};
		case 'removed':
			return {text: `${symbols.rule} removed`, tone: 'dim'};
		default:
			return {text: replacement?.state ?? '', tone: 'plain'};
	}
}

/** Where a new node stands: its way in, then what it is. Never more than was seen. */
export function freshWord({replacement, lane}: RollSide, theme: Theme, now: number): Word {
	const {symbols} = theme;
	if (replacement?.state === 'surplus') return {text: `${symbols.rule} not needed`, tone: 'dim'};
	const row = lane === undefined ? undefined : laneRow(lane);
	if (row?.status === 'refused') return {text: `${symbols.refused} ${row.note}`, tone: 'trouble'};
	if (row?.status === 'lost') return {text: `${symbols.lost} ${row.note}`, tone: 'trouble'};
	if (row?.status === 'working') return {text: `${laneSymbols(row, theme, now)} ${row.next ?? ''}`, tone: 'plain'};
	if (row?.status === 'ready' && row.lane.steps.attested !== undefined)
		return {text: `${symbols.done} ready, attested`, tone: 'accent'};
	if (row?.status === 'ready') return {text: `${symbols.done} ready`, tone: 'accent'};
	if (replacement?.state === 'current') return {text: `${symbols.done} up to date`, tone: 'accent'};
	return {text: `${workingSymbol(theme, now)} on its way in`, tone: 'plain'};
}

/** Both nodes of a row with their whole names, images and what is waited for. */
export function rollDetail({old, fresh}: RollRow, width: number, theme: Theme, now: number): Line[] {
	return [
		...(old === undefined ? [] : sideLines('old', old, oldWord(old, theme), width, now)),
		...(fresh === undefined ? [] : sideLines('new', fresh, freshWord(fresh, theme, now), width, now)),
	];
}

function sideLines(label: string, {name, replacement}: RollSide, {text, tone}: Word, width: number, now: number): Line[] {
	const image = replacement?.image === undefined ? '' : `, image ${replacement.image}`;
	const since = replacement === undefined ? '' : `, for ${duration(now - replacement.since)}`;
	const drain = replacement?.state === 'draining' ? drainWords(replacement) : '';
	return labelled(label, `${name}${image}: ${text}${since}${drain}`, width, 5, tone === 'trouble' ? 'trouble' : 'plain');
}
