import {focused, judge, optionsOf} from '../src/wizard/form.ts';
import type {WizardState} from '../src/wizard/state.ts';
import type {Field} from '../src/wizard/steps/step.ts';
import {fieldsOf} from '../src/wizard/steps.ts';
import {graphemes} from '../src/wizard/text-field.ts';
import {choiceLines} from './choices.ts';
import type {Line} from './lines.ts';
import {blank, cells, fit, indented, line, span, wrap} from './lines.ts';
import type {Body} from './screen.tsx';
import type {Theme} from './theme.ts';

/** The fields of the step that is on: exactly one has the pointer, and the cursor if it takes text. */
export function fieldLines(state: WizardState, width: number, theme: Theme): Body {
	const lines: Line[] = [];
	let focus = 0;
	let cursor: Body['cursor'];
	const fields = fieldsOf(state.step, state.values, state.facts);
	fields.forEach((field, index) => {
		const isFocused = field.id === focused(state)?.id;
		const part = field.kind === 'select' || field.kind === 'confirm' ? choices : typed;
		const body = part(field, state, isFocused, width, theme, fields.length > 1);
		if (index > 0) lines.push(blank);
		if (isFocused) focus = lines.length + (body.focus ?? 0);
		if (isFocused && body.cursor) cursor = {line: lines.length + body.cursor.line, column: body.cursor.column};
		lines.push(...body.lines, ...verdict(field, state, isFocused, width, theme));
	});
	return {lines, focus, ...(cursor === undefined ? {} : {cursor})};
}

function typed(field: Field, state: WizardState, isFocused: boolean, width: number, theme: Theme): Body {
	const text = state.values[field.id];
	const pointer = isFocused ? span(`${theme.symbols.pointer} `, 'accent') : span('  ');
	const label = field.kind === 'number' ? fit(field.label, 16) : '';
	const room = width - 3 - cells(label);
	const parts = graphemes(text);
	// A text that is too long for its line shows the part around the cursor.
	let start = 0;
	const caret = isFocused ? state.cursor : 0;
	while (cells(parts.slice(start, caret).join('')) > room - 1) start += 1;
	const shown = fit(parts.slice(start).join(''), room).trimEnd();
	const content = line(
		pointer,
		...(label === '' ? [] : [span(label, isFocused ? 'plain' : 'dim')]),
		span(shown, isFocused ? 'strong' : 'plain'),
	);
	const column = 2 + cells(label) + cells(parts.slice(start, caret).join(''));
	return {lines: [content], focus: 0, ...(isFocused ? {cursor: {line: 0, column}} : {})};
}

function choices(field: Field, state: WizardState, isFocused: boolean, width: number, theme: Theme, several: boolean): Body {
	const options = optionsOf(field, state);
	const lines: Line[] = several ? [line(span(field.label))] : [];
	if (options.length === 0) return {lines: [...lines, line(span('  reading what there is…', 'dim'))]};
	const body = choiceLines({
		options,
		value: state.values[field.id],
		hasFocus: isFocused,
		inline: field.inline === true,
		width,
		theme,
	});
	return {lines: [...lines, ...body.lines], focus: lines.length + (body.focus ?? 0)};
}

// Calm while something is being typed; an error once the person tried to go on.
function verdict(field: Field, state: WizardState, isFocused: boolean, width: number, theme: Theme): Line[] {
	const {error, warning} = judge(field, state);
	if (error !== undefined && state.judged.has(field.id)) {
		return indented(wrap(`${theme.symbols.refused} ${error}`, width - 2, 'trouble', '  '), 2);
	}
	if (error !== undefined) return isFocused && state.values[field.id] !== '' ? indented(wrap(error, width - 2, 'dim'), 2) : [];
	return warning === undefined ? [] : indented(wrap(`${theme.symbols.warning} ${warning}`, width - 2, 'plain', '  '), 2);
}
