import type {Proposal} from '../flows/upgrade/check.ts';
import {count, duration} from '../text.ts';

type Judged = {version: string; possible: boolean; rule?: string; reason?: string};
type Part = {running: string; versions: readonly Judged[]; included: boolean};

/** What runs and what is possible, and for each impossible version its rule. */
export function partLines(parts: {image: Part; services: Part; kubernetes: Part}): string[] {
	const row = (name: string, runs: string, possible: string) => `${name.padEnd(12)}${runs.padEnd(12)}${possible}`.trimEnd();
	const rows = Object.entries(parts).map(([name, {running, versions, included}]) => {
		const possible = versions.filter(each => each.possible).map(({version}) => version);
		const text = name === 'services' && included ? 'come with the image' : possible.join(', ') || 'none';
		return row(name, running, text);
	});
	const {image, services, kubernetes} = parts;
	const judged = [...(services.included ? [] : services.versions), ...image.versions, ...kubernetes.versions];
	const impossible = judged.filter(each => !each.possible);
	return [
		row('', 'runs', 'possible'),
		...rows,
		...(impossible.length === 0 ? [] : ['', 'not possible']),
		...impossible.map(({version, rule = '', reason = ''}) => {
			const sentence = reason.startsWith(version) ? reason : `${version}: ${reason}`;
			return `  ${sentence} (${rule})`;
		}),
	];
}

/** What is said where there is no other target: the title, then what to do while nodes are still replaced. */
export function nothingLines(name: string, image: string, busy: boolean): [string, ...string[]] {
	if (!busy) return [`${name} is up to date: there is nothing to do.`];
	return [
		`${name}: nodes are still to be replaced until all run ${image}.`,
		...busyLines(busy),
		'next  constellation upgrade apply   attaches to it, or goes on with it',
		'      constellation status          shows how far it is',
	];
}

export const busyLines = (busy: boolean): string[] =>
	busy ? ['', 'An upgrade is under way: no other one can begin before it is over.'] : [];

/** The measurements, the plan and what was checked of it. */
export function proposalLines({target, measurements, plan, strand, vouched}: Proposal): string[] {
	const {rows, concerns} = measurements;
	const changed = rows.filter(({change}) => change !== 'same');
	return [
		`measurements   ${target.measurements}`,
		...(changed.length === 0 ? ['  the same as now'] : []),
		...changed.flatMap(row => [
			`  ${/^\d+$/.test(row.what) ? `register ${row.what}` : row.what}   ${row.change}, ${enforcement(row)}`,
			`    now   ${row.old ?? 'not checked'}`,
			`    then  ${row.new ?? 'not checked'}`,
		]),
		...(rows[0] === undefined ? [] : [`  from       ${rows[0].source}`, `  signed by  ${rows[0].signer}`]),
		...(vouched === undefined ? [] : [`  file       ${vouched.digest}`, `  log        ${vouched.logWords.replace(/^log /, '')}`]),
		...concerns.map(({code, message}) => `  to be accepted by itself: ${message} (${code})`),
		'',
		'plan',
		...plan.steps.map(({title, state, nodes}, index) => {
			const names = nodes.map(({name, evictions}) => (evictions === 0 ? name : `${name} (${count(evictions, 'pod')} to evict)`));
			const note = state === 'included' ? ': comes with the image' : state === 'done' ? ': nothing to do' : '';
			return `  ${index + 1} ${title}${note}${names.length === 0 ? '' : `: ${names.join(', ')}`}`;
		}),
		'',
		`time           ${duration(plan.time.least)} to ${duration(plan.time.most)} (${plan.time.basis === 'recorded' ? `from ${count(plan.time.samples, 'recorded run')}` : 'nothing recorded here yet'})`,
		`machines       ${plan.extraMachines} more than now, at most at one time`,
		...plan.blocking.map(
			({budget, nodes}) => `blocked        PodDisruptionBudget ${budget} allows no eviction on ${nodes.join(', ')}`,
		),
		...plan.interrupted.map(({workload, reasons}) => `interrupted    ${workload}: ${reasons.join(', ')}`),
		...plan.irreversible.map(sentence => `not undoable   ${sentence}`),
		'',
		`Checked: any one node restarted, lost or created at any of ${strand.moments} moments (${strand.cases} cases), assuming that`,
		...plan.assumptions.map(sentence => `  ${sentence}`),
	];
}

function enforcement({enforcedBefore, enforcedAfter}: {enforcedBefore?: boolean; enforcedAfter?: boolean}): string {
	const word = (enforced: boolean) => (enforced ? 'enforced' : 'only reported');
	return enforcedAfter === undefined ? `was ${word(enforcedBefore !== false)}` : word(enforcedAfter);
}
