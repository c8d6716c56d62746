import test from 'ava';
import {upgradeEffects} from '../../src/wizard/upgrade/effects.ts';
import {upgradeAction, upgradeHints, upgradeKeySections, upgradeText} from '../../src/wizard/upgrade/keys.ts';
import type {UpgradeAction} from '../../src/wizard/upgrade/reducer.ts';
import {reduceUpgrade, startUpgrade} from '../../src/wizard/upgrade/reducer.ts';
import type {UpgradeState} from '../../src/wizard/upgrade/state.ts';
import {askedOf, consentsOf, obstacle, proposalFor, upgradeStepIds} from '../../src/wizard/upgrade/state.ts';
import {upgradeCommand, upgradeSteps} from '../../src/wizard/upgrade/steps.ts';
import {digestOf, offerFor} from '../helpers/upgrade-offer.ts';
import {answer, lookedAt, runUpgradeActions as run, walkUpgrade} from '../helpers/upgrade-walk.ts';
import {vouched} from '../helpers/wizard-world.ts';

const next: UpgradeAction = {type: 'next'};
const back: UpgradeAction = {type: 'back'};
const context = (state: UpgradeState) => ({state, offset: 0, scrollLimit: 0});
const press = (state: UpgradeState, ...keys: string[]) =>
	keys.reduce((now, key) => {
		const action = upgradeAction(context(now), key);
		return action === undefined ? now : reduceUpgrade(now, action);
	}, state);
const concerns = [
	{code: 'policy-weaker', message: 'Register 4 would only be reported.'},
	{code: 'policy-weaker', message: 'Register 11 would not be checked any more.'},
] as const;

test('enter walks through every step once everything was agreed to; back walks back and keeps the target', t => {
	const consent = walkUpgrade('consent');
	const seen: string[] = [];
	let state = consent;
	for (let count = 0; count < 12 && state.overlay === undefined; count += 1) {
		if (seen.at(-1) !== state.step) seen.push(state.step);
		state = press(state, 'escape');
	}
	t.deepEqual(seen, [...upgradeStepIds.slice(0, 5)].reverse());
	t.is(state.overlay, 'leave');
	t.deepEqual(askedOf(state.values), {image: 'v0.2.0', kubernetes: 'v1.31.13'});
	t.is(press(state, 'enter').ended, 'left');
	t.is(press(walkUpgrade('work'), 'escape').step, 'work', 'what was begun is not taken back by a key');
	t.is(press(walkUpgrade('summary'), 'enter').ended, 'done');
});

test('nothing is chosen for a person where trust is asked for, and declining one part ends all', t => {
	const asked = walkUpgrade('measurements', offerFor({}, {concerns}));
	const silent = press(asked, 'enter', 'enter');
	t.is(silent.step, 'measurements');
	t.is(silent.focus, 0);
	t.true(silent.judged.has('concern-0'));
	t.is(run(answer(asked, 'no'), next).ended, 'left');
	const one = run(answer(asked, 'yes'), next);
	t.is(one.focus, 1, 'each concern is a question of its own');
	t.is(run(answer(one, 'no'), next).ended, 'left');
	const both = run(answer(one, 'yes'), next);
	t.is(run(answer(both, 'decline'), next).ended, 'left');
	const all = run(answer(both, 'accept'), next);
	t.is(all.step, 'plan');
	const proposal = proposalFor(all.values, all.facts);
	t.deepEqual(proposal && consentsOf(all.values, proposal), {measurements: digestOf('v0.2.0'), concerns: ['policy-weaker']});
	for (const key of ['concern-0', 'concern-1', 'measurements'])
		t.is(proposal && consentsOf({...all.values, [key]: ''}, proposal), undefined, key);
	t.is(run(answer(walkUpgrade('consent'), 'leave'), next).ended, 'left');
	t.is(run(answer(walkUpgrade('consent'), 'back'), next).step, 'plan');
});

