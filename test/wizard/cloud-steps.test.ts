import test from 'ava';
import {formatDraft, parseDraft} from '../../src/wizard/draft.ts';
import {matching, needALook, optionsOf, problems} from '../../src/wizard/form.ts';
import {judgeName, judgeSourceRanges} from '../../src/wizard/judge.ts';
import {reduce, startWizard} from '../../src/wizard/reducer.ts';
import {answersOf, type WizardState} from '../../src/wizard/state.ts';
import {fieldsOf, position, setupSteps} from '../../src/wizard/steps.ts';
import {type StepId, type Values} from '../../src/wizard/values.ts';
import {wizardAction, wizardText} from '../../src/wizard/wizard-keys.ts';

const aws: Partial<Values> = {provider: 'aws', name: 'demo', variant: 'aws-sev-snp', sourceRanges: '198.51.100.7/32'};

/** Enters the questions of clouds one after the other, as going on would. */
function answered(values: Partial<Values>): WizardState {
	return (['protection', 'place', 'machines', 'access'] as const).reduce(
		(state, step) => ({...startWizard(state.values, step), passed: new Set([...state.passed, step])}),
		startWizard(values),
	);
}

const shown = (state: WizardState, id: string) => {
	const field = fieldsOf(state.step, state.values, state.facts).find(each => each.id === id);
	return field === undefined ? [] : optionsOf(field, state);
};

test('only clouds are asked the questions of clouds, and only they count', t => {
	const asked = (provider: string) =>
		setupSteps
			.filter(step => fieldsOf(step.id, startWizard({provider}).values, startWizard().facts).length > 0)
			.map(({id}) => id);
	t.deepEqual(
		asked('aws').filter(id => !asked('local').includes(id)),
		['protection', 'place', 'machines', 'access', 'identity', 'image'],
	);
	const {values, facts} = startWizard({provider: 'local'});
	t.is(position('review', values, facts)?.total, 8);
	t.is(position('review', startWizard(aws).values, facts)?.total, 14);
	t.is(answersOf(values, facts).cloud, undefined);
});

test('lists start with what fits the answers before, and follow them', t => {
	const state = answered({provider: 'aws', sourceRanges: '198.51.100.7/32, 203.0.113.0/24'});
	t.like(answersOf(state.values, state.facts).cloud, {
		variant: 'aws-sev-snp',
		region: 'eu-west-1',
		zone: 'eu-west-1a',
		instanceType: 'm6a.xlarge',
		sourceRanges: ['198.51.100.7/32', '203.0.113.0/24'],
	});
	const other = reduce(startWizard(state.values, 'place'), {type: 'choose', by: 1});
	t.like(other.values, {region: 'us-east-2', zone: 'us-east-2a'});
	const gcp = answered({provider: 'gcp', sourceRanges: '198.51.100.7/32'});
	t.like(gcp.values, {variant: 'gcp-sev-snp', region: 'europe-west3', zone: 'europe-west3-a', instanceType: 'n2d-standard-4'});
	t.like(answered({provider: 'azure'}).values, {variant: 'azure-sev-snp', instanceType: 'Standard_DC4as_v5', zone: ''});
});

test('what is missing from a list says why', t => {
	const place = startWizard({...aws}, 'place');
	const frankfurt = shown(place, 'region').find(({value}) => value === 'eu-central-1');
	t.like(frankfurt, {disabled: true, status: 'no aws-sev-snp known (2023-07)'});
	const nitro = shown(startWizard({...aws}, 'machines'), 'instanceType').find(({disabled}) => disabled);
	t.regex(nitro?.status ?? '', /runs aws-nitro-tpm, not aws-sev-snp/);
	const wrong = problems(
		startWizard({...aws, region: 'eu-central-1', zone: 'eu-central-1a', instanceType: 'm6a.xlarge'}, 'review'),
	);
	t.regex(wrong.find(({step}) => step === 'place')?.error ?? '', /no aws-sev-snp known/);
});

test('a long list is filtered by typing; what no longer matches is no longer chosen, and esc shows all of it again', t => {
	const press = (state: WizardState, ...keys: string[]) =>
		keys.reduce((now, key) => {
			const context = {state: now, now: 0, offset: 0, scrollLimit: 0};
			const action = key.length === 1 ? wizardText(context, key, false) : wizardAction(context, key);
			return action === undefined ? now : reduce(now, action);
		}, state);
	const start = startWizard({provider: 'azure', variant: 'azure-sev-snp'}, 'machines');
	t.is(start.values.instanceType, 'Standard_DC4as_v5');
	const larger = press(start, ...Array.from('8ADS'), 'down');
	t.is(larger.filter, '8ADS', 'j, k, e and ? are text here');
	const [field] = fieldsOf('machines', larger.values, larger.facts);
	t.true(field !== undefined && matching(field, larger).every(({value}) => value.includes('8ads')));
	t.regex(larger.values.instanceType, /8ads/);
	const nothing = press(larger, '?', 'enter');
	t.like(nothing, {step: 'machines', filter: '8ADS?'}, 'nothing on screen is chosen');
	const all = press(nothing, 'escape');
	t.like(all, {filter: '', step: 'machines', values: larger.values});
	t.is(press(larger, 'enter').step, 'access');
	t.is(press(larger, 'enter', 'shift-tab').filter, '', 'a list starts whole');
	t.is(press(start, 'f2').overlay, 'explain');
	t.is(press(start, 'pagedown', 'pageup').values.instanceType, start.values.instanceType);
});

test('an earlier answer that changes makes later ones worth a look', t => {
	const state = answered(aws);
	t.deepEqual(needALook(state), []);
	const changed = {...state, values: {...state.values, variant: 'aws-nitro-tpm', instanceType: 'c6a.7xlarge'}};
	t.deepEqual(needALook(changed), ['machines']);
});

test('OpenStack is asked in its own words', t => {
	const state = startWizard({provider: 'openstack', variant: 'qemu-vtpm'}, 'machines');
	const kinds = (step: StepId) => fieldsOf(step, state.values, state.facts).map(({id, kind}) => `${id} ${kind}`);
	t.deepEqual(kinds('place'), ['zone text']);
	t.deepEqual(kinds('machines'), ['instanceType text']);
	t.regex(problems(state).find(({step}) => step === 'machines')?.error ?? '', /Name a flavor/);
});

test('source ranges and names are judged as the clouds do', t => {
	t.deepEqual(judgeSourceRanges('198.51.100.7/32 203.0.113.0/24'), {});
	t.regex(judgeSourceRanges('').error ?? '', /your own address/);
	for (const text of ['198.51.100.7', '198.51.100.7/33', '::/0', 'everyone']) t.truthy(judgeSourceRanges(text).error, text);
	t.regex(judgeSourceRanges('0.0.0.0/0').warning ?? '', /Everyone/);
	const name = (provider: string, length: number) => judgeName('a'.repeat(length), startWizard({provider}).values).error;
	for (const [provider, limit] of [
		['aws', 9],
		['azure', 26],
		['gcp', 26],
		['stackit', 26],
		['local', 37],
	] as const) {
		t.is(name(provider, limit), undefined, provider);
		t.truthy(name(provider, limit + 1), provider);
	}
});

test('a draft keeps what clouds were asked', t => {
	const {values} = answered(aws);
	t.like(parseDraft(formatDraft(values)), {variant: 'aws-sev-snp', region: 'eu-west-1', sourceRanges: '198.51.100.7/32'});
});
