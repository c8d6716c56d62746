import test from 'ava';
import type {TextField} from '../../src/wizard/text-field.ts';
import {editText, textField, textKeys} from '../../src/wizard/text-field.ts';

const press = (field: TextField, ...keys: string[]) =>
	keys.reduce((now, key) => {
		const edit = textKeys[key];
		return edit === undefined ? editText(now, {edit: 'insert', text: key}) : editText(now, edit);
	}, field);

// Keys typed into "one two", cursor at the end; `|` marks the cursor afterwards.
const cases: [string[], string][] = [
	[['left', 'x'], 'one twx|o'],
	[['ctrl-a', 'x'], 'x|one two'],
	[['home', 'right', 'x'], 'ox|ne two'],
	[['ctrl-a', 'ctrl-e', 'x'], 'one twox|'],
	[['ctrl-u'], '|'],
	[['alt-b', 'ctrl-u'], '|two'],
	[['alt-b', 'ctrl-k'], 'one |'],
	[['ctrl-w'], 'one |'],
	[['ctrl-w', 'ctrl-w'], '|'],
	[['alt-backspace'], 'one |'],
	[['alt-b'], 'one |two'],
	[['alt-b', 'alt-b'], '|one two'],
	[['ctrl-a', 'alt-f'], 'one| two'],
	[['backspace'], 'one tw|'],
	[['ctrl-a', 'backspace'], '|one two'],
	[['ctrl-a', 'delete'], '|ne two'],
	[['delete'], 'one two|'],
	[['right', 'end'], 'one two|'],
];
for (const [keys, expected] of cases) {
	test(`${keys.join(' ')} gives ${expected}`, t => {
		const {text, cursor} = press(textField('one two'), ...keys);
		t.is(`${text.slice(0, cursor)}|${text.slice(cursor)}`, expected);
	});
}

test('a paste of several lines becomes one, trimmed, and never submits', t => {
	t.is(editText(textField(''), {edit: 'insert', text: '\n  first\r\nsecond\n'}).text, 'first second');
	t.is(editText(textField(''), {edit: 'insert', text: 'a\u0007b'}).text, 'ab');
});

test('characters are what a person sees as one', t => {
	const field = textField('e\u0301👩‍👩‍👧');
	t.is(field.cursor, 2);
	t.is(editText(field, {edit: 'backspace'}).text, 'e\u0301');
	t.is(press(field, 'left', 'backspace').text, '👩‍👩‍👧');
});

test('the length is limited in characters', t => {
	t.is(editText(textField('ab'), {edit: 'insert', text: 'cdef'}, 4).text, 'abcd');
});
