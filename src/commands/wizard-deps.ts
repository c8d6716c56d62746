import {homedir} from 'node:os';
import path from 'node:path';
import type {ConfigAnswers} from '../config/generate.ts';
import {kubernetesVersions} from '../config/versions.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {Flow} from '../events.ts';
import {applyCluster} from '../flows/apply.ts';
import {type PlannedCluster, planCluster} from '../flows/create.ts';
import type {Dependencies} from '../flows/dependencies.ts';
import {imageSources, localChecks, systemDependencies} from '../flows/system.ts';
import {dataHome as dataHomeOf} from '../releases/data-home.ts';
import {listImages, loadImage} from '../releases/image.ts';
import {ensureImage} from '../releases/make-image.ts';
import {version as toolVersion} from '../version.ts';
import type {Answers, FolderReport, ImageChoice, Plan, Versions, WizardDeps} from '../wizard/deps.ts';
import {readDraft, removeDraft, writeDraft} from '../workspace/draft.ts';
import {exists, fileNames, prepareFolder, workspaceAt} from '../workspace/files.ts';
import {addIgnoreRules, gitReport, refuseCheckout} from '../workspace/folder.ts';
import {lockWorkspace} from '../workspace/lock.ts';
import {readMasterSecret} from '../workspace/master-secret.ts';
import {readStamp, writeStamp} from '../workspace/stamp.ts';
import {settleConfig} from './settle-config.ts';

export type WizardSurroundings = {
	/** Absolute path that relative folders start from. */
	folder: string;
	env: NodeJS.ProcessEnv;
	crashReport(error: unknown): string;
	/** Whether the wizard works on the config that is in the folder already. */
	existing: boolean;
};

/** What the wizard asks of the world, for real. `release` gives the lock of the workspace back. */
export function wizardDeps({folder, env, crashReport, existing}: WizardSurroundings): WizardDeps & {release(): Promise<void>} {
	const dataHome = dataHomeOf(env);
	const draft = path.join(dataHome, 'draft.json');
	let held: {folder: string; deps: Dependencies; release(): Promise<void>} | undefined;
	let planned: PlannedCluster | undefined;

	const release = async () => {
		await held?.release();
		held = undefined;
	};
	const locked = async (answers: Answers): Promise<Dependencies> => {
		if (held?.folder === answers.folder) return held.deps;
		await release();
		const workspace = workspaceAt(answers.folder);
		await refuseCheckout(workspace);
		await readStamp(workspace);
		await prepareFolder(workspace);
		const unlock = await lockWorkspace(workspace, 'constellation', new Date());
		held = {folder: answers.folder, deps: await systemDependencies({folder: answers.folder, env}), release: unlock};
		if (answers.ignoreRules) await addIgnoreRules(workspace);
		return held.deps;
	};

	return {
		now: Date.now,
		folder: text => folderReport(path.resolve(folder, text.replace(/^~(?=$|\/)/, homedir())), existing),
		checks: place => localChecks(dataHome, place, env),
		versions: () => versionsOn(dataHome),
		async *plan(answers, signal): Flow<Plan> {
			const deps = await locked(answers);
			await settleConfig(deps.workspace, configAnswers(answers));
			planned = yield* planCluster(deps, signal);
			return planView(planned);
		},
		async *apply(answers, {hash}, signal) {
			const deps = await locked(answers);
			if (planned?.plan.sha256 !== hash) throw planChanged();
			return yield* applyCluster(deps, planned, signal);
		},
		async masterSecret(answers) {
			const secret = await readMasterSecret(workspaceAt(answers.folder));
			if (secret !== undefined) return secret;
			throw new AppError(`${fileNames.masterSecret} is gone.`, {code: 'master-secret-missing', exitCode: exitCodes.preflight});
		},
		copyConfirmed: (answers, masterSecretCopied) => writeStamp(workspaceAt(answers.folder), {masterSecretCopied}),
		async saveConfig(answers) {
			const deps = await locked(answers);
			await settleConfig(deps.workspace, configAnswers(answers));
		},
		loadDraft: () => readDraft(draft),
		saveDraft: text => writeDraft(draft, text),
		removeDraft: () => removeDraft(draft),
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

async function folderReport(place: string, existing: boolean): Promise<FolderReport> {
	const workspace = workspaceAt(place);
	const git = await gitReport(workspace);
	const facts = git === undefined ? {} : {git: {root: git.root, ignored: git.ignored}};
	const problem = await problemOf(place, existing);
	const notes = (await exists(place)) ? [] : ['The folder will be made.'];
	return {path: place, notes, ...facts, ...(problem === undefined ? {} : {problem})};
}

async function problemOf(place: string, existing: boolean): Promise<string | undefined> {
	const workspace = workspaceAt(place);
	try {
		await refuseCheckout(workspace);
		await readStamp(workspace);
	} catch (error) {
		if (error instanceof AppError) return error.message;
		throw error;
	}
	if (existing) return undefined;
	if (await exists(workspace.path('id'))) return 'There is a cluster in this folder already; open it with constellation -C DIR.';
	if (await exists(workspace.path('config')))
		return 'There is a config in this folder already; constellation apply -C DIR uses it.';
	if (await exists(workspace.path('masterSecret')))
		return `This folder holds the master secret of another cluster (${fileNames.masterSecret}); choose another one.`;
	return undefined;
}

async function versionsOn(dataHome: string): Promise<Versions> {
	const own = `v${toolVersion}`;
	await ensureImage({version: own, from: imageSources(), dataHome});
	const usable = (await listImages(dataHome)).filter(({problem}) => problem === undefined).map(({version}) => version);
	const images = await Promise.all(
		[own, ...usable.filter(version => version !== own)].map(version => imageChoice(version, dataHome)),
	);
	return {kubernetes: [...kubernetesVersions].reverse(), images};
}

const meanings: Readonly<Record<number, string>> = {
	4: 'launcher',
	9: 'node program',
	11: 'runtime',
	12: 'command line',
	15: 'cluster ID',
};

async function imageChoice(version: string, dataHome: string): Promise<ImageChoice> {
	const image = await loadImage({version, dataHome});
	return {
		version,
		source: image.folder,
		registers: [...image.registers].map(([register, {expected}]) => ({
			register,
			meaning: meanings[register] ?? '',
			value: Buffer.from(expected).toString('hex'),
		})),
	};
}

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
