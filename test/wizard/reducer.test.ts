import test from 'ava';
import {commandTable, globalFlags} from '../../src/commands/table.ts';
import type {WizardAction} from '../../src/wizard/actions.ts';
import {formatDraft, parseDraft} from '../../src/wizard/draft.ts';
import {effectsOf} from '../../src/wizard/effects.ts';
import {equivalentCommands, judge, needALook, optionsOf, problems, questionTable, valuesFromEnv} from '../../src/wizard/form.ts';
import {homeItems, reduceHome} from '../../src/wizard/home.ts';
import {reduce, startWizard} from '../../src/wizard/reducer.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import {answersKey, answersOf} from '../../src/wizard/state.ts';
import {fieldsOf, setupSteps} from '../../src/wizard/steps.ts';
import {acts, type FieldId, type StepId, stepIds} from '../../src/wizard/values.ts';
import {takesText, wizardAction, wizardHints, wizardKeySections, wizardText} from '../../src/wizard/wizard-keys.ts';
import {at, madeProfiles, onAws, walkTo} from '../helpers/wizard-walk.ts';
import {canaryKey, plan, versions} from '../helpers/wizard-world.ts';

const type = (text: string): WizardAction => ({type: 'edit', edit: {edit: 'insert', text}});
const clear: WizardAction = {type: 'edit', edit: {edit: 'delete-to-start'}};
const run = (state: WizardState, ...actions: WizardAction[]) => actions.reduce(reduce, state);
const context = (state: WizardState) => ({state, now: at, offset: 0, scrollLimit: 0});
const press = (state: WizardState, ...keys: string[]) =>
	keys.reduce((now, key) => {
		const action = wizardAction(context(now), key) ?? (key.length === 1 ? wizardText(context(now), key, false) : undefined);
		return action === undefined ? now : reduce(now, action);
	}, state);

test('enter walks through every question; back walks back and keeps every answer', t => {
	const review = walkTo('review');
	t.is(review.step, 'review');
	t.deepEqual(problems(review), []);
	let state = review;
	const seen: string[] = [];
	for (let step = 0; step < 12 && state.overlay === undefined; step += 1) {
		seen.push(state.step);
		state = reduce(state, {type: 'back'});
	}
	t.deepEqual([...new Set(seen)], ['review', 'attestation', 'kubernetes', 'nodes', 'name', 'provider', 'checks', 'folder']);
	t.is(state.overlay, 'leave');
	t.deepEqual(state.values, review.values);
	t.deepEqual(answersOf(review.values, review.facts), {
		folder: '/home/you/demo',
		ignoreRules: true,
		provider: 'local',
		name: 'demo',
		controlPlanes: 1,
		workers: 2,
		kubernetes: 'v1.32.9',
		image: 'v0.1.0',
	});
});

test('an error holds the step, shows once tried, and never holds the way back', t => {
	const wrong = run(walkTo('name'), clear, type('Demo'));
	t.false(wrong.judged.has('name'));
	const tried = reduce(wrong, {type: 'next'});
	t.is(tried.step, 'name');
	t.true(tried.judged.has('name'));
	t.false(reduce(tried, type('x')).judged.has('name'));
	const back = reduce(tried, {type: 'back'});
	t.is(back.step, 'provider');
	t.is(back.values.name, 'Demo');
});

test('changing an early answer judges the later ones again and names them', t => {
	const long = 'a-name-of-more-than-nine';
	const review = run(walkTo('name'), clear, type(long), {type: 'next'});
	t.is(review.step, 'nodes');
	const moved = {...review, values: {...review.values, provider: 'aws'}};
	t.deepEqual(needALook(moved), ['name']);
	t.is(reduce({...moved, step: 'review'}, {type: 'next'}).step, 'protection', 'the first question that is open');
});

