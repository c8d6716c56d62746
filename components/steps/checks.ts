import type {CheckView} from '../../src/fold.ts';
import {oneLine} from '../../src/text.ts';
import {concerns, stopping} from '../../src/wizard/checks.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import {stepOf} from '../../src/wizard/steps.ts';
import type {Line} from '../lines.ts';
import {blank, cells, fit, indented, line, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';
import type {Theme} from '../theme.ts';
import {workingSymbol} from '../theme.ts';

/** The pre-flight checks as they come in, with what to do about each that failed. */
export function checksBody(state: WizardState, width: number, theme: Theme, now: number): Body {
	const {question, why} = stepOf('checks');
	const {checks} = state.facts;
	const shown = checks.list.filter(check => concerns(check, state.values));
	const failed = stopping(state.facts).length;
	const elsewhere = shown.some(check => check.state === 'failed');
	const outcome =
		checks.state === 'running'
			? [line(span(`${workingSymbol(theme, now)} checking`, 'accent'))]
			: checks.error !== undefined
				? wrap(`${theme.symbols.refused} ${oneLine(checks.error)}`, width, 'trouble', '  ')
				: failed > 0
					? wrap(`${failed === 1 ? 'One check' : `${failed} checks`} failed. Mend it and press r.`, width, 'trouble')
					: elsewhere
						? wrap('What failed matters only for nodes on this machine. Mend it and press r, or go on to a cloud.', width)
						: checks.state === 'done'
							? wrap('Nothing is in the way.', width, 'accent')
							: [];
	return {
		lines: [
			...wrap(checks.state === 'running' ? question : 'What could fail later was checked', width, 'strong'),
			...wrap(why, width, 'dim'),
			blank,
			...checkLines(shown, width, theme, now),
			blank,
			...outcome,
		],
	};
}

export function checkLines(checks: readonly CheckView[], width: number, theme: Theme, now: number): Line[] {
	const titles = Math.min(24, Math.max(0, ...checks.map(check => cells(check.title))) + 2);
	const isWide = width >= 56;
	return checks.flatMap(check => {
		const symbol = symbolOf(check, theme, now);
		const detail = check.detail === undefined ? '' : oneLine(check.detail);
		const head = line(
			symbol,
			span(' '),
			span(isWide ? `${fit(oneLine(check.title), titles - 1, theme.symbols.ellipsis)} ` : oneLine(check.title)),
		);
		const beside = wrap(detail, width - 2 - titles, 'dim');
		const details = isWide
			? beside.map((content, index) => (index === 0 ? [...head, ...content] : [span(' '.repeat(2 + titles)), ...content]))
			: [head, ...(detail === '' ? [] : indented(wrap(detail, width - 2, 'dim'), 2))];
		const fix = check.fix === undefined || check.state === 'ok' ? [] : indented(wrap(oneLine(check.fix), width - 4), 4);
		return [...details, ...fix];
	});
}

function symbolOf(check: CheckView, theme: Theme, now: number) {
	switch (check.state) {
		case 'ok':
			return span(theme.symbols.done, 'accent');
		case 'warning':
			return span(theme.symbols.warning);
		case 'failed':
			return span(theme.symbols.refused, 'trouble');
		default:
			return span(workingSymbol(theme, now), 'accent');
	}
}
