import {isLocal} from '../config/schema.ts';
import {AppError, exitCodes} from '../errors.ts';
import {isCopied} from '../flows/apply.ts';
import {readAnyConfig, workspaceState} from '../flows/cluster.ts';
import {configText, restoreConfig} from '../flows/config-file.ts';
import {fileNames, openWorkspace, withLock} from '../flows/session.ts';
import {refuseApplyBesideUpgrade} from '../flows/upgrade/beside.ts';
import type {Result} from '../output/output.ts';
import {runWizard, type WizardStart} from '../output/run-wizard.ts';
import {summaryLines} from '../summary.ts';
import type {WizardResult} from '../wizard/deps.ts';
import {atFolder} from './place.ts';
import {settle} from './settle.ts';
import {type CommandContext, type CommandInput} from './types.ts';
import {wizardDeps} from './wizard-deps.ts';
import {cloudValues, localValues} from './wizard-values.ts';

/** The wizard at its review, for a config that is there or made from flags. */
export async function reviewAndApply(context: CommandContext, input: CommandInput): Promise<Result> {
	const {before, after} = await withLock(context, 'apply', async deps => {
		await refuseApplyBesideUpgrade(deps);
		const text = await configText(deps.workspace);
		await settle(deps, input);
		return {before: text, after: await configText(deps.workspace)};
	});
	const deps = await openWorkspace(context);
	const start = await startOf(deps, context.folder);
	try {
		return await setUp(context, start, true);
	} catch (error) {
		// Who leaves has agreed to nothing, also not to what the flags said of a cluster that is there. What was edited by hand stays.
		const isLeft = error instanceof AppError && error.code === 'left';
		if (isLeft && start.settled === true && before !== undefined && (await configText(deps.workspace)) === after)
			await restoreConfig(deps.workspace, before);
		throw error;
	}
}

/** The same for the first phase on a cloud. Machines that exist are all it is for; without an image there are none, and that is told. */
export async function reviewAndCreate(context: CommandContext, input: CommandInput): Promise<Result> {
	try {
		return {...(await reviewAndApply(context, input)), command: 'create'};
	} catch (error) {
		if (!(error instanceof AppError) || error.code !== 'no-node-image' || error.details['image'] === '') throw error;
		const {uid, ip, endpoints} = error.details;
		return {command: 'create', data: {uid, ip, endpoints}, lines: [`The machines exist at ${String(ip)}.`]};
	}
}

async function startOf(deps: Awaited<ReturnType<typeof openWorkspace>>, folder: string): Promise<WizardStart> {
	const {config} = await readAnyConfig(deps.workspace);
	if (!isLocal(config)) return {values: cloudValues(folder, config), step: 'review', settled: true};
	// What a cluster is was decided when it was made: the questions are over, and a secret that was stored is not asked for again.
	const settled = (await workspaceState(deps.workspace)) !== 'configured';
	const copied = settled && (await isCopied(deps));
	return {values: localValues(folder, config), step: 'review', settled, copied};
}

/** Runs the wizard and gives what came of it. `existing`: it works on the config that is there. */
export async function setUp(context: CommandContext, start: WizardStart, existing: boolean): Promise<Result> {
	const {folder, env, surroundings} = context;
	const deps = wizardDeps({folder, env, crashReport: error => surroundings.crashReport(error), existing});
	try {
		return resultOf(await runWizard(deps, surroundings, start), start.settled === true);
	} finally {
		await deps.release();
	}
}

function resultOf(ended: WizardResult, settled: boolean): Result {
	if (ended.outcome === 'left') {
		const words = settled
			? 'Left; nothing was changed.'
			: 'Left without creating anything; the answers are kept for the next run.';
		throw new AppError(words, {code: 'left', exitCode: exitCodes.cancelled});
	}
	const place = atFolder(ended.answers.folder);
	if (ended.outcome === 'saved') {
		const at = place.workspace === undefined ? '' : ` -C ${place.workspace}`;
		return {
			command: 'apply',
			data: {file: fileNames.config},
			lines: [`${fileNames.config} is written.`, `next   constellation apply${at}   creates the cluster`],
		};
	}
	if (ended.outcome === 'removed') {
		const {removed} = ended;
		return {
			command: 'apply',
			data: {removed},
			lines: [`Removed: ${removed.join(', ')}.`, `Kept: ${fileNames.config}; identities, if some were made.`],
		};
	}
	const {summary, copyConfirmed} = ended;
	return {command: 'apply', data: {...summary, copyConfirmed}, lines: summaryLines(summary, {copyConfirmed, ...place})};
}