const nodeCounts = [
	['controlPlanes', '0', 'error'],
	['controlPlanes', '1', 'warning'],
	['controlPlanes', '2', 'warning'],
	['controlPlanes', '3', 'fine'],
	['controlPlanes', '4', 'warning'],
	['controlPlanes', '11', 'error'],
	['controlPlanes', 'x', 'error'],
	['workers', '0', 'warning'],
	['workers', '2', 'fine'],
	['workers', '101', 'error'],
] as const;
for (const [field, value, verdict] of nodeCounts) {
	test(`${value} ${field} is ${verdict === 'fine' ? 'fine' : `a ${verdict}`}`, t => {
		const state = walkTo('nodes');
		const spec = setupSteps.flatMap(step => step.fields).find(({id}) => id === field);
		const judged = spec?.validate?.(value, {...state.values, [field]: value}, state.facts) ?? {};
		t.is(judged.error === undefined ? (judged.warning === undefined ? 'fine' : 'warning') : 'error', verdict);
	});
}

test('what is not built yet is listed and cannot be chosen', t => {
	const state = walkTo('provider');
	const last = press(state, ...Array.from({length: 12}, () => 'down'));
	t.is(last.values.provider, 'stackit', 'the one below it is not built');
	const forced = {...state, values: {...state.values, provider: 'qemu'}};
	t.is(reduce(forced, {type: 'next'}).step, 'provider');
});

test('enter before the world has answered waits for it instead of being lost', t => {
	const early = reduce(startWizard(), {type: 'next'});
	t.is(early.step, 'folder');
	t.true(early.pending);
	const answered = reduce(early, {type: 'folder', asked: '.', report: {path: '/x', notes: []}});
	t.is(answered.step, 'checks');
	const late = reduce(run(early, clear, type('other')), {type: 'folder', asked: '.', report: {path: '/x', notes: []}});
	t.is(late.step, 'folder');
	t.is(late.facts.folder, undefined);
});

test('a folder in a git tree asks for ignore rules; an unusable one holds', t => {
	const git = {path: '/x', notes: ['In a git repository.'], git: {root: '/', ignored: false}};
	const state = run(startWizard(), {type: 'folder', asked: '.', report: git}, {type: 'next'});
	t.is(state.step, 'folder');
	t.is(state.focus, 1);
	t.is(press(state, 'right').values.ignoreRules, 'no');
	t.is(reduce(state, {type: 'next'}).step, 'checks');
	const bad = run(startWizard(), {
		type: 'folder',
		asked: '.',
		report: {path: '/x', problem: 'This is the tool itself.', notes: []},
	});
	t.is(reduce(bad, {type: 'next'}).step, 'folder');
});

test('a failed check holds, a warning does not', t => {
	const checks = walkTo('checks');
	const failed: WizardAction = {type: 'check', asked: '.', check: {id: 'ports', title: 'Ports', state: 'failed'}};
	t.is(run(checks, failed, {type: 'next'}).step, 'checks');
	t.is(reduce(checks, {type: 'next'}).step, 'provider');
});

test('what only nodes on this machine need holds nobody who chooses a cloud', t => {
	const ports = {id: 'addresses', title: 'Ports', state: 'failed', detail: 'Port 6443 is taken.', only: 'local'} as const;
	const checks = run(walkTo('checks'), {type: 'check', asked: '.', check: ports});
	const local = run(checks, {type: 'next'}, {type: 'next'});
	t.is(local.step, 'provider');
	const [field] = fieldsOf('provider', local.values, local.facts);
	if (field === undefined) return t.fail('no question');
	t.regex(judge(field, local).error ?? '', /^Port 6443 is taken\. Mend it/);
	t.is(optionsOf(field, local)[0]?.status, 'a check failed');
	const cloud = run(local, {type: 'choose', by: 1}, {type: 'next'});
	t.is(cloud.step, 'protection');
	t.deepEqual(problems(cloud), problems({...cloud, facts: walkTo('checks').facts}));
	const mended = run(local, {type: 'back'}, {type: 'check', asked: '.', check: {...ports, state: 'ok'}}, {type: 'next'});
	t.is(run(mended, {type: 'next'}).step, 'name');
});

