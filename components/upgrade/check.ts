import type {PartVersions} from '../../src/wizard/upgrade/deps.ts';
import type {UpgradeState} from '../../src/wizard/upgrade/state.ts';
import {askedOf, proposalFor} from '../../src/wizard/upgrade/state.ts';
import type {Line} from '../lines.ts';
import {blank, indented, labelled, line, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';
import type {Theme} from '../theme.ts';
import {workingSymbol} from '../theme.ts';
import {askBody, errorLines, headLines} from './question.ts';

/** What runs, what is possible, and the rule of each version that is not. */
export function checkBody(state: UpgradeState, width: number, theme: Theme, now: number): Body {
	const {state: look, offer} = state.facts;
	const head = headLines(state, width);
	const running = look === 'running' ? [blank, line(span(`${workingSymbol(theme, now)} looking at the cluster`, 'accent'))] : [];
	if (offer === undefined) return {lines: [...head, ...running, ...errorLines(state, width, theme)]};
	const {image, services, kubernetes} = offer.parts;
	const names = {image, services, kubernetes};
	const impossible = [...(services.included ? [] : services.versions), ...image.versions, ...kubernetes.versions].filter(
		({possible}) => !possible,
	);
	return {
		lines: [
			...head,
			blank,
			...outcomeLines(state, width, theme),
			...running,
			...errorLines(state, width, theme),
			blank,
			...Object.entries(names).flatMap(([name, part]) => labelled(` ${name}`, partWords(part, name), width, 13)),
			...(impossible.length === 0 ? [] : [blank, line(span(' not possible', 'dim'))]),
			...impossible.flatMap(({version, reason = '', rule = ''}) =>
				indented(wrap(`${reason.startsWith(version) ? reason : `${version}: ${reason}`} (${rule})`, width - 3, 'plain', '  '), 3),
			),
		],
	};
}

function outcomeLines({facts: {offer}}: UpgradeState, width: number, theme: Theme): Line[] {
	if (offer === undefined) return [];
	if (offer.busy)
		return wrap(
			`${theme.symbols.warning} An upgrade of ${offer.name} is under way: nodes are still replaced. Look again with r.`,
			width,
			'trouble',
			'  ',
		);
	if (offer.proposal === undefined) return wrap(`${offer.name} runs the newest that is possible here.`, width, 'accent');
	const {target, plan} = offer.proposal;
	const change = (from: string, to: string) => (from === to ? `stays ${from}` : `${from} ${theme.symbols.to} ${to}`);
	const text = `${offer.name}: image ${change(plan.from.image, target.image)}, Kubernetes ${change(plan.from.kubernetes, target.kubernetes)}`;
	return wrap(text, width, 'accent');
}

function partWords({running, versions, included}: PartVersions, name: string): string {
	const possible = versions.filter(version => version.possible).map(({version}) => version);
	const then = name === 'services' && included ? 'comes with the image' : `possible: ${possible.join(', ') || 'nothing else'}`;
	return `${running}; ${then}`;
}

/** The versions to choose from; what was chosen is looked at before the next step. */
export function targetBody(state: UpgradeState, width: number, theme: Theme, now: number): Body {
	const {facts, values} = state;
	const asked = askedOf(values);
	const isLooked = facts.state === 'done' && facts.asked.image === asked.image && facts.asked.kubernetes === asked.kubernetes;
	const nothing =
		isLooked && proposalFor(values, facts) === undefined ? [blank, ...wrap('Nothing would change.', width, 'trouble')] : [];
	const body = askBody(state, [], width, theme, now);
	return {...body, lines: [...body.lines, ...nothing, ...errorLines(state, width, theme)]};
}
