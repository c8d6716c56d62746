import {count, duration} from '../../src/text.ts';
import type {UpgradeProposal} from '../../src/wizard/upgrade/deps.ts';
import type {UpgradeState} from '../../src/wizard/upgrade/state.ts';
import {obstacle, proposalFor} from '../../src/wizard/upgrade/state.ts';
import {upgradeCommand} from '../../src/wizard/upgrade/steps.ts';
import type {Line} from '../lines.ts';
import {blank, indented, labelled, line, middle, shellLines, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';
import type {Theme} from '../theme.ts';
import {askBody, headLines} from './question.ts';

/** Steps in their order, how long, who waits and who is interrupted, what cannot be undone, what was checked. */
export function planBody(state: UpgradeState, width: number, theme: Theme): Body {
	const proposal = proposalFor(state.values, state.facts);
	if (proposal === undefined) return {lines: headLines(state, width)};
	const {plan, strand} = proposal;
	const against = obstacle(proposal);
	const checked = `any one node restarted, lost or created at any of ${count(strand.moments, 'moment')} (${count(strand.cases, 'case')}), assuming that`;
	return {
		lines: [
			...headLines(state, width),
			...(against === undefined ? [] : [blank, ...wrap(`${theme.symbols.refused} ${against}`, width, 'trouble', '  ')]),
			...(against === undefined ? [] : wrap('  Nothing can begin until that is mended; then press r.', width, 'plain', '  ')),
			blank,
			...stepLines(proposal, width, theme),
			blank,
			...factLines(proposal, width, theme),
			...labelled(' checked', strand.counterexample === undefined ? checked : 'failed, see above', width, 14),
			...(strand.counterexample === undefined ? plan.assumptions : []).flatMap(sentence =>
				indented(wrap(`${theme.symbols.dot} ${sentence}`, width - 3, 'dim', '  '), 3),
			),
		],
	};
}

function stepLines({plan: {steps}}: UpgradeProposal, width: number, theme: Theme): Line[] {
	return steps.flatMap(({title, state, nodes}, index) => {
		const note = state === 'included' ? ', comes with the image' : state === 'done' ? ', nothing to do' : '';
		const names = nodes.map(({name, evictions}) => (evictions === 0 ? name : `${name} (${count(evictions, 'pod')})`)).join(', ');
		const mark = state === 'planned' ? theme.symbols.waiting : theme.symbols.unseen;
		const tone = state === 'planned' ? 'plain' : 'dim';
		return [
			...wrap(` ${mark} ${index + 1} ${title}${note}`, width, tone, '     '),
			...(names === '' ? [] : indented(wrap(names, width - 5, 'dim'), 5)),
		];
	});
}

function factLines({plan}: UpgradeProposal, width: number, theme: Theme): Line[] {
	const {time, extraMachines, blocking, interrupted, irreversible} = plan;
	const basis = time.basis === 'recorded' ? `from ${count(time.samples, 'recorded run')}` : 'nothing recorded here yet';
	const rows: [string, string, boolean][] = [
		['time', `${duration(time.least)} to ${duration(time.most)} (${basis})`, false],
		['machines', `${count(extraMachines, 'more machine')} than now, at most at one time`, false],
		...blocking.map(({budget, nodes, pods}): [string, string, boolean] => [
			'blocked',
			`${budget} allows no eviction; covers ${count(pods, 'pod')} on ${nodes.join(', ')}`,
			true,
		]),
		...(interrupted.length === 0 ? [['interrupted', 'nothing', false] as [string, string, boolean]] : []),
		...interrupted.map(({workload, reasons}): [string, string, boolean] => [
			'interrupted',
			`${theme.symbols.warning} ${workload}: ${reasons.join(', ')}`,
			false,
		]),
		...irreversible.map((sentence): [string, string, boolean] => ['not undoable', sentence, false]),
	];
	return rows.flatMap(([label, value, isBad], index) =>
		labelled(rows[index - 1]?.[0] === label ? '' : ` ${label}`, value, width, 14, isBad ? 'trouble' : 'plain'),
	);
}

/** Everything that was decided, and the one question that is left. */
export function consentBody(state: UpgradeState, width: number, theme: Theme, now: number): Body {
	return askBody(state, consentFacts(state, width, theme), width, theme, now);
}

export function consentFacts(state: UpgradeState, width: number, theme: Theme): Line[] {
	const proposal = proposalFor(state.values, state.facts);
	if (proposal === undefined) return [];
	const {plan, target, measurements} = proposal;
	const nodes = plan.steps.flatMap(step => step.nodes);
	const change = (from: string, to: string) => (from === to ? `stays ${from}` : `${from} ${theme.symbols.to} ${to}`);
	const rows: [string, string][] = [
		[
			'cluster',
			`${state.facts.offer?.name ?? ''}: image ${change(plan.from.image, target.image)}, Kubernetes ${change(plan.from.kubernetes, target.kubernetes)}`,
		],
		['trust', `measurements accepted: ${middle(target.measurements, Math.min(40, width - 10), theme.symbols.ellipsis)}`],
		...measurements.concerns.map(({message}): [string, string] => ['', `${theme.symbols.warning} accepted: ${message}`]),
		[
			'replaces',
			`${count(nodes.length, 'node')} in ${duration(plan.time.least)} to ${duration(plan.time.most)}: ${nodes.map(({name}) => name).join(', ')}`,
		],
		['interrupted', plan.interrupted.map(({workload}) => workload).join(', ') || 'nothing'],
		...plan.irreversible.map((sentence, index): [string, string] => [index === 0 ? 'not undoable' : '', sentence]),
	];
	return [
		blank,
		...rows.flatMap(([label, value]) => labelled(label === '' ? '' : ` ${label}`, value, width, 14)),
		line(span(' same without questions', 'dim')),
		...indented(shellLines(upgradeCommand(state.values, state.facts), width - 3), 3),
	];
}
