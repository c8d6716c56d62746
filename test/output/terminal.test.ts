import test, {type ExecutionContext} from 'ava';
import {opensProgram} from '../helpers/program.ts';
import type {Pty} from '../helpers/pty.ts';
import {canaryKey} from '../helpers/wizard-world.ts';

const keyText = Buffer.from(canaryKey).toString('base64');

const open = opensProgram('wizard');

async function toName(pty: Pty): Promise<void> {
	for (const question of ['Which folder', 'Nothing is in the way', 'Where should']) {
		await pty.waitFor(question);
		pty.type('\r');
	}
	await pty.waitFor('be called?');
}

async function answerAll(pty: Pty): Promise<void> {
	for (const question of [
		'Which folder',
		'Nothing is in the way',
		'Where should',
		'be called?',
		'How many',
		'Which Kubernetes',
		'Which node image',
	]) {
		await pty.waitFor(question);
		pty.type('\r');
		if (['How many', 'Which node image'].includes(question)) pty.type('\r');
	}
	await pty.waitFor('Terraform will create 5 resources');
}

test.serial('from the first question to the summary on the normal screen', async t => {
	const pty = open(t, ['wizard', '5']);
	await answerAll(pty);
	pty.type('\r');
	await pty.waitFor('Have you stored a copy?');
	t.false(pty.screen().includes(keyText));
	pty.type('s');
	await pty.waitFor(keyText);
	t.regex(pty.screen(), /hides in \d+ s/u);
	pty.type('s');
	await pty.waitFor(screen => !screen.includes(keyText));
	pty.type('c');
	await pty.waitFor('Sent to your clipboard');
	const copied = /\u001B\]52;c;([^\u0007]*)\u0007/u.exec(pty.raw())?.[1] ?? '';
	t.is((JSON.parse(Buffer.from(copied, 'base64').toString()) as {key: string}).key, keyText);
	pty.type(`\u001B[200~${keyText.slice(-6)}\n\u001B[201~`);
	await pty.waitFor(`❯ ${keyText.slice(-6)}`);
	pty.type('\r');
	await pty.waitFor('constellation terminate');
	pty.type('\r');
	t.is(await pty.exits(), 0);
	t.regex(pty.screen(), /^demo is ready: 1 control plane, 2 workers/u);
	t.regex(pty.screen(), /copy confirmed/u);
	t.false(pty.screen().includes(keyText));
	restored(t, pty);
});

/** Whatever happened, the person's terminal is as it was. */
function restored(t: ExecutionContext, pty: Pty): void {
	const raw = pty.raw();
	const last = (on: string, off: string) => raw.lastIndexOf(off) > raw.lastIndexOf(on);
	t.true(last('\u001B[?1049h', '\u001B[?1049l'), 'alternate screen');
	t.true(last('\u001B[?2004h', '\u001B[?2004l'), 'bracketed paste');
	t.true(last('\u001B[?25l', '\u001B[?25h'), 'cursor');
	t.false(raw.includes('\u001B[3J'), 'scrollback');
}

test.serial('typing and Enter in one packet submit; pasted lines do not', async t => {
	const pty = open(t, ['wizard', '1']);
	await toName(pty);
	pty.type('\u0015\u001B[200~from\npaste\u001B[201~');
	await pty.waitFor('❯ from paste');
	pty.type('\u0015other\r');
	await pty.waitFor('How many');
	pty.type('\u001B');
	await pty.waitFor('❯ other');
	pty.type('\u001B[D\u001B[DX\r');
	await pty.waitFor('othXer');
	t.regex(pty.screen(), /lower-case/u);
	pty.type('\u0003');
	await pty.waitFor('Leave the setup?');
	pty.type('\u0003');
	t.is(await pty.exits(), 130);
	restored(t, pty);
});

