import test from 'ava';
import {AppError} from '../../src/errors.ts';
import {askSource} from '../../src/output/measurement-effects.ts';
import type {WizardAction} from '../../src/wizard/actions.ts';
import {formatDraft, parseDraft} from '../../src/wizard/draft.ts';
import {effectsOf} from '../../src/wizard/effects.ts';
import {equivalentCommands, problems} from '../../src/wizard/form.ts';
import {reduce} from '../../src/wizard/reducer.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import {answersOf} from '../../src/wizard/state.ts';
import {isAsked, stepOf} from '../../src/wizard/steps.ts';
import {measurementsKey} from '../../src/wizard/values.ts';
import {wizardHints} from '../../src/wizard/wizard-keys.ts';
import {byMirror, walkTo} from '../helpers/wizard-walk.ts';
import {vouched} from '../helpers/wizard-world.ts';

const run = (state: WizardState, ...actions: WizardAction[]) => actions.reduce(reduce, state);
const next: WizardAction = {type: 'next'};
const choose = (by: number): WizardAction => ({type: 'choose', by});
const effects = (before: WizardState, action: WizardAction) =>
	effectsOf(before, action, reduce(before, action)).filter(({effect}) => effect === 'measurements');

test('nobody else is asked unless a source is named', t => {
	const review = walkTo('review');
	t.false(isAsked(stepOf('measurements'), review.values, review.facts));
	t.false('measurements' in answersOf(review.values, review.facts));
	t.notRegex(equivalentCommands(review.values, review.facts).join(' '), /--measurements-from|--key/);
	for (const measurementsFrom of ['  ', 'image']) {
		const {values, facts} = walkTo('review', {measurementsFrom});
		t.false(isAsked(stepOf('measurements'), values, facts));
		t.false('measurements' in answersOf(values, facts));
	}
	const open = walkTo('attestation', {measurementsFrom: 'http://mirror.example.org'});
	t.deepEqual(
		problems(open).flatMap(({field, error}) => (field.id === 'measurementsFrom' ? [error] : [])),
		['Use an address that starts with https://.'],
	);
	t.is(run(open, next, next, next, next).step, 'attestation');
});

test('a source that is named is asked when its step comes, once for what is on the form', t => {
	const before = walkTo('attestation', byMirror);
	const asking = run(before, next, next);
	t.deepEqual(effects(asking, next), [{effect: 'measurements', asked: measurementsKey(asking.values)}]);
	const at = reduce(asking, next);
	t.is(at.step, 'measurements');
	// Before its answer nothing can be agreed to, also not by haste.
	t.is(run(at, choose(1), choose(1), next, next).step, 'measurements');
	const late: WizardAction = {type: 'measurements', fact: {asked: 'something else', state: 'done', vouched}};
	t.is(reduce(at, late), at);
	const failed = run(at, {
		type: 'measurements',
		fact: {asked: measurementsKey(at.values), state: 'failed', error: {message: 'no', problems: [], next: []}},
	});
	t.is(run(failed, choose(1), choose(1), next).step, 'measurements');
	t.is(effects(failed, {type: 'again'}).length, 1);
	const hints = (state: WizardState) => wizardHints({state, now: 0, offset: 0, scrollLimit: 0}).map(({shown}) => shown);
	t.true(hints(failed).includes('r'));
	for (const key of ['enter', '←→']) {
		t.false(hints(failed).includes(key), key);
		t.true(hints(walkTo('measurements')).includes(key), key);
	}
});

test('nothing is chosen beforehand; what is declined goes back, and what changes is asked anew', t => {
	const shown = walkTo('measurements');
	t.is(shown.values.measurementsConsent, '');
	const hasty = reduce(shown, next);
	t.is(hasty.step, 'measurements');
	t.true(hasty.judged.has('measurementsConsent'));
	const declined = run(shown, choose(1), next);
	t.like(declined, {step: 'attestation', values: {measurementsConsent: ''}});
	const agreed = run(shown, choose(1), choose(1), next);
	t.is(agreed.step, 'review');
	t.deepEqual(problems(agreed), []);
	t.deepEqual(answersOf(agreed.values, agreed.facts).measurements, {from: 'https://mirror.example.org', keyFile: 'cosign.pub'});
	t.regex(
		equivalentCommands(agreed.values, agreed.facts).join(' '),
		/--measurements-from https:\/\/mirror.example.org --key cosign.pub/,
	);
	// The same answer again takes the consent back as well: it is to what was shown.
	const again = reduce(agreed, {type: 'measurements', fact: {asked: measurementsKey(agreed.values), state: 'done', vouched}});
	t.is(again.values.measurementsConsent, '');
	const other = {...agreed, values: {...agreed.values, image: 'v0.0.9', measurementsFrom: 'bundle'}};
	t.true(problems(other).some(({step, error}) => step === 'measurements' && /not checked/.test(error)));
	t.is(reduce({...other, values: {...other.values, image: 'v0.1.0', consent: 'create'}}, next).step, 'measurements');
	// A draft keeps whom to ask, never what was agreed to.
	const kept = parseDraft(formatDraft(agreed.values));
	t.like(kept, byMirror);
	t.false('measurementsConsent' in kept);
});

test('the answer of the source, or why there is none, becomes a fact; an interrupted question leaves none', async t => {
	const state = walkTo('measurements');
	const asked = measurementsKey(state.values);
	const ask = async (vouch: () => Promise<typeof vouched>, abort = new AbortController()) => {
		const told: string[] = [];
		const dispatch = (action: WizardAction) => {
			if (action.type !== 'measurements') return;
			const {fact} = action;
			told.push(fact.state === 'failed' ? fact.error.message : fact.state);
		};
		const deps = {vouch, crashReport: () => '/tmp/report.txt'};
		await askSource({deps, state: () => state, dispatch}, asked, abort.signal);
		return told;
	};
	t.deepEqual(await ask(async () => vouched), ['running', 'done']);
	const refused = new AppError('not the same', {code: 'measurements-differ', exitCode: 5});
	t.deepEqual(await ask(() => Promise.reject(refused)), ['running', 'not the same']);
	const abort = new AbortController();
	t.deepEqual(
		await ask(async () => {
			abort.abort();
			return vouched;
		}, abort),
		['running'],
	);
});
