import type {Source} from '../src/events.ts';
import {laneStates} from '../src/events.ts';
import type {Lane} from '../src/fold.ts';
import {laneRow, refusalReason} from '../src/lanes.ts';
import {duration} from '../src/text.ts';
import type {Line} from './lines.ts';
import {fit, labelled, line, middle, span, wrap} from './lines.ts';
import type {Theme} from './theme.ts';

/** A refused node: what happened, what was expected and found, the likely cause, the smallest safe step. */
export function refusalBlock(lane: Lane, width: number, theme: Theme): Line[] {
	if (lane.refused === undefined) return [];
	const {refusal, count} = lane.refused;
	const {register, expected, expectedFrom, actual} = refusal;
	const isNarrow = width < 56;
	const short = (value: string) => middle(value, isNarrow ? 12 : Math.min(width - 30, 64), theme.symbols.ellipsis);
	const from = expectedFrom === undefined || isNarrow ? '' : ` (${expectedFrom})`;
	const rows: [string, string | undefined][] = [
		[register === undefined ? '' : `register ${register}`, expected && `expected  ${short(expected)}${from}`],
		['', actual && `got       ${short(actual)}`],
		['likely', refusal.likely],
		['smallest step', refusal.step],
	];
	const times = count > 1 ? ` (${count} times)` : '';
	return [
		...wrap(
			`${theme.symbols.refused} ${lane.name} was refused${times}: ${refusalReason(lane.name, refusal)}`,
			width,
			'trouble',
			'  ',
		),
		...rows.flatMap(([label, value]) => (value === undefined ? [] : detailRow(label, value, width, isNarrow))),
		...(isNarrow ? [] : [line(span('  The other nodes are not affected.', 'dim'))]),
	];
}

function detailRow(label: string, value: string, width: number, isNarrow: boolean): Line[] {
	if (!isNarrow) return labelled(`  ${label}`, value, width, 17);
	return wrap(`  ${label}${label === '' ? '' : ': '}${value}`, width, 'plain', '    ');
}

const sources: Record<Source, string> = {
	cli: 'this tool',
	terraform: 'Terraform',
	provider: 'the provider',
	reported: 'reported by the node',
	'join-service': 'the JoinService',
	kubernetes: 'Kubernetes',
};

const lossSteps: Record<NonNullable<Lane['lost']>['reason'], string | undefined> = {
	dead: '`constellation apply` starts it again.',
	stopped: '`constellation apply` starts it again.',
	'not-ready': 'Its kubelet is silent or not ready; `constellation status` asks again.',
	removed: undefined,
};

/** That a node is gone, since when, and what brings it back. */
function lossLines(lane: Lane, width: number): Line[] {
	if (lane.lost === undefined) return [];
	const step = lossSteps[lane.lost.reason];
	const when = duration(lane.lost.at - lane.startedAt).padStart(5);
	return [
		line(span(`  ${fit('lost', 11)}`, 'trouble'), span(fit(when, 7)), span(laneRow(lane).note, 'trouble')),
		...(step === undefined ? [] : wrap(`  ${step}`, width, 'plain', '  ')),
	];
}

/** Each state of a lane: when, and who said so; at the end how it was lost. */
export function laneHistory(lane: Lane, width: number): Line[] {
	const rows = laneStates.map(state => {
		const step = lane.steps[state];
		const when = step === undefined ? '' : duration(step.at - lane.startedAt).padStart(5);
		const who = step === undefined ? (lane.steps.ready ? 'nobody said' : '') : sources[step.source];
		return line(
			span(`  ${fit(state, 11)}`, step === undefined ? 'dim' : 'plain'),
			span(fit(when, 7)),
			span(fit(who, width - 20).trimEnd(), 'dim'),
		);
	});
	return [line(span(lane.name, 'strong'), span(`  ${lane.role}`, 'dim')), ...lossLines(lane, width), ...rows];
}
