import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {lineCells, textOf} from '../../components/lines.ts';
import {liveFrame} from '../../components/live-frame.ts';
import {createTheme} from '../../components/theme.ts';
import {remaining} from '../../src/estimate.ts';
import type {Event, Flow} from '../../src/events.ts';
import {timed} from '../../src/flows/durations.ts';
import {emptyView, fold} from '../../src/fold.ts';
import {plainLines} from '../../src/output/plain-lines.ts';
import {emptyLive, liveReduce} from '../../src/wizard/live.ts';

async function* work(machines: number, nodes: number, fails = false): Flow<string> {
	yield {type: 'phase', id: 'machines', state: 'started', at: 1000};
	yield {type: 'phase', id: 'machines', state: 'done', at: 1000 + machines};
	yield {type: 'phase', id: 'nodes', state: 'started', at: 1000 + machines};
	if (fails) throw new Error('the cloud is gone');
	yield {type: 'phase', id: 'nodes', state: 'done', at: 1000 + machines + nodes};
	return 'done';
}

async function drive(flow: Flow<string>): Promise<Event[]> {
	const events: Event[] = [];
	for (;;) {
		const {done, value} = await flow.next();
		if (done) return events;
		events.push(value);
	}
}

test('an estimate needs runs of the same kind that succeeded, and is their median', async t => {
	const home = mkdtempSync(path.join(tmpdir(), 'durations-'));
	t.teardown(() => {
		rmSync(home, {recursive: true});
	});
	const env = {XDG_DATA_HOME: home};
	const first = async (what: string) => (await drive(timed(env, what, work(2000, 5000))))[0];
	t.is((await first('apply local 3 nodes'))?.type, 'phase', 'nothing is said without a basis');
	await t.throwsAsync(drive(timed(env, 'apply local 5 nodes', work(1, 1, true))), {message: 'the cloud is gone'});
	t.is((await first('apply local 5 nodes'))?.type, 'phase', 'a run that failed is no basis');
	for (const nodes of [60_000, 6000]) await drive(timed(env, 'apply local 3 nodes', work(2000, nodes)));
	t.deepEqual(await first('apply local 3 nodes'), {
		type: 'estimate',
		phases: [
			{id: 'machines', milliseconds: 2000},
			{id: 'nodes', milliseconds: 6000},
		],
		runs: 3,
		at: 1000,
	});
	const file = path.join(home, 'constellation', 'durations.json');
	t.regex(readFileSync(file, 'utf8'), /"what":"apply local 3 nodes"/);
	writeFileSync(file, '{"v":1,"runs":[{');
	t.is((await first('apply local 3 nodes'))?.type, 'phase', 'a damaged file says nothing');
	t.is((await first('apply local 3 nodes'))?.type, 'estimate', 'and is begun anew');
});

test('what is left is said while it can be known, and a run that takes longer says so', t => {
	const estimate: Event = {
		type: 'estimate',
		phases: [
			{id: 'machines', milliseconds: 2000},
			{id: 'nodes', milliseconds: 6000},
		],
		runs: 3,
		at: 0,
	};
	t.deepEqual(plainLines(estimate, emptyView), ['usually 0:08, by 3 runs before on this machine']);
	const events: Event[] = [
		estimate,
		{type: 'phase', id: 'machines', state: 'started', at: 0},
		{type: 'phase', id: 'machines', state: 'done', at: 1000},
		{type: 'phase', id: 'nodes', state: 'started', at: 1000},
	];
	const view = events.reduce(fold, emptyView);
	t.is(remaining(view, 2000), 'about 0:05 left');
	t.is(remaining(view, 6500), undefined, 'the last moments are not promised');
	t.is(remaining(view, 11_000), 'longer than usual');
	t.is(remaining({phases: view.phases}, 2000), undefined);
	const live = liveReduce({...emptyLive, title: 'demo', work: 'running'}, {type: 'events', events});
	const theme = createTheme({colour: false, unicode: true, motion: false});
	const aside = (columns: number) => liveFrame(live, false, {columns, rows: 24}, theme, 2000).aside;
	t.is(textOf([aside(80)]), 'about 0:05 left   0:02');
	t.is(lineCells(aside(40)), 4, 'a narrow window keeps the time only');
});
