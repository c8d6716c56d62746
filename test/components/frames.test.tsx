import test from 'ava';
import {homeFrame} from '../../components/home-frame.ts';
import {cells, fit, shellLines, textOf, wrap} from '../../components/lines.ts';
import {liveFrame} from '../../components/live-frame.ts';
import {layout} from '../../components/screen.tsx';
import {createTheme} from '../../components/theme.ts';
import {wizardFrame} from '../../components/wizard-frame.ts';
import type {Event} from '../../src/events.ts';
import type {WizardAction} from '../../src/wizard/actions.ts';
import {emptyLive, liveReduce} from '../../src/wizard/live.ts';
import {reduce, startWizard} from '../../src/wizard/reducer.ts';
import {identitiesKey, type WizardState} from '../../src/wizard/state.ts';
import type {StepId} from '../../src/wizard/values.ts';
import {stepIds} from '../../src/wizard/values.ts';
import type {sizes} from '../helpers/frame.tsx';
import {draw, drawAll, plainTheme} from '../helpers/frame.tsx';
import {golden} from '../helpers/golden.ts';
import {at, onAws, reached, recordedAt, walkTo} from '../helpers/wizard-walk.ts';
import {recording, summary} from '../helpers/wizard-world.ts';

// What a person must be able to read on each step, at every size.
const essentials: Record<StepId, readonly string[]> = {
	folder: ['Which folder should hold the cluster?', '/home/you/demo'],
	checks: ['Terraform', '1.11.4', 'Nothing is in the way.'],
	provider: ['Where should the nodes run?', 'Local', 'QEMU', 'not built yet'],
	protection: ['What should the nodes prove?', 'aws-sev-snp', 'aws-nitro-tpm'],
	place: ['In which region or zone?', 'eu-west-1', 'Zone'],
	machines: ['Which machines?', 'm6a.xlarge'],
	access: ['From where may the cluster be reached?'],
	name: ['What should the cluster be called?', 'demo'],
	nodes: ['Control planes', 'recovered with the master secret', 'Workers'],
	kubernetes: ['v1.32.9', 'default', 'v1.30.14'],
	attestation: ['v0.1.0', 'node program', 'enforced', 'cluster ID', 'Compare with'],
	measurements: ['signed by', 'not checked:', 'Decline, go back', 'Trust them'],
	account: ['Whose account is it?', 'Subscription', 'Tenant', 'az account show --query tenantId'],
	identity: ['Which identities do the nodes get?', 'Make them', 'Use existing ones', 'Names start with'],
	identities: ['Make these identities?', 'create 2 roles', 'Make them'],
	image: ['Which image do the nodes boot?', 'the work stops after the infrastructure'],
	review: ['Create the cluster'],
	work: ['worker-1', 'worker-0 waits for its kubelet', 'reported by the node'],
	removal: ['Remove what was made?', 'Type demo to remove it all.'],
	secrets: ['Cluster ID', 'Master secret', 'Have you stored a copy?'],
	summary: ['demo is ready', 'constellation-admin.conf', 'copy not confirmed'],
};

for (const step of stepIds) {
	test(`the ${step} step fits every window`, t => {
		const state = walkTo(step);
		t.is(state.step, step);
		const text = drawAll(t, size => wizardFrame(state, size, plainTheme, at), essentials[step]);
		golden(t, `wizard/${step}.txt`, text);
	});
}

test('review and secrets need no scrolling in 80x24', t => {
	for (const [step, values] of [
		['review', {}],
		['review', onAws],
		['secrets', {}],
	] as const) {
		const {scrollLimit} = layout(
			wizardFrame(walkTo(step, values), {columns: 80, rows: 24}, plainTheme, at),
			{columns: 80, rows: 24},
			plainTheme,
		);
		t.is(scrollLimit, 0, step);
	}
});

const overlays: [string, StepId, WizardAction[]][] = [
	['help', 'provider', [{type: 'overlay', overlay: 'help'}]],
	['help-work', 'work', [{type: 'overlay', overlay: 'help'}]],
	['explain', 'attestation', [{type: 'overlay', overlay: 'explain'}]],
	['plan', 'review', [{type: 'overlay', overlay: 'plan'}]],
	['leave', 'name', [{type: 'overlay', overlay: 'leave'}]],
	['error', 'name', [{type: 'edit', edit: {edit: 'insert', text: ' X'}}, {type: 'next'}]],
	['secret-shown', 'secrets', [{type: 'reveal', now: at}]],
	['secret-card', 'secrets', [{type: 'card'}]],
	['full-log', 'work', [{type: 'live', action: {type: 'log'}}]],
	[
		'details',
		'work',
		[
			{type: 'live', action: {type: 'select', by: 1}},
			{type: 'live', action: {type: 'detail'}},
		],
	],
];
for (const [name, step, actions] of overlays) {
	test(`${name} fits every window`, t => {
		const state = actions.reduce(reduce, walkTo(step));
		golden(
			t,
			`overlays/${name}.txt`,
			drawAll(t, size => wizardFrame(state, size, plainTheme, at)),
		);
	});
}

