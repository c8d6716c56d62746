import {count} from '../../src/text.ts';
import type {DiffRow} from '../../src/wizard/upgrade/deps.ts';
import type {UpgradeState} from '../../src/wizard/upgrade/state.ts';
import {proposalFor} from '../../src/wizard/upgrade/state.ts';
import type {Line} from '../lines.ts';
import {blank, fit, labelled, line, middle, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';
import type {Theme, Tone} from '../theme.ts';
import {askBody} from './question.ts';

const valueWidth = 18;

/** Register by register: what nodes prove now and then, whether that is enforced, where it comes from and who signed it. */
export function measurementsBody(state: UpgradeState, width: number, theme: Theme, now: number): Body {
	return askBody(state, measurementFacts(state, width, theme), width, theme, now);
}

export function measurementFacts(state: UpgradeState, width: number, theme: Theme): Line[] {
	const proposal = proposalFor(state.values, state.facts);
	if (proposal === undefined) return [];
	const {
		measurements: {rows, concerns},
		vouched,
	} = proposal;
	const [origin] = rows;
	const isTable = width >= 70;
	const warning = `${theme.symbols.warning} ${count(concerns.length, 'concern')}, each to be accepted by itself.`;
	return [
		blank,
		...(isTable ? [line(span(` ${fit('register', 11)}${fit('now', valueWidth)}${fit('then', valueWidth)}`, 'dim'))] : []),
		...rows.flatMap(row => (isTable ? [tableRow(row, width, theme)] : stackedRow(row, width, theme))),
		blank,
		...labelled(' digest', proposal.target.measurements, width, 11),
		...(origin === undefined ? [] : labelled(' from', origin.source, width, 11)),
		...(origin === undefined ? [] : labelled(' signed by', origin.signer, width, 11)),
		...(vouched === undefined || vouched.digest === proposal.target.measurements
			? []
			: labelled(' file', vouched.digest, width, 11)),
		...(vouched === undefined ? [] : labelled(' log', vouched.logWords.replace(/^log /u, ''), width, 11)),
		...(concerns.length === 0 ? [] : [blank, ...wrap(warning, width, 'trouble', '  ')]),
	];
}

function tableRow(row: DiffRow, width: number, theme: Theme): Line {
	const value = (text: string | undefined) =>
		fit(middle(text ?? 'not checked', valueWidth - 2, theme.symbols.ellipsis), valueWidth);
	const {text, tone} = changeWord(row);
	return line(
		span(` ${fit(middle(row.what, 10, theme.symbols.ellipsis), 11)}`),
		span(value(row.old), 'dim'),
		span(row.change === 'same' ? fit('the same', valueWidth) : value(row.new)),
		span(fit(text, width - 12 - 2 * valueWidth).trimEnd(), tone),
	);
}

function stackedRow(row: DiffRow, width: number, theme: Theme): Line[] {
	const value = (text: string | undefined) => middle(text ?? 'not checked', width - 9, theme.symbols.ellipsis);
	const {text, tone} = changeWord(row);
	const head = line(span(` ${/^\d+$/u.test(row.what) ? 'register ' : ''}${row.what}  `), span(text, tone));
	if (row.change === 'same') return [head];
	return [head, line(span('   now   ', 'dim'), span(value(row.old))), line(span('   then  ', 'dim'), span(value(row.new)))];
}

function changeWord({change, enforcedBefore, enforcedAfter}: DiffRow): {text: string; tone: Tone} {
	const isWeaker = change === 'weaker' || change === 'removed';
	const enforced = enforcedAfter ?? enforcedBefore;
	const word =
		enforced === undefined ? '' : `${enforcedAfter === undefined ? 'was ' : ''}${enforced ? 'enforced' : 'only reported'}`;
	const text = [change, word].filter(Boolean).join(', ');
	return {text, tone: isWeaker ? 'trouble' : change === 'same' ? 'dim' : 'accent'};
}