test('consent needs a plan for exactly these answers', t => {
	const review = walkTo('review');
	t.is(reduce(review, {type: 'next'}).step, 'work');
	const running = run(review, {type: 'plan', asked: review.facts.plan.asked, state: 'running'});
	t.is(reduce(running, {type: 'next'}).step, 'review');
	const changed = run(review, {type: 'back'}, {type: 'back'}, {type: 'back'}, {type: 'focus', by: 1}, clear, type('5'));
	t.is(changed.values.workers, '5');
	const again = Array.from({length: 6}).reduce<WizardState>(
		now => (now.step === 'review' ? now : reduce(now, {type: 'next'})),
		changed,
	);
	t.is(again.step, 'review');
	const effects = effectsOf({...again, step: 'attestation'}, {type: 'next'}, again);
	t.true(effects.some(({effect}) => effect === 'plan'));
	t.is(reduce(again, {type: 'next'}).step, 'review', 'the plan that is there is one for other answers');
	const planning = run(again, {type: 'plan', asked: answersKey(again.values), state: 'running'});
	const late = run(planning, {type: 'plan', asked: review.facts.plan.asked, state: 'done', plan});
	t.is(late.facts.plan.state, 'running', 'late answers are dropped');
});

test('effects follow from what changed', t => {
	const of = (before: WizardState, action: WizardAction) =>
		effectsOf(before, action, reduce(before, action)).map(({effect}) => effect);
	t.deepEqual(of(walkTo('folder'), {type: 'next'}), ['checks', 'save-draft']);
	t.deepEqual(of(walkTo('review'), {type: 'next'}), ['apply', 'save-draft']);
	t.deepEqual(of(walkTo('folder'), type('x')), ['folder', 'save-draft']);
	t.deepEqual(of(walkTo('summary'), {type: 'next'}), ['end']);
	t.deepEqual(of({...walkTo('review'), values: {...walkTo('review').values, consent: 'save'}}, {type: 'next'}), ['save-config']);
	t.deepEqual(of(walkTo('work'), {type: 'stop'}), ['stop']);
});

test('a config edited by hand is planned anew, whatever it answers; one that the wizard writes for a cloud is not offered', t => {
	const review = walkTo('review');
	t.deepEqual(wizardAction(context(review), 'v'), {type: 'edit-config'});
	t.deepEqual(effectsOf(review, {type: 'edit-config'}, review), [{effect: 'edit-config'}]);
	const edited: WizardAction = {type: 'edited', values: {workers: '5'}};
	const after = reduce(review, edited);
	t.is(after.values.workers, '5');
	t.true(effectsOf(review, edited, after).some(({effect}) => effect === 'plan'));
	const same: WizardAction = {type: 'edited', values: {}};
	t.true(
		effectsOf(review, same, reduce(review, same)).some(({effect}) => effect === 'plan'),
		'it may say more than is asked',
	);
	t.is(wizardAction(context({...review, values: {...review.values, provider: 'aws'}}), 'v'), undefined);
});

test('the copy is confirmed by the last six characters of the key, or put off; nothing else', t => {
	const last = Buffer.from(canaryKey).toString('base64').slice(-6);
	const secrets = walkTo('secrets');
	t.is(run(secrets, type(last), {type: 'next'}).secrets.copy, 'confirmed');
	t.is(run(secrets, type(' LATER '), {type: 'next'}).secrets.copy, 'later');
	const wrong = run(secrets, type('abcdef'), {type: 'next'});
	t.is(wrong.step, 'secrets');
	t.true(wrong.judged.has('copy'));
	t.is(run({...secrets, secrets: {card: false, typing: true, copy: 'open'}}, type(''), {type: 'next'}).step, 'secrets');
});

