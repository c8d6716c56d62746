import test from 'ava';
import {nothingLines, partLines, proposalLines} from '../../src/commands/upgrade-words.ts';
import {flightPlan} from '../../src/upgrade/flight-plan.ts';
import {localKind} from '../../src/upgrade/observed.ts';
import {componentsOf, observedCluster} from '../helpers/upgrade-world.ts';

const image = {
	running: 'v0.1.0',
	included: false,
	versions: [
		{version: 'v0.3.0', possible: false, rule: 'minor-drift', reason: 'v0.3.0 is more than one minor version ahead'},
		{version: 'v0.2.1', possible: false, rule: 'image-unusable', reason: 'its signature does not hold'},
		{version: 'v0.2.0', possible: true},
	],
};
const kubernetes = {running: 'v1.31.13', included: true, versions: [{version: 'v1.32.9', possible: true}]};

test('the lines of upgrade check', t => {
	const lines = partLines({image, services: {...image, included: true}, kubernetes});
	t.snapshot(lines.join('\n'));
	const target = {
		image: 'v0.2.0',
		measurements: `sha256:${'a'.repeat(64)}`,
		services: 'v0.2.0',
		kubernetes: 'v1.32.9',
		components: componentsOf('v1.32.9'),
	};
	const pods = [
		{namespace: 'web', name: 'a', node: 'worker-0', owner: {kind: 'StatefulSet', name: 'store'}, replicas: 1, localData: true},
	];
	const observed = observedCluster(1, 1, {
		pods,
		budgets: [{namespace: 'web', name: 'store', allowed: 0, pods: ['a']}],
		durations: [5000],
	});
	const origin = {source: 'image v0.2.0, its signed file', signer: 'release key sha256:0011…'};
	const row = {what: '9', old: '0'.repeat(64), new: '1'.repeat(64), enforcedBefore: true, enforcedAfter: true, ...origin};
	const proposal = proposalLines({
		target,
		measurements: {
			rows: [
				{...row, change: 'changed'},
				{what: '4', change: 'removed', old: '4'.repeat(64), enforcedBefore: true, ...origin},
				{...row, what: '11', change: 'same'},
			],
			concerns: [{code: 'policy-weaker', message: 'Register 4 would not be checked any more.'}],
		},
		plan: flightPlan(observed, target, localKind),
		strand: {moments: 14, cases: 120},
		trusted: ['v0.2.0'],
	});
	t.snapshot(proposal.join('\n'));
});

test('a cluster whose nodes are still replaced is not called up to date', t => {
	t.deepEqual(nothingLines('demo', 'v0.2.0', false), ['demo is up to date: there is nothing to do.']);
	const told = nothingLines('demo', 'v0.2.0', true).join('\n');
	t.notRegex(told, /up to date/);
	t.regex(told, /still to be replaced until all run v0\.2\.0[^]*constellation upgrade apply/);
});
