import {summaryFacts} from '../../src/summary.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import type {Failure} from '../../src/wizard/values.ts';
import {blank, indented, labelled, line, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';

/** The summary, with the same facts as the one that will stay on the normal screen. */
export function summaryBody({summary, secrets, reached}: WizardState, width: number): Body {
	if (reached !== undefined) return reachedBody(reached, width);
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

/** The infrastructure is there, and that is as far as it goes: no failure, and no cluster either. */
function reachedBody({message, next}: Failure, width: number): Body {
	return {
		lines: [
			...wrap(message, width, 'strong'),
			blank,
			...next.flatMap(words => wrap(words, width)),
			blank,
			...wrap('What was made is recorded in the folder: running the same again changes nothing.', width, 'dim'),
		],
	};
}