const making = (state: WizardState) => reduce(state, {type: 'next'});
const identities = (action: object): WizardAction =>
	({type: 'identities', asked: identitiesKey(walkTo('identities').values), ...action}) as WizardAction;
const resources: WizardAction = {
	type: 'live',
	action: {
		type: 'events',
		events: [
			{type: 'phase', id: 'machines', state: 'started', at: at - 60_000},
			...Array.from(
				{length: 47},
				(_, index): Event => ({
					type: 'resource',
					address: `aws_security_group_rule.port["${index}"]`,
					action: 'create',
					state: index < 38 ? 'done' : index < 46 ? 'progress' : 'failed',
					elapsedSeconds: index,
					at: at - 60_000 + index,
				}),
			),
		],
	},
};
const broken: WizardAction = {
	type: 'live',
	action: {
		type: 'work',
		work: 'failed',
		failure: {
			message: 'AWS refused to make aws_nat_gateway.cluster["eu-west-1a"]: the quota is used up.',
			problems: [{path: 'aws_nat_gateway.cluster', message: 'NatGatewayLimitExceeded', fix: 'Ask for more in Service Quotas.'}],
			next: ['constellation apply   goes on where this stopped'],
		},
	},
};
const onCloud: [string, WizardState, readonly string[]][] = [
	['review-aws', walkTo('review', onAws), ['Create the infrastructure', '47 resources', 'by the hour']],
	[
		'review-aws-plan',
		reduce(walkTo('review', onAws), {type: 'overlay', overlay: 'plan'}),
		['create 1 load balancer', 'by the hour'],
	],
	[
		'review-aws-commands',
		reduce(walkTo('review', onAws), {type: 'overlay', overlay: 'commands'}),
		['config generate aws', 'iam create aws'],
	],
	['account-openstack', startWizard({provider: 'openstack'}, 'account'), ['Whose account is it?', 'Keystone']],
	[
		'identity-existing',
		startWizard({provider: 'aws', iam: 'existing'}, 'identity'),
		['Control planes', 'name of an instance profile'],
	],
	[
		'identities-making',
		reduce(making(walkTo('identities')), identities({state: 'making', note: 'aws_iam_role.node: done'})),
		['making them'],
	],
	[
		'identities-failed',
		reduce(
			making(walkTo('identities')),
			identities({state: 'failed', error: {message: 'AWS denies it.', problems: [], next: ['Ask for it.']}}),
		),
		['AWS denies it.', 'r tries again'],
	],
	['work-aws', reduce(startWizard({...onAws}, 'work'), resources), ['1 failed, 8 at work, 38 done']],
	[
		'failed-aws',
		[resources, broken].reduce(reduce, startWizard({...onAws}, 'work')),
		['Ask for more in Service Quotas.', 'What exists is kept.', 'x remove'],
	],
	['reached', reduce(walkTo('work', onAws), reached), ['there are no machines yet', 'constellation terminate']],
];
for (const [name, state, must] of onCloud) {
	test(`${name} fits every window`, t => {
		golden(
			t,
			`clouds/${name}.txt`,
			drawAll(t, size => wizardFrame(state, size, plainTheme, at), must),
		);
	});
}

test('a later answer that no longer fits is named on the other steps', t => {
	const state: WizardState = {...walkTo('provider'), passed: new Set(['folder', 'checks', 'provider', 'name'])};
	const moved = {...state, values: {...state.values, name: 'Not Good'}};
	t.regex(draw(t, wizardFrame(moved, {columns: 80, rows: 24}, plainTheme, at), {columns: 80, rows: 24}), /look at name/u);
});

for (const name of ['apply', 'apply-midway', 'refused', 'trouble', 'verify']) {
	test(`the live view of ${name} fits every window`, t => {
		const live = liveReduce({...emptyLive, title: 'demo · local', work: 'running'}, {type: 'events', events: recording(name)});
		const must =
			name === 'refused'
				? ['the node program is not the one you trust.', 'register 9', 'likely', 'constellation image check']
				: [];
		golden(
			t,
			`live/${name}.txt`,
			drawAll(t, size => liveFrame(live, false, size, plainTheme, recordedAt(name)), must),
		);
	});
}