test.serial('Ctrl-C once stops the work cleanly and says so; trying again and leaving work', async t => {
	const pty = open(t, ['wizard', '5', '--hold']);
	await answerAll(pty);
	pty.type('\r');
	await pty.waitFor('control-plane-0');
	pty.type('\u0003');
	await pty.waitFor(screen => screen.includes('Stopped on request') && screen.includes('r try again'));
	pty.type('r');
	await pty.waitFor(/creating/u);
	await pty.waitFor(/worker-0 +● +●/u);
	pty.type('\u0003');
	// Enter leaves only once the work has stopped; before that the screen may tell of the first stop.
	await pty.waitFor(screen => screen.includes('Stopped on request') && screen.includes('enter leave'));
	pty.type('\r');
	t.is(await pty.exits(), 130);
	t.regex(pty.screen(), /Run the same command again to go on/u);
	restored(t, pty);
});

test.serial('Ctrl-C twice leaves at once with the terminal restored', async t => {
	const pty = open(t, ['live', '30', 'stubborn', '--hold']);
	await pty.waitFor('control-plane-0');
	pty.type('\u0003');
	await pty.waitFor('Stopping cleanly');
	pty.type('\u0003');
	t.is(await pty.exits(), 130);
	restored(t, pty);
});

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
	test.serial(`${signal} restores the terminal`, async t => {
		const pty = open(t, ['live', '5', 'apply-midway', '--hold']);
		await pty.waitFor('worker-1');
		pty.kill(signal);
		t.is(await pty.exits(), 130);
		restored(t, pty);
	});
}

test.serial('after a failure the error, its problems and the last log lines stay on the normal screen', async t => {
	const pty = open(t, ['fail', '2']);
	await answerAll(pty);
	pty.type('\r');
	await pty.waitFor('The machine service did not start.');
	pty.type('\u001B');
	// What was planned before is worth nothing: it is planned again.
	await pty.waitFor('Terraform will create 5 resources');
	pty.type('\r');
	await pty.waitFor('The machine service did not start.');
	pty.type('q');
	t.is(await pty.exits(), 4);
	t.regex(pty.screen(), /log lines:/u);
	t.regex(pty.screen(), /address in use/u);
	t.regex(pty.screen(), /next {2}constellation doctor/u);
	restored(t, pty);
});

test.serial('a view that fails ends with a report, not a stack over the screen', async t => {
	const pty = open(t, ['crash']);
	t.is(await pty.exits(), 1);
	t.regex(pty.screen(), /went wrong.*\n?.*broken view/u);
	t.regex(pty.screen(), /report\.txt/u);
	t.false(pty.screen().includes('at '));
	restored(t, pty);
});

test.serial('a resize down to 40 columns and below keeps the answers', async t => {
	const pty = open(t, ['wizard', '1']);
	await toName(pty);
	pty.type('\u0015resized');
	await pty.waitFor('resized');
	pty.resize(40, 12);
	await pty.waitFor(screen => screen.includes('resized') && screen.split('\n').every(line => line.length < 40));
	pty.resize(30, 8);
	await pty.waitFor('Needs 40x10');
	pty.resize(100, 30);
	await pty.waitFor(screen => screen.includes('resized') && screen.split('What should').length === 2);
	pty.type('!\u007F\r');
	t.regex(await pty.waitFor('How many'), /5 of 8/u);
});

