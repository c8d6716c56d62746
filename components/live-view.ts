import {waitsOf} from '../src/lanes.ts';
import {rollRows} from '../src/roll-rows.ts';
import {duration} from '../src/text.ts';
import type {LiveState} from '../src/wizard/live.ts';
import {detachSentence, spokenLane} from '../src/wizard/live.ts';
import {failureLines} from './failure.ts';
import {joinTable, legend, tableHeight} from './join-table.ts';
import {laneHistory, refusalBlock} from './lane-detail.ts';
import type {Line} from './lines.ts';
import {blank, line, sides, span, wrap} from './lines.ts';
import {fullLog, logTail} from './log-pane.ts';
import {policyLines} from './policy-strip.ts';
import {phaseLines} from './progress.ts';
import {resourceLines} from './resources.ts';
import {rollHeight, rollTable} from './roll-table.ts';
import {rollDetail} from './roll-words.ts';
import type {Body} from './screen.tsx';
import type {Theme} from './theme.ts';
import {verifyLines} from './verify.ts';

/** The work as it happens, made for the height there is: phases, lanes, what is waited for, what went wrong, the log. */
export function liveBody(live: LiveState, width: number, height: number, theme: Theme, clock: number): Body {
	// Nothing moves on once the work has ended.
	const now = live.work === 'failed' || live.work === 'done' ? (live.view.lastAt ?? clock) : clock;
	if (live.fullLog) return fullLog(live, width, height, theme);
	const top = [
		...phaseLines(live, width, theme, now),
		...policyLines(live.view, width, theme),
		...streamLine(live, width, theme),
	];
	if (top.length > 0) top.push(blank);
	const room = height - top.length;
	const words = [...middleLines(live, width, theme, now)];
	// What went wrong must be readable whole: the log gives way first, then the table down to three nodes.
	const said =
		words.length === 0 ? [] : [blank, ...words].slice(0, Math.max(3, room - Math.min(wanted(live, width), room < 16 ? 3 : 4)));
	const logs = live.view.logs.length === 0 || room - said.length < 10 ? 0 : Math.min(live.view.logs.length, 3) + 1;
	const table = Math.max(Math.min(2, room), Math.min(wanted(live, width), room - said.length - logs));
	const main = mainLines(live, width, table, theme, now);
	const left = room - main.length - said.length;
	const pane = left >= 2 && live.view.logs.length > 0 ? [rule(width, theme), ...logTail(live, width, left - 1)] : [];
	const gap = Array.from({length: Math.max(0, left - pane.length)}, () => blank);
	return {lines: [...top, ...main, ...said, ...gap, ...pane].slice(0, height)};
}

function wanted(live: LiveState, width: number): number {
	const {view} = live;
	if (view.replacements.size > 0) return rollHeight(view, width);
	if (view.order.length > 0) return tableHeight(view);
	if (view.verify !== undefined) return view.verify.checks.length * 4;
	return view.resources.size > 0 ? view.resources.size + 1 : view.checks.length;
}

function mainLines(live: LiveState, width: number, height: number, theme: Theme, now: number): Line[] {
	const {view, selected} = live;
	if (view.replacements.size > 0)
		return rollTable({view, width, height, theme, now, ...(selected === undefined ? {} : {selected})});
	if (view.order.length > 0) {
		const spoken = spokenLane(live)?.name;
		const looking = {...(selected === undefined ? {} : {selected}), ...(spoken === undefined ? {} : {spoken})};
		return joinTable({view, width, height, theme, now, ...looking});
	}
	if (view.verify !== undefined) return verifyLines(view.verify, width, theme).slice(0, height);
	const hasEnded = live.work === 'failed' || live.work === 'done';
	const {create = 0, update = 0, destroy = 0} = view.plan ?? {};
	return resourceLines([...view.resources.values()], width, height, theme, now, {hasEnded, total: create + update + destroy});
}

// What a person should read now: a failure, a refusal, the node they look at, else what is waited for.
function middleLines(live: LiveState, width: number, theme: Theme, now: number): Line[] {
	const about = aboutLines(live, width, theme, now);
	if (live.failure !== undefined)
		return [...ended(live, live.failure, width, theme), ...(about.length === 0 ? [] : [blank, ...about])];
	const marks = legend(live.view, theme);
	return [
		...(live.work === 'stopping' ? wrap(stopSentence(live), width, 'trouble') : []),
		...about,
		...live.view.warnings.slice(-2).flatMap(warning => wrap(`${theme.symbols.warning} ${warning.message}`, width, 'plain', '  ')),
		...waitsOf(live.view)
			.slice(0, 2)
			.flatMap(wait => wrap(waitText(wait, now), width, 'dim', '  ')),
		...(marks.length === 0 ? [] : wrap(marks.join('   '), width, 'dim')),
	];
}

// The refused node, or the one under the cursor; in a roll with its pair, and with what stays as it is.
function aboutLines(live: LiveState, width: number, theme: Theme, now: number): Line[] {
	const lane = spokenLane(live);
	const row = rollRows(live.view).find(({key, fresh}) => (live.detail ? key === live.selected : fresh?.name === lane?.name));
	const pair = row !== undefined && live.detail ? rollDetail(row, width, theme, now) : [];
	if (lane === undefined) return pair;
	if (lane.refused === undefined) return [...pair, ...laneHistory(lane, width)];
	const kept =
		row?.old?.replacement?.state === 'replacing' || row?.old?.replacement?.state === 'outdated' ? row.old.name : undefined;
	const words = kept === undefined ? [] : wrap(`  ${kept} stays until another replacement is accepted.`, width, 'plain', '  ');
	return [...pair, ...refusalBlock(lane, width, theme), ...words];
}

function stopSentence({watching, detaches}: LiveState): string {
	if (detaches) return detachSentence;
	return watching ? 'Leaving; the cluster goes on.' : 'Stopping cleanly; what exists is kept. Ctrl-C again stops now.';
}

function waitText({node, message, lastError, at, until}: ReturnType<typeof waitsOf>[number], now: number): string {
	const what = message.replace(/^wait(?:s|ing)? (?:for )?/iu, '');
	const limit = until === undefined ? '' : ` of ${duration(until - at)}`;
	return `${node === undefined ? 'Waiting' : `${node} waits`} for ${what}, ${duration(now - at)}${limit}${lastError === undefined ? '' : ` (last: ${lastError})`}`;
}

function ended({view}: LiveState, failure: NonNullable<LiveState['failure']>, width: number, theme: Theme): Line[] {
	const kept = view.files.length > 0 || view.resources.size > 0;
	return [...failureLines(failure, width, theme), ...(kept ? [line(span('  What exists is kept.', 'dim'))] : [])];
}

function streamLine({view: {stream}}: LiveState, width: number, theme: Theme): Line[] {
	if (stream?.state !== 'lost') return [];
	return wrap(
		`${theme.symbols.lost} Join events are interrupted; reconnecting.${stream.detail === undefined ? '' : ` ${stream.detail}`}`,
		width,
		'trouble',
		'  ',
	);
}

function rule(width: number, theme: Theme): Line {
	return sides(line(span(theme.symbols.rule.repeat(width), 'dim')), [], width);
}