test('another target is looked at first, and takes every consent with it', t => {
	const agreed = walkUpgrade('consent');
	const target = run(agreed, back, back, back);
	t.is(target.step, 'target');
	const other = answer(target, 'v0.1.1');
	t.is(other.values['measurements'], undefined);
	const pending = run(other, next, next);
	t.true(pending.pending);
	t.deepEqual(upgradeEffects(run(other, next), next, pending), [
		{effect: 'check', asked: {image: 'v0.1.1', kubernetes: 'v1.31.13'}},
	]);
	const asked = askedOf(pending.values);
	const late = run(pending, {type: 'checking', asked}, {type: 'checked', asked: {image: 'v0.2.0'}, offer: offerFor()});
	t.is(late.facts.state, 'running', 'a late answer to something else is dropped');
	const there = run(late, {type: 'checked', asked, offer: offerFor(asked)});
	t.is(there.step, 'measurements');
	t.is(there.values['measurements'], undefined);
	const same = run(answer(run(target, next), 'v1.31.13'), next);
	t.is(same.step, 'measurements', 'what was looked at is not looked at again');
	const nothing = {image: 'v0.1.0', kubernetes: 'v1.31.13'};
	const still = run(
		run(answer(target, 'v0.1.0'), next, next),
		{type: 'checking', asked: nothing},
		{type: 'checked', asked: nothing, offer: offerFor(nothing)},
	);
	t.is(still.step, 'target');
	t.false(run(still, next).pending, 'where nothing would change, nothing goes on');
});

test('a look that finds other measurements takes the consent back, wherever the person is', t => {
	const offer = offerFor({}, {concerns});
	const changed = run(walkUpgrade('plan'), {type: 'checking', asked: {}}, {type: 'checked', asked: {}, offer});
	t.is(changed.step, 'measurements');
	t.is(changed.values['measurements'], undefined);
	const again = run(walkUpgrade('plan'), {type: 'checking', asked: {}}, {type: 'checked', asked: {}, offer: offerFor()});
	t.is(again.step, 'plan');
	t.is(again.values['measurements'], 'accept', 'the same once more is no other decision');
});

test('what must not begin does not, and says why', t => {
	const budgets = [{namespace: 'web', name: 'front', allowed: 0, pods: ['front-a']}];
	const mishap = {kind: 'restarted', node: 'control-plane-0'} as const;
	const counterexample = {after: 5, step: 'workers', mishap, condition: 'service-accepts-node', sentence: 'no way in'} as const;
	for (const [changes, word] of [
		[{budgets}, /web\/front allows no eviction/u],
		[{counterexample}, /no way in/u],
	] as const) {
		const state = walkUpgrade('plan', offerFor({}, changes));
		const proposal = proposalFor(state.values, state.facts);
		t.regex((proposal && obstacle(proposal)) ?? '', word);
		t.is(press(state, 'enter').step, 'plan');
		t.is(run(state, next).step, 'plan', 'whatever key it was');
		t.false(upgradeHints(context(state)).some(({shown}) => shown === 'enter'));
		t.deepEqual(upgradeEffects(state, {type: 'again'}, state), [{effect: 'check', asked: state.facts.asked}]);
	}
	const {proposal: _, ...offer} = offerFor();
	t.is(press(lookedAt({...offer, busy: true}), 'enter').step, 'check');
	const none = {...offer.parts.image, versions: []};
	const settled = {...offer, parts: {image: none, services: none, kubernetes: none}};
	t.is(press(lookedAt(settled), 'enter').ended, 'nothing');
	t.is(press(lookedAt(offer), 'enter').step, 'target', 'something else is possible');
});

