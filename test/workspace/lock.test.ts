import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {hostname, tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {AppError} from '../../src/errors.ts';
import {recordOf} from '../../src/process.ts';
import {prepareFolder, workspaceAt} from '../../src/workspace/files.ts';
import {openJournal} from '../../src/workspace/journal.ts';
import {lockHolder, lockWorkspace} from '../../src/workspace/lock.ts';

const now = new Date('2030-01-02T03:04:05Z');
const children: ChildProcess[] = [];
test.after.always(() => {
	for (const child of children) child.kill('SIGKILL');
});

async function workspace() {
	const place = workspaceAt(mkdtempSync(path.join(tmpdir(), 'lock-')));
	await prepareFolder(place);
	return place;
}

test('a second run is refused and told who holds the lock', async t => {
	const place = await workspace();
	const release = await lockWorkspace(place, 'apply', now);
	const error = await t.throwsAsync(lockWorkspace(place, 'scale', now), {instanceOf: AppError});
	t.is(error.exitCode, 3);
	t.like(error.details, {holder: {pid: process.pid, since: now.toISOString()}});
	t.regex(error.message, /`apply`/);
	await release();
	t.is(await lockHolder(place), undefined);
	await (await lockWorkspace(place, 'scale', now))();
	t.false(existsSync(place.path('lock')));
});

test('a holder that is dead, of an earlier boot or no holder at all is replaced', async t => {
	const place = await workspace();
	const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
	children.push(child);
	const pid = child.pid ?? 0;
	const holder = {
		...recordOf(pid),
		host: hostname(),
		command: 'apply',
		since: 'then',
	};
	const write = (value: unknown) => {
		writeFileSync(place.path('lock'), JSON.stringify(value));
	};
	write(holder);
	await t.throwsAsync(lockWorkspace(place, 'apply', now), {instanceOf: AppError});
	for (const stale of [{...holder, bootId: 'other'}, {...holder, startTime: 'other'}, 'nonsense']) {
		write(stale);
		await (await lockWorkspace(place, 'apply', now))();
	}
	write(holder);
	child.kill('SIGKILL');
	await once(child, 'exit');
	await (await lockWorkspace(place, 'apply', now))();
	write({...holder, host: 'another-machine'});
	await t.throwsAsync(lockWorkspace(place, 'apply', now), {instanceOf: AppError});
});

test('of many who find a dead holder, one gets the lock', async t => {
	const place = await workspace();
	writeFileSync(place.path('lock'), 'stale');
	const results = await Promise.allSettled(Array.from({length: 20}, () => lockWorkspace(place, 'apply', now)));
	t.is(results.filter(({status}) => status === 'fulfilled').length, 1);
});

test('the journal keeps what was begun and finished, and survives a torn line', async t => {
	const place = await workspace();
	let time = 0;
	const clock = () => ++time;
	const journal = await openJournal(place, clock);
	await journal.intent('apply', {digest: 'ab'.repeat(32)});
	await journal.done('apply');
	await journal.intent('init', {attestationKey: 'cd'.repeat(32)});
	writeFileSync(place.path('journal'), `${readFileSync(place.path('journal'), 'utf8')}{"v":1,"at":4,"st`);
	const again = await openJournal(place, clock);
	t.deepEqual(again.last('init'), {v: 1, at: 3, step: 'init', state: 'intent', attestationKey: 'cd'.repeat(32)});
	await again.failed('init', {code: 'attestation-refused'});
	const third = await openJournal(place, clock);
	t.deepEqual(
		third.entries().map(({step, state}) => `${step} ${state}`),
		['apply intent', 'apply done', 'init intent', 'init failed'],
	);
});

test('the journal takes no free text', async t => {
	const place = await workspace();
	const journal = await openJournal(place, () => 1);
	await t.throwsAsync(journal.done('init', {resource: 'a secret, or the words of a peer'}));
	await t.throwsAsync(journal.done('init', {digest: 'not hex'}));
	const smuggled = {resource: 'node-0', secret: 'x'};
	await t.throwsAsync(journal.done('init', smuggled));
	t.false(existsSync(place.path('journal')));
});
