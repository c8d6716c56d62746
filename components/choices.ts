import type {Option} from '../src/wizard/steps/step.ts';
import type {Line} from './lines.ts';
import {cells, fit, indented, line, lineCells, span, wrap} from './lines.ts';
import type {Body} from './screen.tsx';
import type {Theme} from './theme.ts';

export type ChoiceOptions = {
	options: readonly Option[];
	/** The whole list where `options` is a part of it: the columns stay where they are. */
	all?: readonly Option[];
	value: string;
	/** Whether keys go here: the pointer is drawn then, else a dot. */
	hasFocus: boolean;
	/** Beside each other, where there is room. */
	inline: boolean;
	width: number;
	theme: Theme;
};

/** The choices of one question; `focus` is the line of the chosen one. */
export function choiceLines({options, all = options, value, hasFocus, inline, width, theme}: ChoiceOptions): Body {
	const row = inlineChoices(options, value, hasFocus, theme);
	if (inline && lineCells(row) <= width) return {lines: [row], focus: 0};
	const titles = Math.max(...all.map(option => cells(option.title))) + 3;
	const details = Math.max(0, ...all.map(option => cells(option.detail ?? '')));
	const isWide = width >= 2 + titles + details + 20;
	const lines: Line[] = [];
	let focus = 0;
	for (const option of options) {
		const isChosen = option.value === value;
		if (isChosen) focus = lines.length;
		lines.push(optionLine(option, isChosen && hasFocus, isChosen, titles, isWide ? details + 3 : 0, theme));
		if (!isWide && option.detail !== undefined) lines.push(...indented(wrap(option.detail, width - 4, 'dim'), 4));
	}
	return {lines, focus};
}

function inlineChoices(options: readonly Option[], chosen: string, hasFocus: boolean, theme: Theme): Line {
	return options.flatMap(({value, title, status, disabled}, index) => {
		const isChosen = value === chosen;
		const pointer = isChosen ? `${hasFocus ? theme.symbols.pointer : theme.symbols.dot} ` : '  ';
		const tone = disabled ? 'dim' : isChosen && hasFocus ? 'strong' : 'plain';
		const gap = index === 0 ? '' : '     ';
		return [span(`${gap}${pointer}`, 'accent'), span(title, tone), span(status === undefined ? '' : ` (${status})`, 'dim')];
	});
}

function optionLine(option: Option, hasFocus: boolean, isChosen: boolean, titles: number, details: number, theme: Theme): Line {
	const pointer = hasFocus ? span(`${theme.symbols.pointer} `, 'accent') : isChosen ? span(`${theme.symbols.dot} `) : span('  ');
	const tone = option.disabled ? 'dim' : hasFocus ? 'strong' : 'plain';
	const plainDetail = option.disabled ? 'dim' : 'plain';
	return line(
		pointer,
		span(fit(option.title, titles), tone),
		...(details === 0 ? [] : [span(fit(option.detail ?? '', details), plainDetail)]),
		span(option.status ?? '', option.disabled ? 'dim' : 'accent'),
	);
}
