import type {WizardState} from '../../src/wizard/state.ts';
import {stepOf} from '../../src/wizard/steps.ts';
import {fieldLines} from '../fields.ts';
import {blank, line, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';
import type {Theme} from '../theme.ts';

/** Taking back what a failed creation left: never by itself, and only for a name that was typed. */
export function removalBody(state: WizardState, width: number, theme: Theme): Body {
	const {question, why, explain} = stepOf('removal');
	const {name} = state.values;
	const made = [...state.live.view.resources.values()].filter(({state: at}) => at === 'done').length;
	const head = [
		...wrap(question, width, 'strong'),
		...wrap(why, width, 'dim'),
		blank,
		...explain.flatMap(text => wrap(text, width)),
		...(made === 0 ? [] : [line(span(`The last run made ${made} of them.`, 'dim'))]),
		blank,
		...wrap(`Type ${name} to remove it all. It cannot be undone.`, width),
	];
	const fields = fieldLines(state, width, theme);
	const wrong = state.judged.has('removal') ? wrap(`  This is not ${name}; nothing was removed.`, width, 'trouble', '  ') : [];
	return {
		lines: [...head, ...fields.lines, ...wrong],
		focus: head.length,
		...(fields.cursor === undefined ? {} : {cursor: {...fields.cursor, line: head.length + fields.cursor.line}}),
	};
}
