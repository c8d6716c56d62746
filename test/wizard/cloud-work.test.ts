import test from 'ava';
import {textOf} from '../../components/lines.ts';
import {leaveBody} from '../../components/overlays.ts';
import {staysWithin} from '../../src/commands/wizard-plan.ts';
import type {PlannedChange} from '../../src/events.ts';
import {wizardEffects} from '../../src/output/wizard-effects.ts';
import type {CloudId} from '../../src/providers/catalogues.ts';
import type {WizardAction} from '../../src/wizard/actions.ts';
import {effectsOf} from '../../src/wizard/effects.ts';
import {problems, valuesFromEnv} from '../../src/wizard/form.ts';
import {reduce, startWizard} from '../../src/wizard/reducer.ts';
import {answersKey, answersOf, identitiesKey, type WizardState} from '../../src/wizard/state.ts';
import {fieldsOf, position} from '../../src/wizard/steps.ts';
import type {StepId} from '../../src/wizard/values.ts';
import {wizardAction, wizardHints} from '../../src/wizard/wizard-keys.ts';
import {at, madeProfiles, onAws, reached, walkTo} from '../helpers/wizard-walk.ts';
import {cloudPlan, identityPlan, wizardWorld} from '../helpers/wizard-world.ts';

const context = (state: WizardState) => ({state, now: at, offset: 0, scrollLimit: 0});
const hints = (state: WizardState) => wizardHints(context(state)).map(({shown}) => shown);
const effect = (before: WizardState, action: WizardAction) =>
	effectsOf(before, action, reduce(before, action)).map(({effect: name}) => name);
const leaving = (state: WizardState) => textOf(leaveBody(state, 200).lines);
const next: WizardAction = {type: 'next'};
const failure = {message: 'AWS refused it.', problems: [], next: []};

test('each cloud is asked for its account and its identities, in its own words', t => {
	const asked = (provider: CloudId, iam: string) => {
		const {values, facts} = startWizard({provider, iam});
		return (['account', 'identity', 'identities'] as StepId[]).map(step => fieldsOf(step, values, facts).map(({id}) => id));
	};
	t.deepEqual(asked('aws', 'make'), [[], ['iam', 'iamPrefix'], []]);
	t.deepEqual(asked('aws', 'existing'), [[], ['iam', 'iamProfileControlPlane', 'iamProfileWorkerNodes'], []]);
	t.deepEqual(asked('azure', 'existing'), [['subscription', 'tenant'], ['iam', 'resourceGroup', 'userAssignedIdentity'], []]);
	t.deepEqual(asked('gcp', 'existing'), [['project'], ['iam', 'serviceAccount'], []]);
	t.deepEqual(asked('stackit', 'make'), [['projectID', 'projectName', 'username'], [], []]);
	t.is(asked('openstack', 'make')[0]?.length, 10);
	const {values, facts} = startWizard({provider: 'openstack'});
	t.is(position('identity', values, facts), undefined);
	t.deepEqual(valuesFromEnv({OS_USERNAME: 'me', CONSTELLATION_USERNAME: 'you'}, 'known'), {username: 'me'});
	t.deepEqual(valuesFromEnv({OS_USERNAME: 'me', CONSTELLATION_USERNAME: 'you'}), {username: 'you'});
});

