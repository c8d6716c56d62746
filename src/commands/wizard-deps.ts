import type {ConfigAnswers} from '../config/generate.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {Flow} from '../events.ts';
import {timedApply} from '../flows/apply.ts';
import {type PlannedCluster, planCluster} from '../flows/create.ts';
import type {Dependencies} from '../flows/dependencies.ts';
import {fileNames} from '../flows/session.ts';
import {
	draftStore,
	folderReport,
	masterSecretIn,
	noteCopy,
	type OpenSetup,
	openSetup,
	versionsOn,
	writeAnswers,
} from '../flows/setup.ts';
import {localChecks} from '../flows/system.ts';
import {refuseApplyBesideUpgrade} from '../flows/upgrade/beside.ts';
import type {Answers, Plan, WizardDeps} from '../wizard/deps.ts';

export type WizardSurroundings = {
	/** Absolute path that relative folders start from. */
	folder: string;
	env: NodeJS.ProcessEnv;
	crashReport: (error: unknown) => string;
	/** Whether the wizard works on the config that is in the folder already. */
	existing: boolean;
};

/** What the wizard asks of the world, for real. `release` gives the lock of the workspace back. */
export function wizardDeps(surroundings: WizardSurroundings): WizardDeps & {release: () => Promise<void>} {
	const {folder, env, crashReport, existing} = surroundings;
	const draft = draftStore(env);
	let held: (OpenSetup & {folder: string}) | undefined;
	let planned: PlannedCluster | undefined;

	const release = async () => {
		await held?.release();
		held = undefined;
	};
	const locked = async (answers: Answers): Promise<Dependencies> => {
		if (held?.folder !== answers.folder) {
			await release();
			held = {...(await openSetup({folder: answers.folder, env}, answers)), folder: answers.folder};
		}
		return held.deps;
	};

	return {
		now: Date.now,
		folder: text => folderReport(text, folder, existing),
		checks: place => localChecks(place, env),
		versions: () => versionsOn(env),
		async *plan(answers, signal): Flow<Plan> {
			const deps = await locked(answers);
			await refuseApplyBesideUpgrade(deps);
			await writeAnswers(deps, configAnswers(answers));
			planned = yield* planCluster(deps, signal);
			return planView(planned);
		},
		async *apply(answers, {hash}, signal) {
			const deps = await locked(answers);
			if (planned?.plan.sha256 !== hash) throw planChanged();
			return yield* timedApply(env, deps, planned, signal);
		},
		masterSecret: answers => masterSecretIn(answers.folder),
		copyConfirmed: (answers, confirmed) => noteCopy(answers.folder, confirmed),
		saveConfig: async answers => writeAnswers(await locked(answers), configAnswers(answers)),
		loadDraft: draft.load,
		saveDraft: draft.save,
		removeDraft: draft.remove,
		crashReport,
		release,
	};
}

const configAnswers = ({name, controlPlanes, workers, kubernetes, image}: Answers): ConfigAnswers => ({
	name,
	controlPlanes,
	workers,
	kubernetesVersion: kubernetes,
	image,
});

function planView({prepared, plan, opens}: PlannedCluster): Plan {
	const count = Object.values(prepared.config.nodeGroups).reduce((sum, group) => sum + group.count, 0);
	return {
		hash: plan.sha256,
		create: plan.create,
		update: plan.update,
		destroy: plan.destroy,
		changes: plan.changes,
		writes: [fileNames.id, fileNames.masterSecret, fileNames.kubeconfig, `${fileNames.terraform}/`],
		opens,
		costs: [`${count} machines as processes on this computer, about ${100 * count + 150} MB of memory; no money`],
		irreversible: ['a lost master secret cannot be recreated'],
	};
}

function planChanged(): AppError {
	return new AppError('The plan is not the one that was agreed to.', {
		code: 'plan-changed',
		exitCode: exitCodes.preflight,
		next: ['Go back to the review and look at the plan again.'],
	});
}
