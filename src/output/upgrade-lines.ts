import {once} from 'node:events';
import {textOf} from '../../components/lines.ts';
import {createTheme, drawable} from '../../components/theme.ts';
import {checkBody} from '../../components/upgrade/check.ts';
import {measurementFacts} from '../../components/upgrade/measurements.ts';
import {consentFacts, planBody} from '../../components/upgrade/plan.ts';
import {headLines} from '../../components/upgrade/question.ts';
import {upgradeStepWords} from '../../components/upgrade-frame.ts';
import type {UpgradeAsked, UpgradeDeps, UpgradeResult} from '../wizard/upgrade/deps.ts';
import {reduceUpgrade, startUpgrade} from '../wizard/upgrade/reducer.ts';
import type {UpgradeState} from '../wizard/upgrade/state.ts';
import {askedOf, consentsOf, mayGoOn, proposalFor} from '../wizard/upgrade/state.ts';
import {questionsOf} from '../wizard/upgrade/steps.ts';
import type {Asker} from './asker.ts';
import {plainOutput} from './plain.ts';
import {openAsker} from './prompts.ts';
import type {OutputOptions} from './types.ts';
import {untilInterrupt} from './until-interrupt.ts';

type Room = {deps: UpgradeDeps; options: OutputOptions; asker: Asker};

/** The same wizard one line at a time: the same table, the same reducer, Back on every question. No escape moves the cursor. */
export async function upgradeInLines(asked: UpgradeAsked, deps: UpgradeDeps, options: OutputOptions): Promise<UpgradeResult> {
	const asker = await openAsker(options);
	try {
		return await converse(asked, {deps, options, asker});
	} finally {
		asker.close();
	}
}

async function converse(asked: UpgradeAsked, room: Room): Promise<UpgradeResult> {
	const begun = await look(startUpgrade(asked), asked, room);
	if (begun === undefined) return {outcome: 'left'};
	let state = begun;
	let told: string | undefined;
	while (state.ended === undefined && state.step !== 'work') {
		// What a step says is said once, not again for each of its questions.
		if (state.step !== told) tell(state, room.options);
		told = state.step;
		const next = await ask(state, room);
		if (next === undefined) return {outcome: 'left'};
		if (next === 'again') {
			const seen = await look(state, askedOf(state.values), room);
			if (seen === undefined) return {outcome: 'left'};
			state = seen;
			told = undefined;
			continue;
		}
		const looked = next.pending ? await look(next, askedOf(next.values), room) : next;
		if (looked === undefined) return {outcome: 'left'};
		state = looked;
		if (next.pending && state.step === 'target') room.options.stdout.write('Nothing would change.\n');
		if (state.overlay === 'leave') return {outcome: 'left'};
	}
	if (state.ended === 'nothing') return {outcome: 'nothing', name: state.facts.offer?.name ?? ''};
	return state.step === 'work' ? carryOut(state, room) : {outcome: 'left'};
}

// Undefined when the person does not wait for it.
async function look(state: UpgradeState, asked: UpgradeAsked, {deps, options}: Room): Promise<UpgradeState | undefined> {
	options.stderr.write('looking at the cluster\n');
	const checking = reduceUpgrade(state, {type: 'checking', asked});
	// A look writes nothing: nobody has to wait for its end.
	const offer = await untilInterrupt(options.signals, signal =>
		Promise.race([once(signal, 'abort').then(() => Promise.reject(signal.reason as Error)), deps.check(asked, signal)]),
	);
	return offer && reduceUpgrade(checking, {type: 'checked', asked, offer});
}

// The facts of the screen, without its choices: those are asked for below.
function tell(state: UpgradeState, {stdout}: OutputOptions): void {
	const width = Math.min(stdout.columns, 100) - 2;
	const theme = createTheme({colour: false, unicode: false, motion: false});
	const {step} = state;
	const lines = {
		check: () => checkBody(state, width, theme, 0).lines,
		target: () => headLines(state, width),
		measurements: () => [...headLines(state, width), ...measurementFacts(state, width, theme)],
		plan: () => planBody(state, width, theme).lines,
		consent: () => [...headLines(state, width), ...consentFacts(state, width, theme)],
		work: () => [],
		summary: () => [],
	};
	stdout.write(`\n${upgradeStepWords(state)}\n${drawable(textOf(lines[step]()), theme)}\n`);
}

// Undefined when the person cancels.
async function ask(state: UpgradeState, {asker}: Room): Promise<UpgradeState | 'again' | undefined> {
	const question = questionsOf(state.step, state.facts)[state.focus];
	const back = {value: '<', title: 'Back'};
	if (question === undefined) {
		const go = mayGoOn(state) ? [{value: 'on', title: 'Go on'}] : [];
		const chosen = await asker.choose('What now?', [...go, {value: 'again', title: 'Check again'}, back]);
		if (chosen === undefined) return undefined;
		if (chosen === 'again') return 'again';
		return reduceUpgrade(state, {type: chosen === 'on' ? 'next' : 'back'});
	}
	const {key, label, options} = question;
	const choices = options.map(({value, title, status}) => ({value, title, ...(status === undefined ? {} : {detail: status})}));
	const withBack = options.some(({value}) => value === 'back') ? choices : [...choices, back];
	const chosen = await asker.choose(label, withBack, state.values[key] ?? options[0]?.value);
	if (chosen === undefined) return undefined;
	if (chosen === '<') return reduceUpgrade(state, {type: 'back'});
	const at = options.findIndex(({value}) => value === (state.values[key] ?? ''));
	const first = at === -1 ? reduceUpgrade(state, {type: 'choose', by: 1}) : state;
	const by = options.findIndex(({value}) => value === chosen) - Math.max(0, at);
	return reduceUpgrade(reduceUpgrade(first, {type: 'choose', by}), {type: 'next'});
}

async function carryOut(state: UpgradeState, {deps, options}: Room): Promise<UpgradeResult> {
	const proposal = proposalFor(state.values, state.facts);
	const consents = proposal === undefined ? undefined : consentsOf(state.values, proposal);
	if (proposal === undefined || consents === undefined) throw new TypeError('the work was started without a consent to its plan');
	const run = (signal: AbortSignal) => deps.begin(proposal, consents, signal);
	return {outcome: 'done', end: await plainOutput(options).run('upgrading', run, {detaches: true})};
}
