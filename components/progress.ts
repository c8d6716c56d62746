import type {PhaseId} from '../src/events.ts';
import type {LiveView, PhaseView} from '../src/fold.ts';
import {laneCounts} from '../src/lanes.ts';
import {roleOfPhase, rollCounts} from '../src/roll-rows.ts';
import {duration} from '../src/text.ts';
import type {LiveState} from '../src/wizard/live.ts';
import type {Line, Span} from './lines.ts';
import {lineCells, span} from './lines.ts';
import type {Theme} from './theme.ts';
import {workingSymbol} from './theme.ts';

/** More phases than this do not fit into a narrow window. */
const most = 5;

/** The phases in a row, each with how long it took or takes; they wrap where the window is narrow. */
export function phaseLines({view, expected, work, failure}: LiveState, width: number, theme: Theme, now: number): Line[] {
	const ids = inOrder(
		view.phases.map(phase => phase.id),
		expected,
	);
	const parts = ids.map(id => {
		const phase = view.phases.find(other => other.id === id);
		// Work that ended in the middle of a phase left it where it was.
		const isCut = phase?.state === 'started' && work === 'failed';
		if (isCut && failure?.calm === true)
			return [span(`${theme.symbols.waiting} ${id}`), span(` ${progressOf(id, view) ?? ''}`.trimEnd())];
		return phasePart(id, isCut ? {...phase, state: 'failed' as const} : phase, view, theme, now);
	});
	if (width < 60 && ids.length > most) return [inShort(ids, parts, view)];
	const lines: Span[][] = [];
	for (const part of parts) {
		const last = lines.at(-1);
		if (last !== undefined && lineCells(last) + 3 + lineCells(part) <= width) last.push(span('   '), ...part);
		else lines.push([...part]);
	}
	return lines;
}

// What nobody expected stands after what came before it.
function inOrder(known: readonly PhaseId[], expected: readonly PhaseId[]): PhaseId[] {
	const ids = [...expected];
	known.forEach((id, index) => {
		const before = known[index - 1];
		if (!ids.includes(id)) ids.splice(before === undefined ? 0 : ids.indexOf(before) + 1, 0, id);
	});
	return ids;
}

// Where there is no room for all of them: the one that is on, and how far that is.
function inShort(ids: readonly PhaseId[], parts: readonly Line[], view: LiveView): Line {
	const last = view.phases.findLast(phase => phase.state === 'started') ?? view.phases.at(-1);
	const at = Math.max(0, last === undefined ? 0 : ids.indexOf(last.id));
	return [...(parts[at] ?? []), span(`   phase ${at + 1} of ${ids.length}`, 'dim')];
}

function phasePart(id: PhaseId, phase: PhaseView | undefined, view: LiveView, theme: Theme, now: number): Line {
	const {symbols} = theme;
	if (phase === undefined) return [span(`${symbols.waiting} ${id}`, 'dim')];
	const time = duration((phase.endedAt ?? now) - phase.startedAt);
	switch (phase.state) {
		case 'started': {
			const progress = progressOf(id, view) ?? time;
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

function progressOf(id: PhaseId, view: LiveView): string | undefined {
	const role = roleOfPhase(id);
	const roll = role === undefined ? undefined : rollCounts(view, role);
	if (roll !== undefined && roll.total > 0) return `${roll.replaced} of ${roll.total}`;
	const {ready, total} = laneCounts(view);
	return id === 'nodes' && total > 0 ? `${ready} of ${total}` : undefined;
}

function never(state: never): never {
	throw new TypeError(`unknown state ${String(state)}`);
}
