import test from 'ava';
import {textOf} from '../../components/lines.ts';
import {liveFrame} from '../../components/live-frame.ts';
import {phaseLines} from '../../components/progress.ts';
import {createTheme} from '../../components/theme.ts';
import type {Event, PhaseId} from '../../src/events.ts';
import {emptyView, fold} from '../../src/fold.ts';
import {rollCounts, rollRows} from '../../src/roll-rows.ts';
import type {LiveAction, LiveState} from '../../src/wizard/live.ts';
import {emptyLive, liveReduce} from '../../src/wizard/live.ts';
import {draw, drawAll, plainTheme, sizes} from '../helpers/frame.tsx';
import {golden} from '../helpers/golden.ts';
import {recordedAt} from '../helpers/wizard-walk.ts';
import {recording} from '../helpers/wizard-world.ts';

const expected = ['lock', 'backup', 'policies', 'control-planes', 'workers', 'retire', 'verify'] as const;
const title = 'demo · upgrade v0.1.0 → v0.2.0';
const start: LiveState = {...emptyLive, title, expected, work: 'running', detaches: true};
const showing = (events: readonly Event[], ...actions: LiveAction[]) =>
	actions.reduce(liveReduce, liveReduce(start, {type: 'events', events}));

// What a person must be able to read of each moment, at every size.
const moments: [name: string, must: readonly string[]][] = [
	[
		'upgrade-midway',
		['old + new (v0.1.0 + v0.2.0)', 'worker-0', 'draining', '2 pods left', 'to be replaced', 'the pods of worker-0 to move'],
	],
	['upgrade-blocked', ['2 pods left, waits for disruption budget web/front']],
	[
		'upgrade-refused',
		[
			'the node program is not the one you trust.',
			'register 9',
			'worker-1 stays until another replacement',
			'constellation image check',
		],
	],
	['upgrade', ['policy: v0.2.0 only', 'worker-3', 'removed']],
];

for (const [name, must] of moments) {
	test(`the live view of ${name} fits every window`, t => {
		const live = showing(recording(name));
		golden(
			t,
			`live/${name}.txt`,
			drawAll(t, size => liveFrame(live, false, size, plainTheme, recordedAt(name)), must),
		);
	});
}

const at = recordedAt('upgrade');
const long = (index: number, image = 'old') => `constell-1f2e3d4c-${image}-workers-in-zone-a-${String(index).padStart(6, '0')}`;
const many: Event[] = Array.from({length: 500}, (_, index): Event[] => {
	const node = {role: 'worker', at: at + index} as const;
	const old = {type: 'replacement', node: long(index), image: 'v0.1.0', ...node} as const;
	if (index > 200) return [{...old, state: 'outdated'}];
	const partner = long(index, 'new');
	const fresh = {type: 'replacement', node: partner, image: 'v0.2.0', partner: long(index), ...node} as const;
	if (index < 200)
		return [
			{...old, state: 'removed', partner},
			{...fresh, state: 'current'},
		];
	return [
		{...old, state: 'draining', partner, podsLeft: 12, blockedBy: 'web/front'},
		{...fresh, state: 'joining'},
	];
}).flat();

test('of five hundred pairs with long names only what is on screen is drawn, around the one that is held up', t => {
	for (const size of sizes) {
		const text = draw(t, liveFrame(showing(many), false, size, plainTheme, at + 900), size);
		t.regex(text, /web\/front/u, 'the drain that waits is in the window');
		t.regex(text, /000200/u, 'the end of a name tells nodes apart');
		t.regex(text, /of 500/u);
		t.false(text.includes('000001 '));
	}
	const size = {columns: 80, rows: 24};
	const last = draw(t, liveFrame(showing(many, {type: 'select', by: Infinity}), false, size, plainTheme, at), size);
	t.regex(last, /❯ .*000499/u);
	const open = showing(many, {type: 'select', by: 201}, {type: 'detail'});
	const words = draw(t, liveFrame(open, false, size, plainTheme, at + 900), size).replaceAll(/\s+/gu, ' ');
	t.true(words.includes(long(200)) && words.includes(long(200, 'new')), 'details have the whole names');
	t.regex(words, /image v0\.1\.0: ◐ draining, for 0:00, 12 pods left, waits for disruption budget web\/front/u);
});

