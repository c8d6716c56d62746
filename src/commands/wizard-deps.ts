import {type AccountKey, accountKeys, identityKeys} from '../config/account-keys.ts';
import {isLocal} from '../config/schema.ts';
import type {Flow} from '../events.ts';
import {readAnyConfig} from '../flows/cluster.ts';
import {forgetIam} from '../flows/iam.ts';
import {
	draftStore,
	folderReport,
	masterSecretIn,
	noteCopy,
	type OpenSetup,
	openSetup,
	placesOn,
	versionsOn,
} from '../flows/setup.ts';
import {setupConfig} from '../flows/setup-config.ts';
import {localChecks} from '../flows/system.ts';
import {refuseApplyBesideUpgrade} from '../flows/upgrade/beside.ts';
import type {Answers, IdentityPlan, Plan, WizardDeps} from '../wizard/deps.ts';
import {cloudAnswers, isCloud, planCloud, planIdentities, removeCloud} from './wizard-cloud.ts';
import {localAnswers, planLocal, removeLocal} from './wizard-local.ts';
import {type Planned, planChanged, staysWithin} from './wizard-plan.ts';
import {trustOf, vouchedFor} from './wizard-trust.ts';
import {cloudValues, localValues} from './wizard-values.ts';

export type WizardSurroundings = {
	/** Absolute path that relative folders start from. */
	folder: string;
	env: NodeJS.ProcessEnv;
	crashReport: (error: unknown) => string;
	/** Whether the wizard works on the config that is in the folder already. */
	existing: boolean;
};

type Held = OpenSetup & {folder: string; config: ReturnType<typeof setupConfig>};

/** What the wizard asks of the world, for real. `release` gives the lock of the workspace back. */
export function wizardDeps(surroundings: WizardSurroundings): WizardDeps & {release: () => Promise<void>} {
	const {folder, env, crashReport, existing} = surroundings;
	const draft = draftStore(env);
	let held: Held | undefined;
	let planned: Planned | undefined;
	let identities: {view: IdentityPlan; make: (signal: AbortSignal) => Flow<Record<string, string>>} | undefined;
	// The hash of the plan that was begun; from then on only a new plan can be applied.
	let begun: string | undefined;

	const release = async () => {
		if (identities !== undefined && held !== undefined) await forgetIam(held.deps.workspace);
		await held?.release();
		held = undefined;
	};
	const locked = async (answers: Answers): Promise<Held> => {
		if (held?.folder !== answers.folder) {
			await release();
			const setup = await openSetup({folder: answers.folder, env}, answers);
			held = {...setup, folder: answers.folder, config: setupConfig(setup.deps, existing)};
		}
		return held;
	};
	const settle = async (answers: Answers): Promise<Held> => {
		const setup = await locked(answers);
		const {provider, cloud} = answers;
		if (cloud === undefined || !isCloud(provider)) {
			await refuseApplyBesideUpgrade(setup.deps);
			await setup.config.local(localAnswers(answers), await trustOf(answers, folder));
		} else await setup.config.cloud(provider, cloudAnswers(answers, cloud));
		return setup;
	};
	const planFor = async function* (answers: Answers, signal: AbortSignal): Flow<Planned> {
		const {deps} = await settle(answers);
		return yield* answers.cloud === undefined ? planLocal(deps, env, signal) : planCloud(deps, env, signal);
	};

	return {
		now: Date.now,
		folder: text => folderReport(text, folder, existing),
		checks: place => localChecks(place, env),
		versions: async () => ({...(await versionsOn(env)), places: placesOn(env, folder)}),
		vouch: (answers, signal) => vouchedFor(answers, {env, base: folder}, signal),
		async *plan(answers, signal): Flow<Plan> {
			const made = yield* planFor(answers, signal);
			// A plan that another one replaced is not what is shown.
			signal.throwIfAborted();
			planned = made;
			return made.view;
		},
		async *apply(answers, agreed, signal) {
			if (begun === agreed.hash) {
				planned = yield* planFor(answers, signal);
				if (!staysWithin(agreed, planned.view)) throw planChanged();
			} else if (planned?.view.hash !== agreed.hash) throw planChanged();
			begun = agreed.hash;
			return yield* planned.apply(signal);
		},
		async *remove(answers, signal) {
			const {deps} = await locked(answers);
			return yield* answers.cloud === undefined ? removeLocal(deps, signal) : removeCloud(deps, env, signal);
		},
		async *planIdentities(answers, signal): Flow<IdentityPlan> {
			const made = yield* planIdentities((await locked(answers)).deps, env, answers, signal);
			signal.throwIfAborted();
			identities = made;
			return made.view;
		},
		async *makeIdentities(_answers, agreed, signal) {
			if (identities?.view.hash !== agreed.hash) throw planChanged();
			return named(yield* identities.make(signal));
		},
		masterSecret: answers => masterSecretIn(answers.folder),
		copyConfirmed: (answers, confirmed) => noteCopy(answers.folder, confirmed),
		saveConfig: async answers => {
			await settle(answers);
		},
		editConfig: async (answers, open) => {
			const {workspace} = (await settle(answers)).deps;
			await open(workspace.path('config'));
			const {config} = await readAnyConfig(workspace);
			return isLocal(config) ? localValues(answers.folder, config) : cloudValues(answers.folder, config);
		},
		loadDraft: draft.load,
		saveDraft: draft.save,
		removeDraft: draft.remove,
		crashReport,
		release,
	};
}

/** What the module of the identities gives, as far as the wizard asks for it. */
function named(values: Readonly<Record<string, string>>): Partial<Record<AccountKey, string>> {
	const known: readonly AccountKey[] = [...accountKeys, ...identityKeys];
	return Object.fromEntries(known.flatMap(key => (values[key] === undefined ? [] : [[key, values[key]]])));
}