test('the secret hides by key and after 30 seconds', t => {
	const shown = press(walkTo('secrets'), 's');
	t.is(shown.secrets.shownUntil, at + 30_000);
	t.is(press(shown, 's').secrets.shownUntil, undefined);
	t.is(run(shown, {type: 'tick', now: at + 29_999}).secrets.shownUntil, at + 30_000);
	t.is(run(shown, {type: 'tick', now: at + 30_000}).secrets.shownUntil, undefined);
	t.is(run(shown, type('later'), {type: 'next'}).secrets.shownUntil, undefined);
});

test('letters are keys where nothing is typed and text where something is', t => {
	const secrets = walkTo('secrets');
	t.is(press(secrets, 'l', 'a', 't', 'e', 'r').values.copy, 'later');
	t.is(press(secrets, 'enter', 's', 'i').values.copy, 'si');
	t.is(press(walkTo('name'), '?', 'e').values.name, 'demo?e');
	t.is(press(walkTo('provider'), '?').overlay, 'help');
	t.is(press(walkTo('provider'), '?', '?').overlay, undefined);
	t.is(press(walkTo('provider'), 'e').overlay, 'explain');
	t.true(takesText(context(walkTo('name'))));
	t.is(wizardText(context(walkTo('provider')), 'pasted\nlines', true), undefined);
});

test('ctrl-c asks once where answers could be lost, then leaves', t => {
	t.is(press(startWizard(), 'ctrl-c').ended, 'left');
	const asked = press(walkTo('name'), 'ctrl-c');
	t.is(asked.overlay, 'leave');
	t.is(press(asked, 'ctrl-c').ended, 'left');
	t.is(press(asked, 'escape').overlay, undefined);
	t.is(press(walkTo('secrets'), 'ctrl-c').ended, 'created');
});

test('a cluster that is there is not asked about again: no question before its review, none for a copy that was stored', t => {
	const {summary, values} = walkTo('secrets');
	if (summary === undefined) throw new Error('no summary');
	const at = (step: StepId, copied: boolean) => startWizard(values, step, {settled: true, copied});
	t.is(run(at('review', false), {type: 'back'}).step, 'review');
	t.is(run(at('work', true), {type: 'created', summary}).step, 'summary');
	t.is(run(at('work', false), {type: 'created', summary}).step, 'secrets');
});

test('the footer shows only keys that work, whatever the state', t => {
	for (const step of stepIds) {
		const state = walkTo(step);
		for (const {shown} of wizardHints(context(state))) {
			const keys = wizardKeySections().flatMap(section => section.keys.map(key => key.shown));
			t.true(keys.includes(shown), `${step}: ${shown}`);
		}
	}
	t.false(wizardHints(context(walkTo('name'))).some(({shown}) => shown === '?'));
});

test('ctrl-c stops the work whatever covers it', t => {
	const covered = press(walkTo('work'), '?');
	t.is(covered.overlay, 'help');
	t.deepEqual(wizardAction(context(covered), 'ctrl-c'), {type: 'stop'});
});

test('a draft keeps answers and nothing else, and survives damage', t => {
	const state = run(walkTo('secrets'), type('later'));
	const text = formatDraft(state.values);
	t.false(text.includes('later'));
	t.false(text.includes('consent'));
	const answered = Object.entries(state.values).filter(([id, value]) => value !== '' && !acts.has(id as FieldId));
	t.deepEqual(parseDraft(text), Object.fromEntries(answered));
	for (const broken of ['', '{', 'draft: 2', 'draft: 1\nanswers: [1]', '- x', 'x'.repeat(20_000)])
		t.deepEqual(parseDraft(broken), {});
	t.deepEqual(parseDraft('draft: 1\nanswers: {name: demo, workers: 3, evil: x}'), {name: 'demo'});
});

