import {AppError} from '../errors.ts';
import type {Event, PhaseId} from '../events.ts';
import type {Effect, WizardAction} from '../wizard/actions.ts';
import type {WizardDeps} from '../wizard/deps.ts';
import {formatDraft} from '../wizard/draft.ts';
import {secretDocument} from '../wizard/secrets.ts';
import type {WizardState} from '../wizard/state.ts';
import {answersKey, answersOf} from '../wizard/state.ts';
import type {Failure} from '../wizard/values.ts';
import {copySequence} from './clipboard.ts';
import {describeError} from './describe-error.ts';
import {drive} from './drive.ts';
import {editConfig} from './edit-effect.ts';
import {makeIdentities, planIdentities} from './identity-effects.ts';
import {askSource} from './measurement-effects.ts';

export type EffectContext = {
	deps: WizardDeps;
	state: () => WizardState;
	dispatch: (action: WizardAction) => void;
	/** Buffers events of the running work; they are folded at the next tick. */
	collect: (event: Event) => void;
	/** Folds what was collected. */
	drain: () => void;
	/** Writes an escape sequence to the terminal; absent where there is no screen. */
	write?: (sequence: string) => void;
	/** Has a file edited by hand; absent where there is no screen that could be lent. */
	edit?: (file: string) => Promise<void>;
	/** The person, or the wizard itself, is done. */
	end: (error?: unknown) => void;
};

export type Effects = {
	perform: (effect: Effect) => void;
	/** Stops whatever runs; resolves when it has stopped. */
	settle: () => Promise<void>;
};

const flashMs = 4000;

/**
 * Does what the wizard's effects ask for. Work of one kind replaces the older work of its kind: that is stopped, its late answers are
 * dropped, and the new one begins when it has ended, because both write into the same folder. Drafts are written one after the other.
 */
export function wizardEffects(context: EffectContext): Effects {
	const {deps, state, dispatch} = context;
	const running = new Map<string, AbortController>();
	const newest = new Map<string, Promise<void>>();
	let drafts = Promise.resolve();
	let newestDraft = '';
	let failure: unknown;

	const begin = (kind: string, job: (signal: AbortSignal) => Promise<void>) => {
		running.get(kind)?.abort();
		const abort = new AbortController();
		running.set(kind, abort);
		const older = newest.get(kind);
		const work =
			older === undefined ? job(abort.signal) : older.then(() => (abort.signal.aborted ? undefined : job(abort.signal)));
		const done = work.catch((error: unknown) => {
			if (!abort.signal.aborted) context.end(error);
		});
		newest.set(kind, done);
		void done.finally(() => {
			if (newest.get(kind) === done) newest.delete(kind);
		});
	};
	const flash = (text: string) => {
		dispatch({type: 'flash', text, until: deps.now() + flashMs});
	};

	const perform = (effect: Effect): void => {
		switch (effect.effect) {
			case 'folder':
				begin('folder', async signal => {
					const report = await deps.folder(effect.path, signal);
					if (!signal.aborted) dispatch({type: 'folder', asked: effect.path, report});
				});
				break;
			case 'checks':
				begin('checks', async signal => runChecks(context, effect.folder, signal));
				break;
			case 'plan':
				begin('plan', async signal => runPlan(context, effect.asked, signal));
				break;
			case 'apply':
				begin('apply', async signal => {
					failure = await runApply(context, signal);
				});
				break;
			case 'remove':
				begin('apply', async signal => {
					failure = await runRemoval(context, signal);
				});
				break;
			case 'plan-identities':
				begin('identities', async signal => planIdentities(context, effect.asked, signal));
				break;
			case 'make-identities':
				begin('identities', async signal => makeIdentities(context, effect.asked, signal));
				break;
			case 'measurements':
				begin('measurements', async signal => askSource(context, effect.asked, signal));
				break;
			case 'stop':
				if (state().step === 'work') dispatch({type: 'live', action: {type: 'work', work: 'stopping'}});
				running.get(state().step === 'work' ? 'apply' : 'identities')?.abort();
				break;
			case 'save-config':
				begin('save', async () => {
					try {
						await deps.saveConfig(answersOf(state().values, state().facts));
						dispatch({type: 'saved'});
					} catch (error) {
						if (!(error instanceof AppError)) throw error;
						flash(error.message);
					}
				});
				break;
			case 'edit-config':
				begin('edit', async () => editConfig(context));
				break;
			case 'load-secret':
				begin('secret', async () => loadSecret(context));
				break;
			case 'copy':
				flash(copy(context, effect.what));
				break;
			case 'copy-confirmed':
				begin('copy', async () => deps.copyConfirmed(answersOf(state().values, state().facts), effect.confirmed));
				break;
			case 'save-draft': {
				const text = formatDraft(state().values);
				newestDraft = text;
				// Typing makes a draft a key; only the newest is worth writing.
				drafts = drafts
					.then(async () => (text === newestDraft ? deps.saveDraft(text) : undefined))
					.catch((error: unknown) => {
						// The answers are still on screen; that they would not survive a crash is worth a word, not an end.
						flash(`The draft cannot be saved: ${error instanceof Error ? error.message : String(error)}`);
					});
				break;
			}
			case 'end':
				context.end(endedWith(state()) ? failure : undefined);
				break;
			default:
				never(effect);
		}
	};

	return {
		perform,
		settle: async () => {
			for (const [kind, abort] of running) if (!['copy', 'save', 'edit'].includes(kind)) abort.abort();
			await Promise.all([...newest.values(), drafts]);
		},
	};
}

