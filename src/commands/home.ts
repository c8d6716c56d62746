import {AppError, exitCodes} from '../errors.ts';
import {readConfig, workspaceState} from '../flows/cluster.ts';
import {clusterStatus} from '../flows/status.ts';
import {createOutput, type OutputOptions, type Result} from '../output/output.ts';
import {askInLines} from '../output/prompts.ts';
import {runHome} from '../output/run-home.ts';
import {runWizard, type WizardStart} from '../output/run-wizard.ts';
import {summaryLines} from '../summary.ts';
import type {WizardResult} from '../wizard/deps.ts';
import type {HomeActionId, HomeFacts} from '../wizard/home.ts';
import {fileNames, workspaceAt} from '../workspace/files.ts';
import {answersFrom} from './config.ts';
import {atFolder, openWorkspace} from './session.ts';
import {settleConfig} from './settle-config.ts';
import {commandTable} from './table.ts';
import type {CommandContext, CommandInput} from './types.ts';
import {wizardDeps} from './wizard-deps.ts';

/** The wizard, or in a workspace the home screen. Gives the exit code. */
export async function openHome(folder: string, options: OutputOptions): Promise<number> {
	const output = await createOutput(options);
	try {
		const place = await workspaceState(workspaceAt(folder));
		const context = {output, surroundings: options, folder, yes: false, env: options.env};
		if (place === 'empty' || place === 'terminated') output.result(await setUp(context, {values: {folder}}, false));
		else await chooseNext(context);
		return exitCodes.done;
	} catch (error) {
		return output.fail(error);
	}
}

/** The wizard at its review, for a config that is there or made from flags. */
export async function reviewAndApply(context: CommandContext, input: CommandInput): Promise<Result> {
	const workspace = workspaceAt(context.folder);
	await settleConfig(workspace, answersFrom(input));
	const {config} = await readConfig(workspace);
	const values = {
		folder: context.folder,
		provider: 'local',
		name: config.name,
		controlPlanes: String(config.nodeGroups.control_plane_default.count),
		workers: String(config.nodeGroups.worker_default.count),
		kubernetes: config.kubernetesVersion,
		image: config.image,
	};
	return setUp(context, {values, step: 'review'}, true);
}

async function setUp(context: CommandContext, start: WizardStart, existing: boolean): Promise<Result> {
	const {folder, env, surroundings} = context;
	const deps = wizardDeps({folder, env, crashReport: error => surroundings.crashReport(error), existing});
	try {
		return resultOf(await runWizard(deps, surroundings, start));
	} finally {
		await deps.release();
	}
}

function resultOf(ended: WizardResult): Result {
	if (ended.outcome === 'left') {
		throw new AppError('Left without creating anything; the answers are kept for the next run.', {
			code: 'left',
			exitCode: exitCodes.cancelled,
		});
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
	const {summary, copyConfirmed} = ended;
	return {command: 'apply', data: {...summary, copyConfirmed}, lines: summaryLines(summary, {copyConfirmed, ...place})};
}

async function chooseNext(context: CommandContext): Promise<void> {
	const action = await runHome(await homeFacts(context), context.surroundings);
	if (action === undefined) return;
	if (action === 'apply') {
		context.output.result(await reviewAndApply(context, {flags: {}}));
		return;
	}
	const run = await commandTable.find(({name}) => name === action)?.load();
	if (run === undefined) throw new TypeError(`there is no command ${action}`);
	context.output.result(await run(context, {flags: await flagsFor(action, context)}));
}

async function flagsFor(action: HomeActionId, {surroundings}: CommandContext): Promise<CommandInput['flags']> {
	if (action !== 'scale') return {};
	const answer = await askInLines('How many workers?', surroundings, {
		validate: text => (/^\d{1,3}$/.test(text) ? undefined : 'A whole number, please.'),
	});
	if (answer === undefined) throw new AppError('Nothing was changed.', {code: 'declined', exitCode: exitCodes.cancelled});
	return {workers: Number(answer)};
}

async function homeFacts(context: CommandContext): Promise<HomeFacts> {
	const deps = await openWorkspace(context);
	const {config} = await readConfig(deps.workspace);
	const known = {name: config.name, provider: 'local', checkedAt: Date.now()};
	if ((await workspaceState(deps.workspace)) === 'configured') return {...known, state: 'configured'};
	const {state, nodes, machines, image, masterSecret} = await clusterStatus(deps);
	const controlPlanes = machines.filter(({role}) => role === 'control-plane').length;
	return {
		...known,
		state,
		image,
		copyConfirmed: masterSecret.copyConfirmed,
		nodes: {
			ready: nodes.filter(({ready}) => ready).length,
			total: machines.length,
			controlPlanes,
			workers: machines.length - controlPlanes,
		},
	};
}
