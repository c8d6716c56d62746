import type {PhaseId} from '../src/events.ts';
import type {LiveView, PhaseView} from '../src/fold.ts';
import {laneCounts} from '../src/lanes.ts';
import {duration} from '../src/text.ts';
import type {LiveState} from '../src/wizard/live.ts';
import type {Line, Span} from './lines.ts';
import {lineCells, span} from './lines.ts';
import type {Theme} from './theme.ts';
import {workingSymbol} from './theme.ts';

/** The phases in a row, each with how long it took or takes; they wrap where the window is narrow. */
export function phaseLines({view, expected, work}: LiveState, width: number, theme: Theme, now: number): Line[] {
	const known = view.phases.map(phase => phase.id);
	const ids = [...known.filter(id => !expected.includes(id)), ...expected];
	const parts = ids.map(id => {
		const phase = view.phases.find(other => other.id === id);
		// Work that ended in the middle of a phase left it where it was.
		const ended = phase?.state === 'started' && work === 'failed' ? {...phase, state: 'failed' as const} : phase;
		return phasePart(id, ended, view, theme, now);
	});
	const lines: Span[][] = [];
	for (const part of parts) {
		const last = lines.at(-1);
		if (last !== undefined && lineCells(last) + 3 + lineCells(part) <= width) last.push(span('   '), ...part);
		else lines.push([...part]);
	}
	return lines;
}

function phasePart(id: PhaseId, phase: PhaseView | undefined, view: LiveView, theme: Theme, now: number): Line {
	const {symbols} = theme;
	if (phase === undefined) return [span(`${symbols.waiting} ${id}`, 'dim')];
	const time = duration((phase.endedAt ?? now) - phase.startedAt);
	switch (phase.state) {
		case 'started': {
			const {ready, total} = laneCounts(view);
			const progress = id === 'nodes' && total > 0 ? `${ready} of ${total}` : time;
			return [span(`${workingSymbol(theme, now)} `, 'accent'), span(id, 'strong'), span(` ${progress}`)];
		}
		case 'done':
			return [span(`${symbols.done} `, 'accent'), span(id), span(` ${time}`, 'dim')];
		case 'failed':
			return [span(`${symbols.refused} ${id}`, 'trouble'), span(` ${time}`, 'dim')];
		case 'skipped':
			return [span(`${symbols.unseen} ${id} skipped`, 'dim')];
		default:
			return never(phase.state);
	}
}

function never(state: never): never {
	throw new TypeError(`unknown state ${String(state)}`);
}
