import type {ClusterSummary} from '../events.ts';
import {createMachines, initMachines, isCopied, timedApply} from '../flows/apply.ts';
import {isForCloud} from '../flows/cloud-provider.ts';
import {planCluster} from '../flows/create.ts';
import type {Dependencies} from '../flows/dependencies.ts';
import {withExisting, withLock, workspaceOf} from '../flows/session.ts';
import {refuseApplyBesideUpgrade} from '../flows/upgrade/beside.ts';
import type {Result} from '../output/output.ts';
import {summaryLines} from '../summary.ts';
import {agree, canAsk} from './consent.ts';
import {atFolder} from './place.ts';
import {settle} from './settle.ts';
import {type CommandContext, type CommandInput, type CommandModule, textFlag} from './types.ts';

/** Unattended with --yes; on a terminal the wizard's review, which shows the plan and asks. */
export const apply: CommandModule = async (context, input) => {
	if (!context.yes && canAsk(context)) {
		const {reviewAndApply} = await import('./review.ts');
		return reviewAndApply(context, input);
	}
	if (await isOnCloud(context, input)) return (await import('./infrastructure.ts')).applyOnCloud(context, input, 'apply');
	return withLock(context, 'apply', async deps => {
		await refuseApplyBesideUpgrade(deps);
		await settle(deps, input);
		const planned = await plan(context, deps);
		const summary = await context.output.run('Applying', signal => timedApply(context.env, deps, planned, signal), {
			expected: ['machines', 'init', 'nodes', 'verify'],
		});
		return summaryResult(deps, summary, 'apply');
	});
};

export const create: CommandModule = async (context, input) => {
	if (await isOnCloud(context, input)) {
		if (context.yes || !canAsk(context)) return (await import('./infrastructure.ts')).applyOnCloud(context, input, 'create');
		return (await import('./review.ts')).reviewAndCreate(context, input);
	}
	return withLock(context, 'create', async deps => {
		await refuseApplyBesideUpgrade(deps);
		await settle(deps, input);
		const planned = await plan(context, deps);
		const {ids} = await context.output.run('Creating', signal => createMachines(deps, planned, signal), {expected: ['machines']});
		return {
			command: 'create',
			data: {uid: ids.uid, ip: ids.ip},
			lines: [`The machines exist at ${ids.ip}.`, 'next   constellation init   initialises the first node'],
		};
	});
};

const isOnCloud = ({folder}: CommandContext, input: CommandInput): Promise<boolean> =>
	isForCloud(workspaceOf(folder), textFlag(input, 'config'));

export const init: CommandModule = context =>
	withExisting(context, 'init', async deps => {
		const summary = await context.output.run('Initialising', signal => initMachines(deps, signal), {
			expected: ['init', 'nodes', 'verify'],
		});
		return summaryResult(deps, summary, 'init');
	});

/** Plans, and has the plan agreed to. */
async function plan(context: CommandContext, deps: Dependencies) {
	const planned = await context.output.run('Planning', signal => planCluster(deps, signal), {expected: ['preflight', 'plan']});
	const {create: made, update, destroy, empty} = planned.plan;
	if (!empty) await agree(context, `Terraform will create ${made}, change ${update} and destroy ${destroy} resources. Go on?`);
	return planned;
}

async function summaryResult(deps: Dependencies, summary: ClusterSummary, command: string): Promise<Result> {
	const copyConfirmed = await isCopied(deps);
	return {
		command,
		data: {...summary, copyConfirmed},
		lines: summaryLines(summary, {copyConfirmed, ...atFolder(deps.workspace.folder)}),
	};
}
