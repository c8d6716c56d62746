import {mkdirSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {opensProgram} from '../helpers/program.ts';
import type {Pty} from '../helpers/pty.ts';
import {screenSvg} from '../helpers/svg.ts';

/** With UPDATE_PICTURES=1 the journey leaves the README's picture and its recording. */
const updates = process.env['UPDATE_PICTURES'] === '1';

const open = opensProgram('upgrade');

async function agreeToAll(pty: Pty): Promise<void> {
	await pty.waitFor('possible: v0.2.0', 60);
	pty.type('\r');
	await pty.waitFor('What should run then?');
	pty.type('\r\r');
	await pty.waitFor('Do you trust these measurements?');
	pty.type('\u001B[C\u001B[C\r');
	await pty.waitFor('What will happen');
	pty.type('\r');
	await pty.waitFor('Start the upgrade?');
}

test.serial('from the check to the summary on the normal screen; Back is free on the way', async t => {
	const pty = open(t, ['upgrade', '30'], {columns: 100, rows: 28});
	await agreeToAll(pty);
	pty.type('\u001B');
	await pty.waitFor('What will happen');
	pty.type('\r');
	await pty.waitFor('same without questions');
	t.regex(pty.screen(), /--accept-measurements/u);
	pty.type('\r');
	await pty.waitFor(/(?=[\s\S]*worker-1 +○ to be replaced)(?=[\s\S]*worker-0 +◐ draining)(?=[\s\S]*2 pods left)/u, 60);
	const picture = screenSvg(pty.terminal);
	pty.kill('SIGUSR2');
	await pty.waitFor('3 nodes run v0.2.0', 60);
	pty.type('\r');
	t.is(await pty.exits(), 0);
	t.regex(pty.screen(), /^3 nodes run v0\.2\.0/u);
	t.false(pty.raw().includes('\u001B[3J'), 'scrollback');
	if (updates) {
		mkdirSync(new URL('../../docs/images', import.meta.url), {recursive: true});
		writeFileSync(new URL('../../docs/images/upgrade.svg', import.meta.url), picture);
		writeFileSync(new URL('../../docs/images/upgrade.cast', import.meta.url), pty.recording());
	}
});

test.serial('Ctrl-C detaches from the work and says so', async t => {
	const pty = open(t, ['hold', '1']);
	await agreeToAll(pty);
	pty.type('\r');
	await pty.waitFor('2 pods left', 60);
	await pty.waitFor('detach, it goes on');
	pty.resize(40, 24);
	await pty.waitFor(screen => screen.includes('2 pods left') && screen.split('\n').every(line => line.length <= 40));
	pty.type('\u0003');
	t.is(await pty.exits(), 130);
	t.regex(pty.screen().replaceAll(/\s+/gu, ''), /Detached\.Whattheclusterhasbegungoeson.*upgradeapplyattachesagain/u);
});

test.serial('Esc from the first step leaves with nothing changed; so does declining the measurements', async t => {
	const left = open(t, ['upgrade', '1']);
	await left.waitFor('possible: v0.2.0', 60);
	left.type('\u001B');
	await left.waitFor('Leave the upgrade?');
	left.type('\r');
	t.is(await left.exits(), 130);
	t.regex(left.screen(), /outcome: left, begun: 0/u);
	const declined = open(t, ['concern', '1']);
	await declined.waitFor('possible: v0.2.0', 60);
	declined.type('\r');
	await declined.waitFor('What should run then?');
	declined.type('\r\r');
	await declined.waitFor('Register 4 would only be reported.');
	declined.type('\r');
	await declined.waitFor('nothing is chosen for you');
	declined.type('\u001B[C\r');
	t.is(await declined.exits(), 130);
	t.regex(declined.screen(), /begun: 0/u);
});

test.serial('after a failure the refusal and the error stay on the normal screen, with its exit code', async t => {
	const pty = open(t, ['fail', '1'], {columns: 100, rows: 40});
	await agreeToAll(pty);
	pty.type('\r');
	await pty.waitFor('The machine service did not start.', 60);
	pty.type('\r');
	t.is(await pty.exits(), 4);
	t.regex(pty.screen(), /worker-3 was refused: the node program is not the one you trust/u);
	t.regex(pty.screen(), /The machine service did not start\.[\s\S]*constellation doctor/u);
});

test.serial('a dumb terminal gets the same questions as lines', async t => {
	const pty = open(t, ['concern', '1'], {env: {TERM: 'dumb'}, columns: 100, rows: 60});
	await pty.waitFor('What now?', 60);
	pty.type('1\r');
	await pty.waitFor('step 2 of 5: target');
	pty.type('\r');
	await pty.waitFor('Kubernetes\n');
	pty.type('\r');
	await pty.waitFor(/Register 4 would only be reported[\s\S]*Number/u);
	// The safe answer is the one that Enter gives; 2 accepts the concern.
	pty.type('2\r');
	await pty.waitFor(/The measurements[\s\S]*Trust them[\s\S]*Number/u);
	pty.type('2\r');
	await pty.waitFor(/step 4 of 5: plan[\s\S]*What now\?/u);
	pty.type('3\r');
	await pty.waitFor(/plan[\s\S]*step 3 of 5: trust/u);
	pty.type('2\r');
	await pty.waitFor(/Number \[2\]: 2\n[\s\S]*Number \[2\]:/u);
	pty.type('1\r');
	t.is(await pty.exits(), 130);
	t.false(/\u001B\[/u.test(pty.raw()), 'no escape moves the cursor');
});
