import test from 'ava';
import {AppError} from '../../src/errors.ts';
import {untilInterrupt} from '../../src/output/until-interrupt.ts';
import {upgradeInLines} from '../../src/output/upgrade-lines.ts';
import {capture} from '../helpers/streams.ts';

test('Ctrl-C ends what is waited for; anything else comes out as it is, and nobody goes on listening', async t => {
	const {signals} = capture();
	const cut = async (signal: AbortSignal) => {
		signals.emit('SIGINT');
		signal.throwIfAborted();
	};
	const cases: [work: (signal: AbortSignal) => Promise<unknown>, expected: unknown][] = [
		[async () => 'done', 'done'],
		[cut, undefined],
		[async signal => cut(signal).catch(() => 'too late'), undefined],
	];
	for (const [work, expected] of cases) {
		t.is(await untilInterrupt(signals, work), expected);
		t.is(signals.listenerCount('SIGINT'), 0);
	}
	await t.throwsAsync(
		untilInterrupt(signals, async () => Promise.reject(new TypeError('broken'))),
		{message: 'broken'},
	);
	const failed = async (signal: AbortSignal) =>
		cut(signal).catch(async () => Promise.reject(new AppError('It is half done.', {code: 'x', exitCode: 4})));
	await t.throwsAsync(untilInterrupt(signals, failed), {instanceOf: AppError}, 'what a person has to know is not left out');
	t.is(signals.listenerCount('SIGINT'), 0);
});

test('an upgrade in lines is left while a silent cluster is looked at', async t => {
	const io = capture({tty: true, env: {TERM: 'dumb'}});
	let seen: AbortSignal | undefined;
	const running = upgradeInLines(
		{},
		{
			now: Date.now,
			check: async (_asked, signal) => {
				seen = signal;
				io.signals.emit('SIGINT');
				return new Promise(() => undefined);
			},
			begin: () => t.fail(),
			pause: () => t.fail(),
			crashReport: () => t.fail(),
		},
		io,
	);
	t.deepEqual(await running, {outcome: 'left'});
	t.true(seen?.aborted);
	t.is(io.signals.listenerCount('SIGINT'), 0);
});
