import type {WizardState} from '../../src/wizard/state.ts';
import {stepOf} from '../../src/wizard/steps.ts';
import type {MeasurementsFact} from '../../src/wizard/values.ts';
import {measurementsKey} from '../../src/wizard/values.ts';
import {vouchedRows} from '../../src/wizard/vouched-view.ts';
import {failureLines} from '../failure.ts';
import {fieldLines} from '../fields.ts';
import type {Line} from '../lines.ts';
import {blank, labelled, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';
import type {Theme} from '../theme.ts';
import {workingSymbol} from '../theme.ts';
import {registerLines} from './question.ts';

/** What the named source says of the image, beside the values that it vouches for, and the consent to them. */
export function measurementsBody(state: WizardState, width: number, theme: Theme, now: number): Body {
	const {question, why} = stepOf('measurements');
	const {measurements} = state.facts;
	const fact = measurements?.asked === measurementsKey(state.values) ? measurements : undefined;
	const head = [...wrap(question, width, 'strong'), ...wrap(why, width, 'dim'), blank];
	const lines = [...head, ...answerLines(fact, state, width, theme, now)];
	if (fact?.state !== 'done') return {lines};
	const fields = fieldLines(state, width, theme);
	return {lines: [...lines, blank, ...fields.lines], focus: lines.length + 1 + (fields.focus ?? 0)};
}

function answerLines(fact: MeasurementsFact | undefined, state: WizardState, width: number, theme: Theme, now: number): Line[] {
	const asks = `${workingSymbol(theme, now)} asking ${state.values.measurementsFrom.trim()}`;
	switch (fact?.state) {
		case 'done':
			return [
				// Where there is little room the step before has shown them.
				...(width < 60 ? [] : [...registerLines(state, width, theme), blank]),
				...wrap(`${theme.symbols.done} The same values there as computed from the files here.`, width, 'accent', '  '),
				...vouchedRows(fact.vouched).flatMap(({label, text}) => labelled(` ${label}`, text, width, 11)),
			];
		case 'failed':
			return [
				...failureLines(fact.error, width, theme),
				blank,
				...wrap('r asks again; esc goes back, where the source can be changed or left out.', width, 'dim'),
			];
		default:
			return wrap(asks, width, 'accent');
	}
}