test('the equivalent command comes from the table', t => {
	const {values, facts} = walkTo('review');
	t.deepEqual(equivalentCommands(values, facts), [
		'constellation apply --name demo --control-planes 1 --workers 2 --kubernetes v1.32.9 --image v0.1.0 --yes',
	]);
	t.regex(equivalentCommands({...values, folder: "it's here"}, facts)[0] ?? '', /-C 'it'\\''s here'/u);
	const settled = equivalentCommands({...values, folder: 'demo'}, {...facts, settled: true});
	t.deepEqual(settled, ['constellation apply -C demo --yes']);
	t.deepEqual(valuesFromEnv({CONSTELLATION_NAME: 'other', CONSTELLATION_WORKERS: '', PATH: '/'}), {name: 'other'});
});

test('on a cloud the commands write the config, make the identities in it, and create; each flag is one that they have', t => {
	const made = walkTo('review', {...onAws, folder: 'demo'});
	t.deepEqual(equivalentCommands(made.values, made.facts), [
		'constellation config generate aws -C demo --attestation aws-sev-snp --region eu-west-1 --zone eu-west-1a --instance-type m6a.xlarge --source-ranges 198.51.100.7/32 --name demo --control-planes 1 --workers 2 --kubernetes v1.32.9',
		'constellation iam create aws -C demo --prefix demo --yes',
		'constellation apply -C demo --yes',
	]);
	const own = walkTo('review', {...onAws, iam: 'existing', ...madeProfiles, nodeImage: 'ami-0123456789abcdef0'});
	const [generate = '', apply] = equivalentCommands(own.values, own.facts);
	t.regex(generate, /--control-plane-profile demo_control_plane_profile --worker-profile demo_worker_profile --image ami-/);
	t.is(apply, 'constellation apply --yes');

	const flagsOf = (...names: string[]) =>
		new Map<string, string | undefined>([
			...globalFlags.map(({short = '', env}) => [`-${short}`, env] as const),
			['--yes', undefined] as const,
			...commandTable
				.filter(({name}) => names.includes(name))
				.flatMap(({flags}) => flags.map(({name, env}) => [`--${name}`, env] as const)),
		]);
	const known = flagsOf('apply', 'config generate', 'iam create');
	for (const {field, flag, env} of questionTable()) {
		if (flag === undefined) continue;
		t.true(known.has(flag), `${field}: no command has ${flag}`);
		if (env !== undefined) t.is(known.get(flag), env, flag);
	}
});

test('versions fill in defaults, never answers', t => {
	t.is(run(startWizard({kubernetes: 'v1.30.14'}), {type: 'versions', versions}).values.kubernetes, 'v1.30.14');
	t.is(run(startWizard(), {type: 'versions', versions}).values.kubernetes, 'v1.32.9');
});

test('the home screen offers what makes sense, and only that can be chosen', t => {
	const facts = {name: 'demo', provider: 'local', checkedAt: 0} as const;
	const first = (state: Parameters<typeof homeItems>[0]['state']) => homeItems({...facts, state})[0]?.id;
	t.is(first('configured'), 'apply');
	t.is(first('running'), 'watch');
	t.is(first('stopped'), 'start');
	t.is(homeItems({...facts, state: 'running'}).at(-1)?.id, 'terminate');
	const stops = (state: Parameters<typeof homeItems>[0]['state']) => homeItems({...facts, state}).some(({id}) => id === 'stop');
	t.deepEqual([stops('running'), stops('stopped'), stops('configured')], [true, false, false]);
	const scales = (scalable: boolean) => homeItems({...facts, state: 'created', scalable}).some(({id}) => id === 'scale');
	t.deepEqual([scales(true), scales(false)], [true, false]);
	const home = {facts: {...facts, state: 'running'} as const, selected: 0, help: false, left: false};
	t.is(reduceHome(home, 'enter').chosen, 'watch');
	t.is(reduceHome(reduceHome(home, 'down'), 'enter').chosen, 'verify');
	t.true(reduceHome(home, 'ctrl-c').left);
	t.false(reduceHome(reduceHome(home, '?'), 'q').left);
});
