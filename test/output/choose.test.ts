import test from 'ava';
import {AppError, exitCodes} from '../../src/errors.ts';
import {chooseColour, chooseFrontEnd, chooseMotion, chooseRenderer, chooseUnicode} from '../../src/output/choose.ts';
import {copySequence} from '../../src/output/clipboard.ts';
import {cancelled, describeError, errorLines} from '../../src/output/describe-error.ts';
import {chooseLinks, linked} from '../../src/output/links.ts';

const tty = {stdinIsTty: true, stdoutIsTty: true};
const cases: [string, Parameters<typeof chooseRenderer>[0], string, string][] = [
	['a terminal', {...tty, env: {TERM: 'xterm'}}, 'ink', 'ink'],
	['an empty CI is no CI', {...tty, env: {CI: ''}}, 'ink', 'ink'],
	['CI', {...tty, env: {CI: 'true'}}, 'plain', 'none'],
	['stdout is a pipe', {...tty, stdoutIsTty: false, env: {}}, 'plain', 'none'],
	['stdin is a pipe', {...tty, stdinIsTty: false, env: {}}, 'plain', 'none'],
	['TERM=dumb', {...tty, env: {TERM: 'dumb'}}, 'plain', 'lines'],
	['a screen reader', {...tty, env: {INK_SCREEN_READER: 'true'}}, 'plain', 'lines'],
	['--screen-reader', {...tty, env: {}, flags: {screenReader: true}}, 'plain', 'lines'],
	['--plain', {...tty, env: {}, flags: {plain: true}}, 'plain', 'prompts'],
	['--json', {...tty, env: {}, flags: {json: true}}, 'json', 'none'],
	['--json wins over --plain', {...tty, env: {}, flags: {json: true, plain: true}}, 'json', 'none'],
	['NO_COLOR changes colours, not the renderer', {...tty, env: {NO_COLOR: '1'}}, 'ink', 'ink'],
];
for (const [name, surroundings, renderer, frontEnd] of cases) {
	test(`${name}: ${renderer}, questions ${frontEnd}`, t => {
		t.is(chooseRenderer(surroundings), renderer as 'ink');
		t.is(chooseFrontEnd(surroundings), frontEnd as 'ink');
	});
}

test('colour, glyphs and motion', t => {
	t.false(chooseColour({NO_COLOR: '1', FORCE_COLOR: '1'}, true));
	t.true(chooseColour({NO_COLOR: ''}, true));
	t.true(chooseColour({FORCE_COLOR: '1'}, false));
	t.false(chooseColour({FORCE_COLOR: '0'}, true));
	t.false(chooseColour({}, false));
	t.true(chooseUnicode({LANG: 'de_DE.UTF-8'}, 'linux'));
	t.true(chooseUnicode({LC_ALL: '', LANG: 'C.utf8'}, 'linux'));
	t.false(chooseUnicode({LANG: 'C'}, 'linux'));
	t.false(chooseUnicode({LANG: 'C.UTF-8', TERM: 'linux'}, 'linux'));
	t.true(chooseUnicode({WT_SESSION: 'x'}, 'win32'));
	t.false(chooseMotion({CONSTELL_NO_SPINNER: '1'}));
});

test('web addresses are links where the terminal knows them, and read the same', t => {
	for (const env of [{TERM_PROGRAM: 'WezTerm'}, {VTE_VERSION: '7600'}, {TERM: 'xterm-kitty'}, {FORCE_HYPERLINK: '1'}])
		t.true(chooseLinks(env), JSON.stringify(env));
	for (const env of [{TERM: 'xterm-256color'}, {VTE_VERSION: '4602'}, {TERM_PROGRAM: 'WezTerm', FORCE_HYPERLINK: '0'}])
		t.false(chooseLinks(env), JSON.stringify(env));
	const line = 'read https://example.org/a?b=c#d, (https://127.0.0.1:6443). No link: example.org';
	const shown = linked(line);
	t.deepEqual(
		[...shown.matchAll(/\u001B\]8;;([^\u001B]+)\u001B\\/gu)].map(([, target]) => target),
		['https://example.org/a?b=c#d', 'https://127.0.0.1:6443'],
	);
	t.is(shown.replaceAll(/\u001B\]8;;[^\u001B]*\u001B\\/gu, ''), line);
	t.is(linked('https://example.org/\u001B[31m'), `${linked('https://example.org/')}\u001B[31m`, 'no escape gets into a link');
});

test('the clipboard gets the whole text or nothing', t => {
	t.is(copySequence('abc'), '\u001B]52;c;YWJj\u0007');
	t.is(copySequence('x'.repeat(100_000)), undefined);
});

test('errors say what happened, where, and what to do; bugs point to their report', t => {
	const error = new AppError('The config is not valid.', {
		code: 'config-invalid',
		exitCode: exitCodes.usage,
		problems: [{path: 'name', message: 'is \u001B[31mtoo long', fix: 'use at most 37 characters'}],
		next: ['constellation config validate'],
		details: {holder: {pid: 7}},
	});
	const view = describeError(error, () => '-');
	t.deepEqual(errorLines(view), [
		'The config is not valid.',
		'  name: is too long',
		'    use at most 37 characters',
		'next  constellation config validate',
	]);
	t.is(view.exitCode, 2);
	const single = {...view, message: 'Port 6443 is taken.', next: ['Stop it.']};
	const problems = [{path: 'addresses', message: 'Port 6443 is taken.', fix: 'Stop it.'}];
	t.deepEqual(errorLines({...single, problems}), ['Port 6443 is taken.', 'next  Stop it.'], 'nothing is said twice');
	const bug = describeError(new TypeError('x is undefined'), () => '/tmp/report.txt');
	t.is(bug.exitCode, 1);
	t.regex(errorLines(bug).join('\n'), /\/tmp\/report\.txt/u);
	t.is(describeError(cancelled(), () => '').exitCode, 130);
	t.is(describeError(new DOMException('aborted', 'AbortError'), () => '').exitCode, 130);
});
