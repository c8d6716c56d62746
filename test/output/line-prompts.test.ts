import {EventEmitter} from 'node:events';
import {PassThrough} from 'node:stream';
import test from 'ava';
import type {Choice} from '../../src/output/asker.ts';
import {linePrompts} from '../../src/output/line-prompts.ts';

const sizes = ['m6a', 'c6a', 'r6a', 'm5'].flatMap(family =>
	['xlarge', '2xlarge', '4xlarge', '8xlarge'].map(size => `${family}.${size}`),
);
const choices: Choice<string>[] = sizes.map(title => ({
	value: `id of ${title}`,
	title,
	...(title === 'm5.8xlarge' ? {disabled: true} : {}),
}));

/** What a person who types these lines chooses, and what they get to read. */
async function choose(of: readonly Choice<string>[], ...lines: string[]) {
	const stdin = new PassThrough();
	stdin.end(lines.map(line => `${line}\n`).join(''));
	const shown: string[] = [];
	const asker = linePrompts({stdin, stdout: {write: text => shown.push(text)}, signals: new EventEmitter()});
	const chosen = await asker.choose('Type?', of, 'id of c6a.xlarge');
	asker.close();
	return {chosen, shown: shown.join('')};
}

test('a long list is narrowed by a part of a name; a number, a whole name and Enter choose as ever', async t => {
	t.is((await choose(choices, '')).chosen, 'id of c6a.xlarge');
	t.is((await choose(choices, '3')).chosen, 'id of m6a.4xlarge');
	t.is((await choose(choices, 'M5.XLARGE')).chosen, 'id of m5.xlarge');
	const narrowed = await choose(choices, 'r6a', 'r6a.4');
	t.is(narrowed.chosen, 'id of r6a.4xlarge');
	t.regex(narrowed.shown, /Number, or a part of the name \[5\]/);
	t.regex(narrowed.shown, /4 of 16 have it in their name:\n {2}9 {2}r6a\.xlarge\n 10 {2}r6a\.2xlarge/);
	t.regex((await choose(choices, 'large', '1')).shown, /15 of 16[\s\S]*and 5 more/);
	for (const nothing of ['99', 'gpu', '16', 'm5.8xlarge', '0'])
		t.regex((await choose(choices, nothing, '1')).shown, /Type the number of one of the choices\./, nothing);
	t.is((await choose(choices, '99')).chosen, undefined, 'the input ended');
	t.regex((await choose(choices.slice(0, 4), '1')).shown, /Number \[1\]/);
});

test('while something else has the terminal, the prompts take no line', async t => {
	const stdin = new PassThrough();
	const asker = linePrompts({stdin, stdout: {write: () => true}, signals: new EventEmitter()});
	const first = asker.ask('First');
	stdin.write('a\n');
	t.is(await first, 'a');
	t.is(await asker.aside(async () => Promise.resolve(stdin.isPaused())), true);
	await t.throwsAsync(asker.aside(async () => Promise.reject(new Error('no editor'))));
	const second = asker.ask('Second');
	stdin.write('b\n');
	t.is(await second, 'b');
	asker.close();
});
