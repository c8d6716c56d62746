import {focused, isLong, judge, matching, optionsOf} from '../src/wizard/form.ts';
import type {WizardState} from '../src/wizard/state.ts';
import type {Field, Option} from '../src/wizard/steps/step.ts';
import {fieldsOf} from '../src/wizard/steps.ts';
import {graphemes} from '../src/wizard/text-field.ts';
import {type ChoiceOptions, choiceLines} from './choices.ts';
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
	const labels = Math.max(16, ...fields.map(({label}) => cells(label) + 2));
	fields.forEach((field, index) => {
		const isFocused = field.id === focused(state)?.id;
		const part = field.kind === 'select' || field.kind === 'confirm' ? choices : typed;
		const body = part(field, state, isFocused, width, theme, fields.length > 1 || state.step === 'account' ? labels : 0);
		// Lines to fill in stand close together: there may be many.
		if (index > 0 && !(field.kind === 'text' && fields[index - 1]?.kind === 'text')) lines.push(blank);
		if (isFocused) focus = lines.length + (body.focus ?? 0);
		if (isFocused && body.cursor) cursor = {line: lines.length + body.cursor.line, column: body.cursor.column};
		lines.push(...body.lines, ...verdict(field, state, isFocused, width, theme));
	});
	return {lines, focus, ...(cursor === undefined ? {} : {cursor})};
}

function typed(field: Field, state: WizardState, isFocused: boolean, width: number, theme: Theme, labels: number): Body {
	const text = state.values[field.id];
	const pointer = isFocused ? span(`${theme.symbols.pointer} `, 'accent') : span('  ');
	const named = field.kind === 'number' || labels > 0;
	// In a narrow window the label of a text stands above it.
	const above = named && field.kind === 'text' && width < 58;
	const label = named && !above ? fit(field.label, field.kind === 'number' ? 16 : labels) : '';
	const room = width - 3 - cells(label);
	const parts = graphemes(text);
	// A text that is too long for its line shows the part around the cursor.
	let start = 0;
	const caret = isFocused ? state.cursor : 0;
	while (cells(parts.slice(start, caret).join('')) > room - 1) start += 1;
	const shown = fit(parts.slice(start).join(''), room).trimEnd();
	const hint = text === '' && field.hint !== undefined ? fit(field.hint, room).trimEnd() : undefined;
	const tone = isFocused ? 'plain' : 'dim';
	const content = line(
		pointer,
		...(label === '' ? [] : [span(label, tone)]),
		hint === undefined ? span(shown, isFocused ? 'strong' : 'plain') : span(hint, 'dim'),
	);
	const column = 2 + cells(label) + cells(parts.slice(start, caret).join(''));
	const lines = above ? [line('  ', span(field.label, tone)), content] : [content];
	const at = lines.length - 1;
	return {lines, focus: at, ...(isFocused ? {cursor: {line: at, column}} : {})};
}

function choices(field: Field, state: WizardState, isFocused: boolean, width: number, theme: Theme, labels: number): Body {
	const options = optionsOf(field, state);
	const lines: Line[] = labels > 0 ? [line(span(field.label))] : [];
	if (options.length === 0) return {lines: [...lines, line(span('  reading what there is…', 'dim'))]};
	const how = {options, value: state.values[field.id], hasFocus: isFocused, inline: field.inline === true, width, theme};
	if (isLong(field, state)) {
		const list = isFocused ? longList(matching(field, state), how, state) : chosenLine(how);
		return {...list, lines: [...lines, ...list.lines], ...(list.cursor && {cursor: {...list.cursor, line: lines.length}})};
	}
	const body = choiceLines(how);
	return {lines: [...lines, ...body.lines], focus: lines.length + (body.focus ?? 0)};
}

/** Rows of a long list that are on screen at a time. */
const rows = 8;

// The filter on top, with how much there is; below it the part of the list around what is chosen.
function longList(matches: readonly Option[], how: ChoiceOptions, {filter, cursor}: WizardState): Body {
	const {options, value} = how;
	const at = matches.findIndex(option => option.value === value);
	const start = Math.max(0, Math.min(at - Math.floor(rows / 2), matches.length - rows));
	const prompt = '/ ';
	const counts =
		matches.length === 0
			? `none of ${options.length} matches`
			: filter === ''
				? `type to filter   ${at + 1} of ${options.length}`
				: `${matches.length} of ${options.length} match`;
	const head = line(span(prompt, 'accent'), span(filter, 'strong'), span(`${filter === '' ? '' : '   '}${counts}`, 'dim'));
	const list = choiceLines({...how, options: matches.slice(start, start + rows), all: options});
	const column = cells(prompt) + cells(graphemes(filter).slice(0, cursor).join(''));
	return {lines: [head, ...list.lines], focus: 1 + (list.focus ?? 0), cursor: {line: 0, column}};
}

function chosenLine(how: ChoiceOptions): Body {
	return choiceLines({...how, options: how.options.filter(({value}) => value === how.value), all: how.options});
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
