import {summaryFacts} from '../../src/summary.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import {blank, indented, labelled, line, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';

/** The summary, with the same facts as the one that will stay on the normal screen. */
export function summaryBody({summary, secrets}: WizardState, width: number): Body {
	if (summary === undefined) return {lines: []};
	const {head, rows, next} = summaryFacts(summary, {copyConfirmed: secrets.copy === 'confirmed'});
	const isNarrow = width < 56;
	return {
		lines: [
			...head.flatMap((text, index) => wrap(text, width, index === 0 ? 'strong' : 'dim')),
			blank,
			...rows.flatMap(([label, value]) => indented(labelled(label, value, width - 1, 15), 1)),
			...(isNarrow ? [] : [blank]),
			line(span(' next', 'dim')),
			...next.flatMap(([command, what]) => [
				...indented(wrap(command, width - 3, 'plain', '  '), 3),
				...(what === '' || isNarrow ? [] : [line(span(`     ${what}`, 'dim'))]),
			]),
		],
	};
}
