import {equivalentCommands} from '../src/wizard/form.ts';
import type {Hint} from '../src/wizard/keys.ts';
import type {WizardState} from '../src/wizard/state.ts';
import {stepOf} from '../src/wizard/steps.ts';
import type {Line} from './lines.ts';
import {blank, cells, fit, line, span, wrap} from './lines.ts';
import {changeLine, partLines} from './plan-parts.ts';
import type {Body} from './screen.tsx';
import {checkLines} from './steps/checks.ts';
import type {Theme} from './theme.ts';

/** All keys, place by place, from the key table. */
export function helpBody(sections: readonly {where: string; keys: readonly Hint[]}[], width: number): Body {
	const keyWidth = Math.max(...sections.flatMap(section => section.keys.map(key => cells(key.shown)))) + 2;
	const columnWidth = keyWidth + 22;
	const perRow = Math.max(1, Math.floor(width / columnWidth));
	const lines: Line[] = [];
	for (const {where, keys} of sections) {
		lines.push(line(span(where, 'title')));
		for (let at = 0; at < keys.length; at += perRow) {
			lines.push(
				keys
					.slice(at, at + perRow)
					.flatMap(({shown, hint}) => [span(`  ${fit(shown, keyWidth - 2)}`), span(fit(` ${hint}`, 22), 'dim')]),
			);
		}
	}
	return {lines};
}

/** What stands behind a question, in whole sentences. */
export function explainBody(state: WizardState, width: number): Body {
	const {question, explain} = stepOf(state.step);
	return {lines: [...wrap(question, width, 'strong'), ...explain.flatMap(paragraph => [blank, ...wrap(paragraph, width)])]};
}

/** Asked once, and only where answers could be lost; what is kept is said. */
export function leaveBody({facts, values}: WizardState, width: number): Body {
	const {state, begun} = facts.identities;
	const remove = `constellation iam destroy ${values.provider} removes them.`;
	const words =
		state === 'made'
			? `Nothing of the cluster has been created. The identities exist: ${remove}`
			: begun === true
				? `Nothing of the cluster has been created. Some of the identities may exist: ${remove}`
				: `Nothing has been ${facts.settled === true ? 'changed' : 'created'}.`;
	const kept =
		facts.settled === true
			? 'The config stays as it is.'
			: 'Your answers are kept in a draft; the next constellation picks them up.';
	return {
		lines: [
			...wrap(facts.settled === true ? 'Leave the review?' : 'Leave the setup?', width, 'strong'),
			blank,
			...wrap(`${words} ${kept}`, width),
		],
	};
}

/** The plan: what it means, what was checked for it, then change by change. */
export function planBody(state: WizardState, width: number, theme: Theme, now: number): Body {
	const isAbout = state.step === 'identities';
	const {plan} = isAbout ? state.facts.identities : state.facts.plan;
	const checks = isAbout ? [] : (state.facts.plan.checks ?? []);
	if (plan === undefined) return {lines: []};
	const {preview = []} = plan;
	const changes = plan.changes.filter(change => change.action !== 'no-op');
	const part = (lines: readonly Line[]) => (lines.length === 0 ? [] : [...lines, blank]);
	return {
		lines: [
			line(span('The plan', 'strong'), span(`  create ${plan.create}, change ${plan.update}, destroy ${plan.destroy}`, 'dim')),
			blank,
			...part(partLines(preview, width)),
			...part(checkLines(checks, width, theme, now)),
			...changes.map(change => changeLine(change, width, theme)),
			...(changes.length === 0 ? [] : [blank]),
			...wrap(`Applied exactly as shown (${plan.hash.slice(0, 12)}), or not at all.`, width, 'dim'),
		],
	};
}

/** The commands that do the same without questions, in lines that can be copied. */
export function commandsBody(state: WizardState, width: number): Body {
	return {
		lines: [
			...wrap('The same without questions', width, 'strong'),
			...equivalentCommands(state.values, state.facts).flatMap(command => [blank, ...wrap(command, width, 'plain', '  ')]),
		],
	};
}