test('the home screen fits every window', t => {
	const facts = {
		name: 'demo',
		provider: 'local',
		state: 'running',
		nodes: {ready: 3, total: 3, controlPlanes: 1, workers: 2},
		checkedAt: at - 2000,
		verifiedAt: at - 240_000,
		image: 'v0.1.0',
		newerImage: {version: 'v0.2.0', registersDiffer: 2},
		policy: {images: 1, generation: 3},
		copyConfirmed: false,
	} as const;
	const frame = (size: (typeof sizes)[number]) => homeFrame({facts, selected: 0, help: false, left: false}, size, plainTheme, at);
	golden(t, 'home.txt', drawAll(t, frame, ['nodes 3 of 3 ready', 'Watch nodes', 'Terminate', 'copy of secret: no']));
});

test('every screen keeps its limits in every window in between', t => {
	const windows = [40, 41, 55, 59, 60, 75, 79, 100].flatMap(columns => [10, 11, 15, 16, 23].map(rows => ({columns, rows})));
	for (const size of windows) {
		for (const step of stepIds) {
			const {lines} = layout(wizardFrame(walkTo(step), size, plainTheme, at), size, plainTheme);
			t.true(lines.length <= size.rows - 1, `${step} in ${size.columns}x${size.rows}`);
		}
		for (const name of ['refused', 'apply-midway', 'verify']) {
			const live = liveReduce({...emptyLive, title: name, work: 'running'}, {type: 'events', events: recording(name)});
			draw(t, liveFrame(live, false, size, plainTheme, recordedAt(name)), size);
		}
	}
});

test('a window that is too small asks for a larger one in one line', t => {
	for (const [columns, rows] of [
		[39, 24],
		[80, 9],
		[10, 3],
		[1, 1],
	] as const) {
		const text = draw(t, wizardFrame(walkTo('review'), {columns, rows}, plainTheme, at), {
			columns: Math.max(columns, 3),
			rows: Math.max(rows, 2),
		});
		t.false(text.includes('\n'));
	}
	t.is(
		draw(t, wizardFrame(startWizard(), {columns: 39, rows: 9}, plainTheme, at), {columns: 39, rows: 9}).trim(),
		'Needs 40x10; this is 39x9.',
	);
});

test('without unicode every glyph has an ASCII twin', t => {
	const theme = createTheme({colour: false, unicode: false, motion: false});
	for (const step of stepIds) {
		const body = draw(t, wizardFrame(walkTo(step), {columns: 80, rows: 24}, theme, at), {columns: 80, rows: 24}, theme);
		t.regex(body, /^[\u0000-\u007f]*$/u, step);
	}
});

test('a thousand nodes cost what is on screen', t => {
	const events = Array.from({length: 1000}, (_, index) => ({
		type: 'lane' as const,
		node: `worker-${index}`,
		role: 'worker' as const,
		state: 'booting' as const,
		source: 'provider' as const,
		at: at + index,
	}));
	let live = liveReduce({...emptyLive, title: 'many', work: 'running'}, {type: 'events', events});
	live = liveReduce(live, {type: 'select', by: Infinity});
	const size = {columns: 80, rows: 24};
	const text = draw(t, liveFrame(live, false, size, plainTheme, at + 2000), size);
	t.regex(text, /❯ worker-999/u);
	t.regex(text, /of 1000/u);
	t.false(text.includes('worker-1 '));
});

test('text is measured and wrapped in cells', t => {
	t.is(cells('日本'), 4);
	t.is(fit('日本語', 5), '日本…');
	t.is(fit('ab', 4), 'ab  ');
	t.is(textOf(wrap('one two three', 8, 'plain', '  ')), 'one two\n  three');
	t.is(textOf(wrap('abcdefgh', 4)), 'abcd\nefgh');
	const command = 'constellation apply -C /tmp/x --name demo --workers 2 --yes';
	const broken = textOf(shellLines(command, 34)).split('\n');
	t.deepEqual(broken, ['constellation apply -C /tmp/x \\', '  --name demo --workers 2 --yes']);
	t.is(broken.join('\n').replaceAll(/ \\\n +/gu, ' '), command, 'pasted, it is one command again');
	const wide = `constellation apply --name 'a b' --digest ${'5'.repeat(20)} --yes`;
	const narrow = textOf(shellLines(wide, 26)).split('\n');
	t.deepEqual(narrow, ['constellation apply \\', "  --name 'a b' --digest \\", `  ${'5'.repeat(20)} \\`, '  --yes']);
	t.is(narrow.join('\n').replaceAll(/ \\\n +/gu, ' '), wide, 'also where a flag parts from its value');
	t.is(textOf(wrap('  ab', 1)), '\n\na\nb', 'blanks in front of no room at all come to an end too');
	t.is(summary.name, 'demo');
});
