import test from 'ava';
import {AppError, exitCodes} from '../../src/errors.ts';
import type {Event, Flow} from '../../src/events.ts';
import {createOutput} from '../../src/output/output.ts';
import {Secret} from '../../src/secret.ts';
import {summaryLines} from '../../src/summary.ts';
import {golden} from '../helpers/golden.ts';
import {capture} from '../helpers/streams.ts';
import {canaryKey, recording, summary} from '../helpers/wizard-world.ts';

const recordings = ['apply', 'apply-midway', 'refused', 'trouble', 'verify', 'upgrade', 'upgrade-refused'] as const;

async function* flowOf(events: readonly Event[]): Flow<void> {
	for (const event of events) {
		await Promise.resolve();
		yield event;
	}
}

for (const name of recordings) {
	test(`${name} as plain lines`, async t => {
		const io = capture();
		const output = await createOutput(io);
		t.is(output.kind, 'plain');
		await output.run('demo · local', () => flowOf(recording(name)));
		output.result({command: 'apply', data: {}, lines: name === 'apply' ? summaryLines(summary, {copyConfirmed: false}) : []});
		t.notRegex(io.out() + io.err(), /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/u);
		golden(t, `replay/${name}.stderr.txt`, io.err());
		golden(t, `replay/${name}.stdout.txt`, io.out());
	});

	test(`${name} as JSON Lines`, async t => {
		const io = {...capture(), flags: {json: true}};
		const output = await createOutput(io);
		await output.run('apply', () => flowOf(recording(name)));
		output.result({command: 'apply', data: {clusterId: summary.clusterId}, lines: []});
		t.is(io.err(), '');
		const lines: unknown[] = io
			.out()
			.trimEnd()
			.split('\n')
			.map(line => JSON.parse(line) as unknown);
		const events: unknown[] = recording(name).map(event => ({v: 1, ...event}));
		t.deepEqual(lines, [
			...events,
			{v: 1, type: 'result', ok: true, exitCode: 0, command: 'apply', clusterId: summary.clusterId},
		]);
		golden(t, `replay/${name}.jsonl`, io.out());
	});
}

test('nothing is said twice in a row', async t => {
	const io = capture();
	const output = await createOutput(io);
	const wait = {type: 'waiting', message: 'waiting for the API server', at: 1} as const;
	await output.run('x', () => flowOf([wait, {...wait, at: 2}, {...wait, at: 3}]));
	t.is(io.err(), 'x\n 0:00  waits for the API server\n');
});

test('an error is JSON too, with code, exit code, problems, next and facts', async t => {
	const io = {...capture(), flags: {json: true}};
	const output = await createOutput(io);
	const error = new AppError('Another run holds the workspace.', {
		code: 'locked',
		exitCode: exitCodes.preflight,
		problems: [{path: 'lock', message: 'held'}],
		next: ['wait for it'],
		details: {holder: {pid: 7, since: 'now'}},
	});
	t.is(output.fail(error), 3);
	t.deepEqual(JSON.parse(io.out()), {
		v: 1,
		type: 'result',
		ok: false,
		code: 'locked',
		exitCode: 3,
		message: 'Another run holds the workspace.',
		problems: [{path: 'lock', message: 'held'}],
		next: ['wait for it'],
		holder: {pid: 7, since: 'now'},
	});
});

test('a secret that strays into a result, an event or an error is not shown', async t => {
	const secret = new Secret(canaryKey);
	for (const flags of [{json: true}, {plain: true}]) {
		const io = {...capture(), flags};
		const output = await createOutput(io);
		output.result({command: 'apply', data: {secret}, lines: [String(secret)]});
		output.fail(new AppError(`with ${String(secret)}`, {code: 'x', exitCode: 1, details: {secret}}));
		output.fail(new TypeError(`with ${String(secret)}`));
		const all = io.out() + io.err();
		t.regex(all, /\[secret\]/u);
		t.false(all.includes(Buffer.from(canaryKey).toString('base64').slice(0, 12)));
		t.false(all.includes('ZZZZ'));
	}
});

for (const flags of [{json: true}, {json: false, plain: true}]) {
	test(`the first signal stops cleanly, the second at once (${Object.keys(flags).join()})`, async t => {
		const io = {...capture(), flags};
		const output = await createOutput(io);
		const running = output.run('x', async function* (signal): Flow<void> {
			yield {type: 'phase', id: 'plan', state: 'started', at: 1};
			await new Promise((_resolve, reject) => {
				signal.addEventListener('abort', () => {
					io.signals.emit('SIGINT');
					reject(signal.reason as Error);
				});
				io.signals.emit('SIGINT');
			});
		});
		const error = await t.throwsAsync(running, {instanceOf: AppError});
		t.deepEqual(io.exits, [130]);
		// The process ends there: this is the last that is heard of it.
		const last = `${io.out()}${io.err()}`.trimEnd().split('\n').at(-1) ?? '';
		if (flags.json) t.like(JSON.parse(last), {type: 'result', ok: false, code: 'cancelled', exitCode: 130});
		else t.regex(last, /^Left at once\./u);
		t.is(output.fail(error), 130);
		t.is(io.signals.listenerCount('SIGINT'), 0);
	});
}