test.serial('NO_COLOR: not one colour escape', async t => {
	const pty = open(t, ['live', '1', 'refused', '--hold'], {env: {NO_COLOR: '1'}});
	await pty.waitFor('worker-1 was refused');
	pty.type('\u0003');
	t.is(await pty.exits(), 130);
	t.notRegex(pty.raw(), /\u001B\[[\d;]*m/u);
});

test.serial('an empty CI still draws; CI gives lines', async t => {
	const empty = open(t, ['live', '30', 'apply'], {env: {CI: ''}});
	t.is(await empty.exits(), 0);
	t.true(empty.raw().includes('\u001B[?1049h'));
	const ci = open(t, ['live', '1', 'apply'], {env: {CI: 'true'}});
	t.is(await ci.exits(), 0);
	t.false(ci.raw().includes('\u001B'));
	t.regex(ci.raw(), /nodes: done/u);
});

for (const env of [{TERM: 'dumb'}, {INK_SCREEN_READER: 'true'}]) {
	test.serial(`the wizard line by line: ${Object.entries(env).join()}`, async t => {
		const pty = open(t, ['wizard', '1'], {env: {...env, VISUAL: 'f() { echo "name: renamed" > "$1"; }; f'}, rows: 60});
		const questions = ['Folder', 'Provider', 'Name', 'Control planes', 'Workers', 'Kubernetes', 'Image'];
		for (const question of questions) {
			await pty.waitFor(question);
			pty.type('\r');
		}
		// Whoever is named is asked about the image; an empty answer would decline what it says.
		await pty.waitFor('Compare with');
		pty.type('bundle\r');
		await pty.waitFor('Signed by');
		pty.type('\r');
		await pty.waitFor('Do you trust them?');
		t.regex(pty.screen(), /signed by: key 1 of the config[\s\S]*log: not checked/u);
		pty.type('2\r');
		await pty.waitFor('What now?');
		pty.type('edit the config by hand\r');
		await pty.waitFor(/cluster +renamed[\s\S]*What now\?[\s\S]*Number/u);
		pty.type('\r');
		await pty.waitFor('or "later"');
		pty.type('later\r');
		t.is(await pty.exits(), 0);
		t.regex(pty.raw(), /step 3 of 8[\s\S]*step 8 of 9/u);
		t.regex(pty.raw(), /copy not confirmed/u);
		t.notRegex(pty.raw(), /\u001B\[\d*[ABCDGHJK]/u);
		t.false(pty.raw().includes('\u001B[?1049h'));
	});
}

test.serial('Ctrl-Z gives the terminal back; fg draws the same state again', async t => {
	const pty = open(t, ['wizard', '1'], {});
	await toName(pty);
	pty.type('\u0015suspended');
	await pty.waitFor('suspended');
	pty.type('\u001A');
	await pty.waitFor(() => pty.raw().includes('\u001B[?1049l'));
	const before = pty.raw().length;
	// The first one may arrive before the process has stopped.
	const waking = setInterval(() => {
		pty.kill('SIGCONT');
	}, 100);
	t.teardown(() => clearInterval(waking));
	await pty.waitFor(screen => screen.includes('suspended') && pty.raw().length > before);
	clearInterval(waking);
	pty.type('\r');
	t.regex(await pty.waitFor('How many'), /5 of 8/u);
});

test.serial('the config is edited in an editor of its own, and the review shows what it says then', async t => {
	// An editor that shows what it got, waits for a line, and puts it into the file.
	const editor = 'f() { echo EDITING; cat "$1"; read -r line; echo "name: $line" > "$1"; }; f';
	const pty = open(t, ['wizard', '1'], {env: {EDITOR: editor, VISUAL: ''}});
	await answerAll(pty);
	pty.type('v');
	await pty.waitFor(screen => screen.includes('EDITING') && screen.includes('name: demo'));
	t.true(
		pty.raw().lastIndexOf('\u001B[?2004l') > pty.raw().lastIndexOf('\u001B[?2004h'),
		'the editor has the terminal as a shell gives it',
	);
	pty.type('by-hand\r');
	await pty.waitFor(screen => screen.includes('by-hand, Kubernetes') && screen.includes('Terraform will create 5'));
	pty.type('v');
	await pty.waitFor(screen => screen.includes('EDITING') && screen.includes('name: by-hand'));
	pty.type('Not A Name\r');
	await pty.waitFor('The config is not valid.');
	pty.type('\u001B');
	await pty.waitFor('Which node image');
	pty.kill('SIGTERM');
	t.not(await pty.exits(), 0);
});

test.serial('the home screen gives what was chosen', async t => {
	const pty = open(t, ['home']);
	await pty.waitFor('Watch nodes');
	pty.type('\u001B[B\r');
	t.is(await pty.exits(), 0);
	t.regex(pty.screen(), /chosen: verify/u);
	restored(t, pty);
});

test.serial('typing the name is what lets a dangerous thing happen', async t => {
	for (const [typed, expected] of [
		['demo\r', 'true'],
		['no\r', 'false'],
		['\u0003', 'false'],
	] as const) {
		const pty = open(t, ['dangerous']);
		await pty.waitFor('Type demo');
		pty.type(typed);
		t.is(await pty.exits(), 0);
		t.regex(pty.screen(), new RegExp(`^${expected}$`, 'mu'));
	}
});
