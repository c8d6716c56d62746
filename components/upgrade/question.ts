import type {UpgradeState} from '../../src/wizard/upgrade/state.ts';
import {questionsOf, upgradeStep} from '../../src/wizard/upgrade/steps.ts';
import {choiceLines} from '../choices.ts';
import {failureLines} from '../failure.ts';
import type {Line} from '../lines.ts';
import {blank, indented, line, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';
import type {Theme} from '../theme.ts';
import {workingSymbol} from '../theme.ts';

const mostBelow = 5;

/** What a step asks and why, the facts to decide by, then the choices; the window follows the choice. */
export function askBody(state: UpgradeState, facts: readonly Line[], width: number, theme: Theme, now: number): Body {
	const lines: Line[] = [...headLines(state, width), ...facts];
	let focus = 0;
	const questions = questionsOf(state.step, state.facts);
	questions.forEach(({key, label, inline, options}, index) => {
		const hasFocus = index === state.focus;
		lines.push(blank, ...(questions.length > 1 ? wrap(label, width, hasFocus ? 'strong' : 'plain') : []));
		const body = choiceLines({options, value: state.values[key] ?? '', hasFocus, inline, width, theme});
		const chosen = lines.length + (body.focus ?? 0);
		lines.push(...body.lines);
		if (state.judged.has(key)) lines.push(...unanswered(width, theme));
		// All choices of the question stay in the window, if they fit.
		if (hasFocus) focus = Math.min(lines.length - 1, chosen + mostBelow);
	});
	if (state.pending) lines.push(blank, line(span(`${workingSymbol(theme, now)} looking at the cluster`, 'accent')));
	return {lines, focus};
}

function unanswered(width: number, theme: Theme): Line[] {
	const words = `${theme.symbols.refused} Choose one; nothing is chosen for you here.`;
	return indented(wrap(words, width - 2, 'trouble', '  '), 2);
}

export function headLines({step}: UpgradeState, width: number): Line[] {
	const {question, why} = upgradeStep(step);
	return [...wrap(question, width, 'strong'), ...wrap(why, width, 'dim')];
}

/** What went wrong when the cluster was looked at. */
export function errorLines({facts: {error}}: UpgradeState, width: number, theme: Theme): Line[] {
	return error === undefined ? [] : [blank, ...failureLines(error, width, theme)];
}
