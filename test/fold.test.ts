import test from 'ava';
import type {Event} from '../src/events.ts';
import type {LiveView} from '../src/fold.ts';
import {emptyView, fold, limits} from '../src/fold.ts';
import {laneCounts, laneRow, waitsOf} from '../src/lanes.ts';
import {count, duration, oneLine} from '../src/text.ts';
import {recording} from './helpers/wizard-world.ts';

const foldAll = (events: readonly Event[], from: LiveView = emptyView) => events.reduce(fold, from);
const cellsOf = (view: LiveView, node: string) => {
	const lane = view.lanes.get(node);
	return lane === undefined ? undefined : laneRow(lane);
};

test('a whole run folds into phases, lanes, files and a summary', t => {
	const view = foldAll(recording('apply'));
	t.deepEqual(
		view.phases.map(({id, state}) => `${id} ${state}`),
		['plan done', 'machines done', 'init done', 'nodes done'],
	);
	t.deepEqual(laneCounts(view), {total: 3, ready: 3, refused: 0, lost: 0});
	t.deepEqual(view.order, ['control-plane-0', 'worker-0', 'worker-1']);
	t.is(view.files.length, 2);
	t.is(view.summary?.name, 'demo');
	t.deepEqual(waitsOf(view), []);
	t.is(cellsOf(view, 'worker-0')?.tookMs, 5000);
});

test('folding leaves the view before as it was', t => {
	const before = foldAll(recording('apply-midway'));
	const copy = structuredClone(before);
	for (const event of recording('refused')) fold(before, event);
	t.deepEqual(before, copy);
});

test('what a node says of itself is marked until it is attested', t => {
	const view = foldAll(recording('apply-midway'));
	t.deepEqual(cellsOf(view, 'worker-1')?.cells, ['done', 'done', 'reported', 'working', 'waiting', 'waiting', 'waiting']);
	t.is(cellsOf(view, 'worker-1')?.note, 'measured, reported by the node');
	t.deepEqual(cellsOf(view, 'worker-0')?.cells.slice(0, 5), ['done', 'done', 'done', 'done', 'done']);
});

test('a refusal stays visible until the node is attested', t => {
	const view = foldAll(recording('refused'));
	t.is(cellsOf(view, 'worker-1')?.status, 'refused');
	t.is(cellsOf(view, 'worker-1')?.cells[3], 'refused');
	t.is(view.lanes.get('worker-1')?.refused?.count, 3);
	const at = (view.lastAt ?? 0) + 1;
	const lane = {type: 'lane', node: 'worker-1', role: 'worker', source: 'reported', at} as const;
	t.is(cellsOf(fold(view, {...lane, state: 'measured'}), 'worker-1')?.status, 'refused');
	t.is(cellsOf(fold(view, {...lane, state: 'attested', source: 'join-service'}), 'worker-1')?.status, 'working');
});

test('a machine that boots again starts its way anew', t => {
	const ready = foldAll(recording('apply'));
	const at = (ready.lastAt ?? 0) + 60_000;
	const dead = fold(ready, {type: 'lane-lost', node: 'worker-0', reason: 'dead', at});
	t.is(cellsOf(dead, 'worker-0')?.status, 'lost');
	t.is(cellsOf(dead, 'worker-0')?.note, 'machine died');
	const again = fold(dead, {type: 'lane', node: 'worker-0', role: 'worker', state: 'booting', source: 'provider', at: at + 1000});
	t.deepEqual(cellsOf(again, 'worker-0')?.cells.slice(0, 3), ['unseen', 'done', 'working']);
	const gone = fold(again, {type: 'lane-lost', node: 'worker-0', reason: 'removed', at: at + 2000});
	t.deepEqual(gone.order, ['control-plane-0', 'worker-1']);
});

test('a node that was lost before the view began is shown', t => {
	const view = fold(emptyView, {type: 'lane-lost', node: 'worker-0', reason: 'not-ready', at: 5});
	t.is(cellsOf(view, 'worker-0')?.status, 'lost');
	t.is(cellsOf(view, 'worker-0')?.note, 'not ready');
	t.true(cellsOf(view, 'worker-0')?.cells.includes('lost'));
});

test('a state nobody told of is not claimed', t => {
	const view = fold(emptyView, {type: 'lane', node: 'a', role: 'worker', state: 'kubelet', source: 'kubernetes', at: 1});
	t.deepEqual(cellsOf(view, 'a')?.cells, ['unseen', 'unseen', 'unseen', 'unseen', 'unseen', 'done', 'working']);
});

test('names sort control planes first and numbers as numbers', t => {
	const names = ['worker-10', 'worker-2', 'control-plane-1', 'control-plane-0', 'worker-1'];
	const view = foldAll(
		names.map(node => ({
			type: 'lane',
			node,
			role: node.startsWith('w') ? 'worker' : 'control-plane',
			state: 'requested',
			source: 'terraform',
			at: 1,
		})),
	);
	t.deepEqual(view.order, ['control-plane-0', 'control-plane-1', 'worker-1', 'worker-2', 'worker-10']);
});

test('logs, refusals and lanes stay bounded', t => {
	const logs = foldAll(Array.from({length: 2500}, (_, at) => ({type: 'log', source: 's', line: String(at), at})));
	t.is(logs.logs.length, limits.logs);
	t.is(logs.logCount, 2500);
	t.is(logs.logs.at(-1)?.line, '2499');
	const refusal = {code: 'x', sentence: 's', likely: 'l', step: 'p'};
	const flood = foldAll(
		Array.from({length: 3000}, (_, at) => ({type: 'lane-refused', node: `n${at}`, role: 'worker', refusal, count: 1, at})),
	);
	t.is(flood.lanes.size, limits.refusals);
	t.is(flood.order.length, limits.refusals);
	t.true(flood.lanes.has('n2999'));
});

test('words of others are made harmless before they are kept', t => {
	const view = foldAll(recording('trouble'));
	t.is(view.logs[0]?.line, 'hello world');
	t.true(view.lanes.has('worker-0'));
	t.is(view.stream?.state, 'resumed');
	const harmless = [
		['\u001B[2J\u001B[31mred', 'red'],
		['\u001B]52;c;c2VjcmV0\u0007x', 'x'],
		['a\u202Eb\u2066c', 'abc'],
		['line\r\nnext', 'line next'],
		['\u009B31mx', 'x'],
		['cut\u001B', 'cut'],
		['\u001BPq#0\u001B\\y', 'y'],
	] as const;
	for (const [raw, clean] of harmless) t.is(oneLine(raw), clean);
	t.is(oneLine('abcdef', 4), 'abc…');
});

test('durations and counts read well', t => {
	t.is(duration(7000), '0:07');
	t.is(duration(760_000), '12:40');
	t.is(duration(3_723_000), '1:02:03');
	t.is(duration(-5), '0:00');
	t.is(count(1, 'worker'), '1 worker');
	t.is(count(0, 'worker'), '0 workers');
});