test('enter before the cluster has answered waits for it; a failed look can be tried again', t => {
	const waiting = press(startUpgrade({image: 'v0.2.0'}), 'enter');
	t.true(waiting.pending);
	const asked = {image: 'v0.2.0'};
	t.is(run(waiting, {type: 'checked', asked, offer: offerFor(asked)}).step, 'target');
	const failed = run(waiting, {type: 'check-failed', asked, error: {message: 'no', problems: [], next: []}});
	t.is(press(failed, 'enter').step, 'check');
	t.true(upgradeHints(context(failed)).some(({hint}) => hint === 'check again'));
	t.is(press(failed, 'ctrl-c').ended, 'left');
});

test('the work begins only with the last consent; ctrl-c leaves it whatever covers it', t => {
	const consent = walkUpgrade('consent');
	const work = run(consent, next);
	t.deepEqual(upgradeEffects(consent, next, work), [{effect: 'begin'}]);
	const revoked = run({...consent, values: {...consent.values, measurements: ''}}, next);
	t.is(revoked.step, 'measurements');
	const live = walkUpgrade('work');
	t.deepEqual(upgradeAction(context(live), 'ctrl-c'), {type: 'stop'});
	t.deepEqual(upgradeAction(context({...live, overlay: 'help'}), 'ctrl-c'), {type: 'stop'});
	t.true(upgradeHints(context(live)).some(({hint}) => hint === 'detach, it goes on'));
	t.false(upgradeHints(context(live)).some(({hint}) => hint === 'stop cleanly'));
	const pausing = press(live, 'p');
	t.true(pausing.pausing);
	t.deepEqual(upgradeEffects(live, {type: 'pause'}, pausing), [{effect: 'pause'}]);
	t.is(upgradeAction(context(pausing), 'p'), undefined, 'once is enough');
	t.false(run(pausing, {type: 'not-paused'}).pausing);
	const failed = run(live, {type: 'live', action: {type: 'work', work: 'failed'}});
	t.is(upgradeAction(context(failed), 'r'), undefined, 'a run is not begun twice from here');
	t.is(press(failed, 'enter').ended, 'left');
	t.deepEqual(upgradeEffects(failed, {type: 'leave'}, press(failed, 'enter')), [{effect: 'end'}]);
});

test('ctrl-c asks once where answers could be lost; letters are text only in the log filter', t => {
	const plan = press(walkUpgrade('plan'), 'ctrl-c');
	t.is(plan.overlay, 'leave');
	t.is(press(plan, 'ctrl-c').ended, 'left');
	t.is(press(plan, 'escape').overlay, undefined);
	t.is(press(walkUpgrade('plan'), '?').overlay, 'help');
	t.is(press(walkUpgrade('plan'), 'e', 'e').overlay, undefined);
	const filter = press(walkUpgrade('work'), 'l', '/');
	t.deepEqual(upgradeText(context(filter), 'join'), {
		type: 'live',
		action: {type: 'filter-edit', edit: {edit: 'insert', text: 'join'}},
	});
	t.is(upgradeText(context(walkUpgrade('work')), 'join'), undefined);
	t.true(upgradeKeySections().length > 2);
});

test('the equivalent command and the flags come from the table', t => {
	const state = walkUpgrade('consent', offerFor({kubernetes: 'v1.32.9'}, {concerns}));
	t.is(
		upgradeCommand(state.values, state.facts),
		`constellation upgrade apply --image v0.2.0 --kubernetes v1.32.9 --accept-measurements ${digestOf('v0.2.0')} --accept-concerns policy-weaker --yes`,
	);
	const flags = ['--measurements-from', 'my mirror', '--key', 'cosign.pub'];
	const named = walkUpgrade('consent', offerFor({}, {vouched: {...vouched, flags}}));
	t.regex(upgradeCommand(named.values, named.facts), / --measurements-from 'my mirror' --key cosign\.pub --accept-measurements /);
	t.deepEqual(
		upgradeSteps.flatMap(({fields}) => fields.map(({flag}) => flag)),
		['--image', '--kubernetes', '--accept-concerns', '--accept-measurements', '--yes'],
	);
});
