import test from 'ava';
import type {InputEvent} from '../../src/output/input.ts';
import {emptyInput, flushInput, parseInput} from '../../src/output/input.ts';

const short = (event: InputEvent) =>
	event.type === 'key' ? `<${event.key}>` : event.type === 'paste' ? `paste(${event.text})` : event.text;

/** Feeds chunks; `null` stands for a moment without input. */
function feed(...chunks: (string | null)[]): string {
	let state = emptyInput;
	const seen: string[] = [];
	for (const chunk of chunks) {
		const parsed = chunk === null ? flushInput(state) : parseInput(state, chunk);
		state = parsed.state;
		seen.push(...parsed.events.map(short));
	}
	return seen.join(' ');
}

const cases: [string, (string | null)[], string][] = [
	['text and Enter in one packet', ['abc\r'], 'abc <enter>'],
	['several keys in one packet', ['\u001B[A\u001B[B\r'], '<up> <down> <enter>'],
	['an arrow split by a slow link', ['\u001B', '[A'], '<up>'],
	['an arrow split in its middle', ['\u001B[', 'B'], '<down>'],
	['Esc alone', ['\u001B', null], '<escape>'],
	['an arrow whose rest comes too late is an Esc and nothing', ['\u001B', null, '[A'], '<escape>'],
	['an arrow whose rest comes too late, then text', ['\u001B', null, '[Ax'], '<escape> x'],
	['a bracket typed after Esc', ['\u001B', null, '[', 'A'], '<escape> [ A'],
	['Esc twice', ['\u001B\u001B', null], '<escape> <escape>'],
	['control keys', ['\u0003\u0001\u0017\u001A'], '<ctrl-c> <ctrl-a> <ctrl-w> <ctrl-z>'],
	['both backspaces', ['\u007F\b'], '<backspace> <backspace>'],
	['alt and a letter', ['\u001Bb\u001Bf'], '<alt-b> <alt-f>'],
	['alt and backspace', ['\u001B\u007F'], '<alt-backspace>'],
	['home and end in three dialects', ['\u001B[H\u001BOF\u001B[1~\u001B[4~'], '<home> <end> <home> <end>'],
	['paging, delete, function keys', ['\u001B[5~\u001B[6~\u001B[3~\u001BOP'], '<pageup> <pagedown> <delete> <f1>'],
	['modified arrows', ['\u001B[1;5D\u001B[1;3C\u001B[1;2A'], '<ctrl-left> <alt-right> <up>'],
	['shift-tab and tab', ['\u001B[Z\t'], '<shift-tab> <tab>'],
	['a paste with a line break is no Enter', ['\u001B[200~one\rtwo\u001B[201~'], 'paste(one\rtwo)'],
	['a paste in pieces', ['\u001B[200~on', 'e\rtw', 'o\u001B[20', '1~\r'], 'paste(one\rtwo) <enter>'],
	['a paste that holds escape sequences', ['\u001B[200~a\u001B[Ab\u001B[201~'], 'paste(a\u001B[Ab)'],
	['an empty paste', ['\u001B[200~\u001B[201~'], 'paste()'],
	['answers of the terminal are no input', ['\u001B]11;rgb:0000/0000/0000\u0007\u001B[?62;1c\u001B[0nx'], 'x'],
	['an unknown sequence is ignored', ['\u001B[99;99qx'], 'x'],
	['letters of other scripts', ['日本é'], '日本é'],
];
for (const [name, chunks, expected] of cases) {
	test(name, t => {
		t.is(feed(...chunks), expected);
	});
}

test('a paste without end is handed on in bounded pieces and never becomes keys', t => {
	let state = parseInput(emptyInput, '\u001B[200~').state;
	const events: InputEvent[] = [];
	for (let count = 0; count < 30; count += 1) {
		const parsed = parseInput(state, 'line\r'.repeat(2000));
		state = parsed.state;
		events.push(...parsed.events);
		t.true(state.pending.length <= 100_000);
	}
	t.true(events.length > 1);
	t.true(events.every(event => event.type === 'paste'));
});

test('any way of cutting a stream into chunks gives the same keys', t => {
	const stream = 'ab\u001B[A\u001B[1;5D\u001B[200~x\ry\u001B[201~\r\u001Bbz';
	const whole = feed(stream).replaceAll(/(?<=\w) (?=\w)/gu, '');
	for (let cut = 1; cut < stream.length; cut += 1) {
		t.is(feed(stream.slice(0, cut), stream.slice(cut)).replaceAll(/^a b/gu, 'ab'), whole);
	}
});
