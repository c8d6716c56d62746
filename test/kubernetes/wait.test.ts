import test from 'ava';
import {AppError} from '../../src/errors.ts';
import {isGone, isReady, nodesReady} from '../../src/kubernetes/conditions.ts';
import {type Kube, KubeError, type KubeObject} from '../../src/kubernetes/kube.ts';
import {resources} from '../../src/kubernetes/resources.ts';
import {type WaitState, waitFor} from '../../src/kubernetes/wait.ts';

/** Time that passes only while somebody pauses. */
function clock() {
	let time = 1000;
	return {
		now: () => time,
		pause: (ms: number) => {
			time += ms;
			return Promise.resolve();
		},
	};
}

/** A condition that goes through `results`: an error is thrown, undefined is not yet. */
function steps<T>(...results: (T | undefined | Error)[]) {
	return {
		name: 'the thing is there',
		check: () => {
			const result = results.shift();
			return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
		},
	};
}

const away = new KubeError(0, 'NotReached', 'nobody answers');

test('goes on over transient failures and tells where it stands', async t => {
	const states: WaitState[] = [];
	const options = {timeoutMs: 10_000, intervalMs: 500, onState: (state: WaitState) => states.push(state), ...clock()};
	t.is(await waitFor(steps<string>(away, undefined, 'value'), options), 'value');
	const condition = 'the thing is there';
	t.deepEqual(states, [
		{phase: 'waiting', condition, attempts: 1, givesUpAt: 11_000, lastError: 'nobody answers'},
		{phase: 'waiting', condition, attempts: 2, givesUpAt: 11_000},
		{phase: 'met', condition, attempts: 3},
	]);
});

test('gives up in time, with what was waited for and the last failure', async t => {
	const states: WaitState[] = [];
	const always = {name: 'the API answers', check: async () => Promise.reject(away)};
	const error = await t.throwsAsync(
		waitFor(always, {timeoutMs: 3000, intervalMs: 1000, onState: state => states.push(state), ...clock()}),
		{instanceOf: AppError},
	);
	t.like(error, {code: 'wait-gave-up', exitCode: 6, details: {condition: 'the API answers', lastError: 'nobody answers'}});
	t.is(error.message, 'Gave up after 3 s waiting until the API answers: nobody answers');
	t.like(states.at(-1), {phase: 'gave-up', attempts: 3});
});

test('a failure that will not pass ends the wait at once', async t => {
	const forbidden = new KubeError(403, 'Forbidden', 'no');
	t.is(await t.throwsAsync(waitFor(steps(forbidden), {timeoutMs: 1000, ...clock()})), forbidden);
	const {transient, ...bug} = {...steps(new TypeError('bug')), transient: () => true};
	await t.throwsAsync(waitFor(bug, {timeoutMs: 1000, ...clock()}), {instanceOf: TypeError});
	t.is(await waitFor({...steps<number>(new TypeError('odd'), 1), transient}, {timeoutMs: 1000, ...clock()}), 1);
});

test('an abort ends the wait with its own reason, in a check and in a pause', async t => {
	const reason = new Error('stopped');
	for (const when of ['check', 'pause']) {
		const abort = new AbortController();
		const condition = {
			name: 'never',
			check: () => {
				if (when === 'check') abort.abort(reason);
				else setImmediate(() => abort.abort(reason));
				return Promise.resolve(undefined);
			},
		};
		t.is(await t.throwsAsync(waitFor(condition, {timeoutMs: 60_000, intervalMs: 30_000, signal: abort.signal})), reason);
	}
});

const node = (name: string, status?: string): KubeObject => ({
	apiVersion: 'v1',
	kind: 'Node',
	metadata: {name},
	...(status && {status: {conditions: [{type: 'Ready', status}]}}),
});

test('nodes are Ready when every named one says so', async t => {
	const items = [node('a', 'True'), node('b', 'Unknown'), node('c')];
	const kube = {list: () => Promise.resolve({items, resourceVersion: '1'})} as Pick<Kube, 'list'> as Kube;
	const {signal} = new AbortController();
	t.is(await nodesReady(kube, ['a', 'b']).check(signal), undefined);
	t.deepEqual(await nodesReady(kube, ['a']).check(signal), [items[0] as KubeObject]);
	t.is(nodesReady(kube, ['a', 'b']).name, '2 nodes are Ready');
	t.deepEqual(items.map(isReady), [true, false, false]);
});

test('an object is gone when the API says 404, and only then', async t => {
	const answers = [node('a'), new KubeError(500, '', 'broken'), new KubeError(404, 'NotFound', 'gone')];
	const get = () => {
		const answer = answers.shift();
		if (answer === undefined) throw new RangeError('asked too often');
		return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
	};
	const gone = isGone({get} as Pick<Kube, 'get'> as Kube, resources.nodes, 'a');
	t.is(await waitFor(gone, {timeoutMs: 10_000, ...clock()}), true);
	t.is(answers.length, 0);
});