test('pairs stay pairs when one of the two is gone; what has none stands alone', t => {
	const fact = {type: 'replacement', role: 'worker'} as const;
	const events: Event[] = [
		{...fact, node: 'worker-0', state: 'replacing', partner: 'worker-2', at: 1},
		{...fact, node: 'worker-2', state: 'joining', partner: 'worker-0', at: 2},
		{...fact, node: 'worker-0', state: 'draining', partner: 'worker-2', podsLeft: 2, at: 3},
		{...fact, node: 'worker-0', state: 'draining', partner: 'worker-2', podsLeft: 1, at: 9},
	];
	const draining = events.reduce(fold, emptyView);
	t.like(draining.replacements.get('worker-0'), {since: 3, at: 9, podsLeft: 1});
	const later: Event[] = [
		{...fact, node: 'worker-0', state: 'removed', at: 10},
		{...fact, node: 'worker-2', state: 'current', at: 10},
		{...fact, node: 'worker-1', state: 'outdated', at: 10},
		{...fact, node: 'worker-9', state: 'surplus', at: 10},
		{type: 'replacement', node: 'control-plane-4', role: 'control-plane', state: 'current', at: 10},
		{type: 'lane', node: 'worker-7', role: 'worker', state: 'booting', source: 'provider', at: 11},
	];
	const view = later.reduce(fold, draining);
	t.deepEqual(
		rollRows(view).map(({old, fresh}) => [old?.name, fresh?.name]),
		[
			[undefined, 'control-plane-4'],
			['worker-0', 'worker-2'],
			['worker-1', undefined],
			[undefined, 'worker-7'],
			[undefined, 'worker-9'],
		],
	);
	t.deepEqual(rollCounts(view, 'control-plane'), {replaced: 1, total: 1});
	t.deepEqual(rollCounts(view), {replaced: 2, total: 3});
	// Rolled back: the new node goes again and has a partner of its own.
	const back: Event[] = [
		{...fact, node: 'worker-2', state: 'replacing', partner: 'worker-5', at: 12},
		{...fact, node: 'worker-5', state: 'joining', partner: 'worker-2', at: 12},
	];
	const rolled = rollRows(back.reduce(fold, view)).map(({old, fresh}) => `${old?.name ?? ''}>${fresh?.name ?? ''}`);
	t.true(rolled.includes('worker-2>worker-5') && rolled.includes('worker-0>'));
});

test('every moment keeps its limits in every window in between, and in ASCII', t => {
	const ascii = createTheme({colour: false, unicode: false, motion: false});
	for (const columns of [40, 47, 55, 59, 60, 67, 68, 79, 100, 112, 119, 150])
		for (const rows of [10, 13, 16, 23])
			for (const events of [...moments.map(([name]) => recording(name)), many]) {
				const size = {columns, rows};
				draw(t, liveFrame(showing(events), false, size, plainTheme, at), size);
			}
	for (const [name] of moments) {
		const size = {columns: 80, rows: 24};
		const text = draw(t, liveFrame(showing(recording(name)), false, size, ascii, at), size, ascii);
		t.regex(text.replaceAll('…', ''), /^[\u0000-\u007f]*$/u, name);
	}
});

test('lagging JoinServices are named, and how many more there are', t => {
	const lagging = Array.from({length: 5}, (_, index) => ({node: `control-plane-${index}`, reason: 'it enforces generation 4'}));
	const live = showing([{type: 'policies', generation: 5, images: ['v0.2.0', 'v0.1.0'], lagging, at}]);
	const text = drawAll(t, size => liveFrame(live, false, size, plainTheme, at), [
		'control-plane-0 lags: it enforces generation 4',
		'control-plane-1 lags',
		'and 3 more JoinServices',
	]);
	t.false(text.includes('control-plane-2'));
});

test('steps that nobody expected stand where they came, and a pause is no failure', t => {
	const phase = (id: PhaseId, state: 'started' | 'done'): Event => ({type: 'phase', id, state, at: 0});
	const row = (live: LiveState) => textOf(phaseLines(live, 200, plainTheme, 0));
	const done = expected.slice(0, -1).map(id => phase(id, 'done'));
	const late = showing([...done, phase('preflight', 'done'), phase('plan', 'started')]);
	t.regex(row(late), /retire 0:00 +\S preflight 0:00 +\S plan 0:00 +\S verify$/);
	const stopped = (calm: boolean): LiveAction => ({
		type: 'work',
		work: 'failed',
		failure: {message: 'It stands still.', problems: [], next: [], calm},
	});
	const {waiting, refused} = plainTheme.symbols;
	const size = {columns: 80, rows: 24};
	for (const [calm, symbol] of [
		[true, waiting],
		[false, refused],
	] as const) {
		const live = showing([phase('workers', 'started')], stopped(calm));
		t.true(row(live).includes(`${symbol} workers`), row(live));
		const text = draw(t, liveFrame(live, false, size, plainTheme, 0), size);
		t.true(text.includes(`${symbol} It stands still.`), text);
	}
});