async function runChecks({deps, dispatch}: EffectContext, folder: string, signal: AbortSignal): Promise<void> {
	dispatch({type: 'checks', asked: folder, state: 'running'});
	try {
		for await (const {type: _, at: __, ...check} of deps.checks(folder, signal)) {
			if (signal.aborted) return;
			dispatch({type: 'check', asked: folder, check});
		}
		dispatch({type: 'checks', asked: folder, state: 'done'});
	} catch (error) {
		if (signal.aborted) return;
		const {message} = describeError(error, deps.crashReport);
		dispatch({type: 'checks', asked: folder, state: 'failed', error: message});
	}
}

async function runPlan({deps, dispatch, state}: EffectContext, asked: string, signal: AbortSignal): Promise<void> {
	dispatch({type: 'plan', asked, state: 'running'});
	try {
		const answers = answersOf(state().values, state().facts);
		const note = (event: Event) => {
			if (event.type === 'waiting') dispatch({type: 'plan', asked, state: 'running', note: event.message});
			if (event.type === 'check') {
				const {type: _, at: __, ...check} = event;
				dispatch({type: 'plan', asked, state: 'running', check, note: check.title});
			}
		};
		const plan = await drive(deps.plan(answers, signal), note, signal);
		if (!signal.aborted) dispatch({type: 'plan', asked, state: 'done', plan});
	} catch (error) {
		if (!signal.aborted) dispatch({type: 'plan', asked, state: 'failed', error: failureOf(error, deps)});
	}
}

// Gives the error the work ended with, if it did: leaving from there ends the command with it.
async function runApply(context: EffectContext, signal: AbortSignal): Promise<unknown> {
	const {deps, state, dispatch} = context;
	const {plan} = state().facts.plan;
	if (plan === undefined || state().facts.plan.asked !== answersKey(state().values)) {
		throw new TypeError('the work was started without a plan for these answers');
	}
	const answers = answersOf(state().values, state().facts);
	const expected: PhaseId[] = answers.cloud === undefined ? ['machines', 'init', 'nodes', 'verify'] : ['machines'];
	dispatch({type: 'live', action: {type: 'work', work: 'running', expected}});
	// What is done is told as a part of what was agreed to.
	const {changes, create, update, destroy} = plan;
	if (answers.cloud !== undefined)
		context.collect({type: 'plan', changes: [...changes], create, update, destroy, at: deps.now()});
	try {
		const summary = await drive(deps.apply(answers, plan, signal), context.collect, signal);
		context.drain();
		dispatch({type: 'live', action: {type: 'work', work: 'done'}});
		await deps.removeDraft();
		dispatch({type: 'created', summary});
		return undefined;
	} catch (error) {
		context.drain();
		if (error instanceof AppError && error.code === 'no-node-image') {
			dispatch({type: 'live', action: {type: 'work', work: 'done'}});
			await deps.removeDraft();
			dispatch({type: 'reached', end: failureOf(error, deps)});
			return error;
		}
		dispatch({type: 'live', action: {type: 'work', work: 'failed', failure: failureOf(error, deps)}});
		return error;
	}
}

async function runRemoval(context: EffectContext, signal: AbortSignal): Promise<unknown> {
	const {deps, state, dispatch} = context;
	dispatch({type: 'live', action: {type: 'work', work: 'running', expected: ['destroy']}});
	try {
		const removed = await drive(deps.remove(answersOf(state().values, state().facts), signal), context.collect, signal);
		context.drain();
		dispatch({type: 'removed', what: removed});
		return undefined;
	} catch (error) {
		context.drain();
		dispatch({type: 'live', action: {type: 'work', work: 'failed', failure: failureOf(error, deps)}});
		return error;
	}
}

/** Whether the end has an error that the command ends with: that of work which was left after it failed, or how far it went. */
const endedWith = ({ended, step}: WizardState): boolean =>
	ended === 'reached' || (ended === 'left' && (step === 'work' || step === 'removal'));

async function loadSecret({deps, state, dispatch}: EffectContext): Promise<void> {
	try {
		dispatch({type: 'secret', secret: await deps.masterSecret(answersOf(state().values, state().facts))});
	} catch (error) {
		if (!(error instanceof AppError)) throw error;
		dispatch({type: 'secret-unreadable', message: error.message});
	}
}

function copy({state, write}: EffectContext, what: 'secret' | 'cluster-id'): string {
	const {secrets, summary} = state();
	const text = what === 'cluster-id' ? summary?.clusterId : secrets.secret && secretDocument(secrets.secret);
	const sequence = text === undefined ? undefined : copySequence(text);
	if (sequence === undefined || write === undefined) return 'Nothing was copied.';
	write(sequence);
	return what === 'secret' ? 'Sent to your clipboard, in plain text' : 'Cluster ID sent to your clipboard';
}

function failureOf(error: unknown, deps: WizardDeps): Failure {
	const {message, problems, next} = describeError(error, deps.crashReport);
	return {message, problems, next};
}

function never(effect: never): never {
	throw new TypeError(`unknown effect ${JSON.stringify(effect)}`);
}
