import {summaryLines} from '../../src/summary.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import type {Line} from '../lines.ts';
import {line, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';

/** The summary as it will stay on the normal screen. */
export function summaryBody({summary, secrets}: WizardState, width: number): Body {
	if (summary === undefined) return {lines: []};
	const lines = summaryLines(summary, {copyConfirmed: secrets.copy === 'confirmed'});
	const wrapped = lines.flatMap((text, index): Line[] => {
		if (text.length <= width) return [line(span(text, index === 0 ? 'strong' : 'plain'))];
		const indent = ' '.repeat(Math.min(4, text.length - text.trimStart().length + 2));
		return wrap(text.trim().replaceAll(/ {2,}/gu, ' '), width, index === 0 ? 'strong' : 'plain', indent);
	});
	return {lines: wrapped};
}
