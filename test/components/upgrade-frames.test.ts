import test from 'ava';
import {layout} from '../../components/screen.tsx';
import {createTheme} from '../../components/theme.ts';
import {upgradeFrame} from '../../components/upgrade-frame.ts';
import type {UpgradeAction} from '../../src/wizard/upgrade/reducer.ts';
import type {UpgradeState, UpgradeStepId} from '../../src/wizard/upgrade/state.ts';
import {upgradeStepIds} from '../../src/wizard/upgrade/state.ts';
import {draw, drawAll, plainTheme} from '../helpers/frame.tsx';
import {golden} from '../helpers/golden.ts';
import {digestOf, offerFor} from '../helpers/upgrade-offer.ts';
import {lookedAt, runUpgradeActions, walkUpgrade} from '../helpers/upgrade-walk.ts';
import {recordedAt} from '../helpers/wizard-walk.ts';
import {vouched} from '../helpers/wizard-world.ts';

const at = recordedAt('upgrade-midway');

// What a person must be able to read on each step, at every size.
const essentials: Record<UpgradeStepId, readonly string[]> = {
	check: ['What can this cluster be upgraded to?', 'possible: v0.2.0, v0.1.1', 'not possible'],
	target: ['What should run then?', 'v0.2.0', 'newest', 'v0.1.1', 'v1.31.13', 'as now'],
	measurements: ['Trust them', 'Decline, change nothing'],
	plan: ['What will happen', 'keep others out'],
	consent: ['Start the upgrade', 'Leave, change nothing'],
	work: ['old + new', 'draining', 'detach'],
	summary: ['3 nodes run v0.2.0'],
};

for (const step of upgradeStepIds) {
	test(`the ${step} step of an upgrade fits every window`, t => {
		const state = walkUpgrade(step);
		const text = drawAll(t, size => upgradeFrame(state, size, plainTheme, at), essentials[step]);
		golden(t, `upgrade/${step}.txt`, text);
	});
}

const concerns = [
	{code: 'policy-weaker', message: 'Register 4 would only be reported, not enforced.'},
	{code: 'policy-weaker', message: 'Register 11 would not be checked any more.'},
] as const;
const budgets = [{namespace: 'web', name: 'front', allowed: 0, pods: ['front-a', 'front-b']}];
const sentence = 'at the step control-planes, control-plane-0 restarted: no live JoinService accepts v0.1.0';
const counterexample = {
	after: 5,
	step: 'control-planes',
	condition: 'service-accepts-node',
	sentence,
	mishap: {kind: 'restarted', node: 'control-plane-0'},
} as const;
const failure = {
	message: 'The cluster cannot be upgraded to that.',
	problems: [{path: 'image', message: 'v0.3.0 is more than one minor version ahead (rule minor-drift)'}],
	next: ['constellation upgrade check   shows what is possible'],
};
const {proposal: _, ...settled} = offerFor();

const moments: [name: string, state: UpgradeState, actions: UpgradeAction[], must: readonly string[]][] = [
	[
		'concerns',
		walkUpgrade('measurements', offerFor({}, {concerns})),
		[{type: 'next'}],
		['Register 4 would only be', 'Choose one'],
	],
	[
		'vouched',
		walkUpgrade('measurements', offerFor({}, {vouched: {...vouched, digest: digestOf('v0.2.0')}})),
		[],
		['mirror.example.org', 'not checked:', 'Trust them'],
	],
	['blocked', walkUpgrade('plan', offerFor({}, {budgets})), [], ['web/front', 'allows no eviction', 'then press r']],
	['stranding', walkUpgrade('plan', offerFor({}, {counterexample})), [], ['no live JoinService accepts v0.1.0']],
	['up-to-date', lookedAt(settled), [], ['demo runs the newest that is possible here.']],
	['busy', lookedAt({...settled, busy: true}), [], ['An upgrade of demo is under way']],
	[
		'check-failed',
		lookedAt(),
		[{type: 'check-failed', asked: {}, error: failure}],
		['minor-drift', 'cannot be upgraded to that'],
	],
	['explain', walkUpgrade('measurements'), [{type: 'overlay', overlay: 'explain'}], ['--accept-measurements']],
	['help', walkUpgrade('consent'), [{type: 'overlay', overlay: 'help'}], ['confirm']],
	['leave', walkUpgrade('plan'), [{type: 'overlay', overlay: 'leave'}], ['Nothing has been changed']],
];
for (const [name, state, actions, must] of moments) {
	test(`${name} of an upgrade fits every window`, t => {
		const now = runUpgradeActions(state, ...actions);
		golden(
			t,
			`upgrade/${name}.txt`,
			drawAll(t, size => upgradeFrame(now, size, plainTheme, at), must),
		);
	});
}

test('measurements and consent need no scrolling in 80x24; the plan says how much is below', t => {
	const size = {columns: 80, rows: 24};
	for (const step of ['check', 'target', 'measurements', 'consent'] as const)
		t.is(layout(upgradeFrame(walkUpgrade(step), size, plainTheme, at), size, plainTheme).scrollLimit, 0, step);
	t.regex(draw(t, upgradeFrame(walkUpgrade('plan'), size, plainTheme, at), size), /more lines below/u);
	const end = runUpgradeActions(walkUpgrade('plan'), {type: 'scroll', to: 1000});
	t.regex(draw(t, upgradeFrame(end, size, plainTheme, at), size), /assuming that/u);
});

test('every screen of an upgrade keeps its limits in every window in between, and in ASCII', t => {
	const ascii = createTheme({colour: false, unicode: false, motion: false});
	const states = [
		...upgradeStepIds.map(step => walkUpgrade(step)),
		...moments.map(([, state, actions]) => runUpgradeActions(state, ...actions)),
	];
	for (const state of states) {
		for (const columns of [40, 41, 55, 59, 60, 69, 70, 79, 100])
			for (const rows of [10, 15, 16, 23]) {
				const size = {columns, rows};
				const {lines} = layout(upgradeFrame(state, size, plainTheme, at), size, plainTheme);
				t.true(lines.length <= rows - 1, `${state.step} in ${columns}x${rows}`);
			}
		const size = {columns: 80, rows: 24};
		t.regex(draw(t, upgradeFrame(state, size, ascii, at), size, ascii), /^[\u0000-\u007f]*$/u, state.step);
	}
});