test('what only the owner knows is judged in the form of the config', t => {
	const error = (values: Parameters<typeof startWizard>[0], field: string) =>
		problems(startWizard(values)).find(problem => problem.field.id === field)?.error;
	t.regex(error({provider: 'azure'}, 'subscription') ?? '', /missing \(az account show/);
	t.regex(error({provider: 'azure', subscription: 'mine'}, 'subscription') ?? '', /hex digits/);
	t.regex(error({provider: 'gcp', project: '12345'}, 'project') ?? '', /not its name or number/);
	t.regex(error({provider: 'gcp', iam: 'existing', serviceAccount: 'me@example.org'}, 'serviceAccount') ?? '', /gserviceaccount/);
	t.regex(error({provider: 'openstack', authURL: 'http://x'}, 'authURL') ?? '', /https/);
	t.is(error({provider: 'openstack', cloud: ''}, 'cloud'), undefined);
	t.regex(error({provider: 'openstack', cloud: 'stackit'}, 'cloud') ?? '', /STACKIT/);
	t.regex(error({provider: 'aws', iamPrefix: '-x'}, 'iamPrefix') ?? '', /letter or digit/);
	t.regex(error({provider: 'aws', nodeImage: 'v0.1.0'}, 'nodeImage') ?? '', /an AMI like .*or empty/);
	t.is(error({provider: 'aws'}, 'nodeImage'), undefined);
	t.regex(error({provider: 'stackit'}, 'nodeImage') ?? '', /name an image by its id/);
});

test('identities are planned, shown, agreed to, made once; then the config names them', t => {
	const choice = walkTo('identity');
	t.is(choice.values.iamPrefix, 'demo', 'they begin as the cluster does');
	const planned = walkTo('identities');
	t.deepEqual(effect({...planned, step: 'identity', focus: 1, facts: choice.facts}, next), ['plan-identities', 'save-draft']);
	t.true(hints(planned).includes('p'));
	const back = reduce({...planned, values: {...planned.values, iamConsent: 'back'}}, next);
	t.is(back.step, 'identity');

	t.deepEqual(effect(planned, next), ['make-identities']);
	const making = reduce(planned, next);
	t.is(making.facts.identities.state, 'making');
	t.is(reduce(making, {type: 'back'}), making, 'while Terraform is at work nobody walks away');
	t.false(hints(making).includes('esc'));
	t.deepEqual(wizardAction(context(making), 'ctrl-c'), {type: 'stop'});
	t.is(reduce(making, next), making, 'and it is not begun twice');
	const asked = identitiesKey(making.values);
	const made = reduce(making, {type: 'identities', asked, state: 'made', values: madeProfiles});
	t.is(made.step, 'image');
	t.deepEqual(answersOf(made.values, made.facts).cloud?.account, madeProfiles);
	const again = reduce(made, {type: 'back'});
	t.is(again.step, 'identities');
	t.deepEqual(effect(again, next), ['save-draft'], 'what is made is not made again');
	t.is(reduce(again, next).step, 'image');

	const other = reduce(planned, {type: 'identities', asked: 'of another region', state: 'planned', plan: identityPlan});
	t.is(other, planned, 'a late answer to an old question');
	const failed = reduce(making, {type: 'identities', asked, state: 'failed', error: failure});
	t.is(failed.step, 'identities');
	t.false(failed.pending);
	t.deepEqual(effect(failed, {type: 'again'}), ['plan-identities']);
	t.is(reduce(failed, {type: 'back'}).step, 'identity');

	const planning: WizardAction = {type: 'identities', asked, state: 'planning'};
	const refused: WizardAction = {type: 'identities', asked, state: 'failed', error: failure};
	t.regex(leaving(made), /The identities exist: constellation iam destroy aws/);
	t.regex(leaving(reduce(reduce(failed, planning), refused)), /Some of the identities may exist: constellation iam destroy aws/);
	t.regex(leaving(reduce(planned, refused)), /Nothing has been created/, 'a plan that failed made nothing');
});

const failedWork = (): WizardState =>
	reduce(walkTo('work', onAws), {type: 'live', action: {type: 'work', work: 'failed', failure}});

test('a failed creation goes on or is taken back on request, with the name typed; never by itself', t => {
	const failed = failedWork();
	t.true(['r', 'x', 'esc'].every(key => hints(failed).includes(key)));
	t.deepEqual(effect(failed, {type: 'again'}), ['apply']);
	const review = reduce(failed, {type: 'back'});
	t.is(review.step, 'review');
	t.is(review.facts.plan.state, 'idle', 'the old plan is worth nothing');
	t.deepEqual(effect(failed, {type: 'back'}), ['plan']);

	const removal = reduce(failed, {type: 'remove'});
	t.is(removal.step, 'removal');
	const wrong = reduce(reduce(removal, {type: 'edit', edit: {edit: 'insert', text: 'dem'}}), next);
	t.is(wrong.step, 'removal');
	t.true(wrong.judged.has('removal'));
	t.deepEqual(effect(wrong, {type: 'back'}), []);
	t.is(reduce(wrong, {type: 'back'}).live.work, 'failed');
	const right = reduce(wrong, {type: 'edit', edit: {edit: 'insert', text: 'o'}});
	t.deepEqual(effect(right, next), ['remove']);
	const removed = reduce(reduce(right, next), {type: 'removed', what: ['47 resources in AWS']});
	t.is(removed.ended, 'removed');
	const stuck = reduce(reduce(right, next), {type: 'live', action: {type: 'work', work: 'failed', failure}});
	t.deepEqual(effect(stuck, {type: 'again'}), ['remove'], 'trying again removes, and does not create');
	t.false(hints(stuck).includes('x'));
});

test('an infrastructure without machines is an end of its own', t => {
	const done = reduce(walkTo('work', onAws), reached);
	t.is(done.step, 'summary');
	t.false(hints(done).includes('esc'));
	t.is(reduce(done, {type: 'back'}), done);
	t.is(reduce(done, next).ended, 'reached');
	t.deepEqual(effect(done, next), ['end']);
});

test('a config that is there already has only its review', t => {
	const state = startWizard({...onAws, name: 'demo', instanceType: 'anything'}, 'review', {settled: true});
	t.deepEqual(position('review', state.values, state.facts), {index: 1, total: 1});
	t.deepEqual(problems(state), [], 'the config was checked as a whole');
	t.deepEqual(
		fieldsOf('review', state.values, state.facts).flatMap(({options}) =>
			options?.(state.values, state.facts).map(({value}) => value),
		),
		['create', 'back'],
	);
	t.is(reduce(state, {type: 'back'}).overlay, 'leave');
	const planned = reduce(state, {type: 'plan', asked: answersKey(state.values), state: 'done', plan: cloudPlan});
	t.deepEqual(effect(planned, next), ['apply'], 'and is no draft of another cluster');
});

test('only what finishes the work that was agreed to goes on without a question', t => {
	const plan = (...changes: [string, PlannedChange['action']][]) => ({
		changes: changes.map(([address, action]) => ({address, action, kind: ''})),
	});
	const agreed = plan(['vpc', 'create'], ['lb', 'create'], ['group', 'update'], ['old', 'delete'], ['role', 'no-op']);
	t.true(staysWithin(agreed, plan()));
	t.true(staysWithin(agreed, plan(['lb', 'replace'], ['group', 'update'], ['vpc', 'no-op'])), 'half there');
	t.true(staysWithin(agreed, plan(['old', 'delete'], ['data', 'read'])));
	t.false(staysWithin(agreed, plan(['new', 'create'])));
	t.false(staysWithin(agreed, plan(['group', 'replace'])));
	t.false(staysWithin(agreed, plan(['role', 'update'])));
	t.false(staysWithin(agreed, plan(['old', 'create'])));
});

test('a plan that others replace is stopped, and ends before the newest begins', async t => {
	const seen: string[] = [];
	const [held, told] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
	let plans = 0;
	const deps = wizardWorld({
		async *plan(_answers, signal) {
			const number = (plans += 1);
			seen.push(`${number} begins`);
			yield {type: 'waiting', message: 'terraform plan', at};
			if (number === 1) await held.promise;
			seen.push(`${number} ends${signal.aborted ? ', stopped' : ''}`);
			return cloudPlan;
		},
	});
	const state = walkTo('review', onAws);
	const effects = wizardEffects({
		deps,
		state: () => state,
		dispatch: action => {
			if (action.type === 'plan' && action.state === 'done') told.resolve(undefined);
		},
		collect: () => undefined,
		drain: () => undefined,
		end: error => {
			t.fail(String(error));
		},
	});
	for (let count = 0; count < 3; count += 1) effects.perform({effect: 'plan', asked: answersKey(state.values)});
	held.resolve(undefined);
	await told.promise;
	// What was replaced before it could begin never does.
	t.deepEqual(seen, ['1 begins', '1 ends, stopped', '2 begins', '2 ends']);
});
