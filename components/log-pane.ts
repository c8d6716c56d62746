import type {LogLine} from '../src/fold.ts';
import type {LiveState} from '../src/wizard/live.ts';
import {filteredLogs} from '../src/wizard/live.ts';
import type {Line} from './lines.ts';
import {fit, line, span} from './lines.ts';
import type {Theme} from './theme.ts';

/** The newest lines, newest at the bottom. */
export function logTail(live: LiveState, width: number, height: number): Line[] {
	const logs = filteredLogs(live);
	const end = logs.length - live.logBack;
	const shown = logs.slice(Math.max(0, end - height), end);
	const start = live.view.startedAt ?? shown[0]?.at ?? 0;
	const times = shown.map(({at}) => stamp(at - start));
	const timeWidth = Math.max(0, ...times.map(time => time.length));
	return shown.map((entry, index) => logLine(entry, (times[index] ?? '').padStart(timeWidth), width));
}

/** The log alone, with its filter: `l` opens and closes it. */
export function fullLog(
	live: LiveState,
	width: number,
	height: number,
	theme: Theme,
): {lines: Line[]; cursor?: {line: number; column: number}} {
	const shown = filteredLogs(live).length;
	const {logCount} = live.view;
	const counts = `${shown} of ${logCount} lines${live.logBack === 0 ? ', following' : `, ${live.logBack} back`}`;
	const filter = live.typing || live.filter.text !== '' ? [span('  / ', 'accent'), span(live.filter.text, 'strong')] : [];
	const file =
		live.logFile === undefined
			? []
			: [line(span(fit(`all of it: ${live.logFile}`, width, theme.symbols.ellipsis).trimEnd(), 'dim'))];
	const tail = logTail(live, width, height - 1 - file.length);
	return {
		lines: [line(span(counts, 'dim'), ...filter), ...tail, ...file],
		...(live.typing ? {cursor: {line: 0, column: counts.length + 4 + live.filter.cursor}} : {}),
	};
}

function logLine({source, line: text}: LogLine, time: string, width: number): Line {
	const sources = width < 60 ? 0 : 18;
	const room = width - time.length - 1 - sources;
	return line(
		span(`${time} `, 'dim'),
		...(sources === 0 ? [] : [span(fit(source, sources - 1) + ' ', 'dim')]),
		fit(text, room).trimEnd(),
	);
}

// Seconds and milliseconds of the minute, as in a boot log; minutes in front once there are any.
function stamp(milliseconds: number): string {
	const within = Math.max(0, milliseconds);
	const seconds = String(Math.floor(within / 1000) % 60).padStart(2, '0');
	const rest = `${seconds}.${String(Math.floor(within % 1000)).padStart(3, '0')}`;
	return within < 60_000 ? rest : `${Math.floor(within / 60_000)}:${rest}`;
}
