import {providerOf} from '../config/provider.ts';
import {isLocal} from '../config/schema.ts';
import {AppError, exitCodes} from '../errors.ts';
import {ownImage} from '../flows/cloud/image.ts';
import {readAnyConfig, readConfig, workspaceState} from '../flows/cluster.ts';
import {openOriginal} from '../flows/original/open.ts';
import {openWorkspace, stateOfFolder} from '../flows/session.ts';
import {clusterStatus} from '../flows/status.ts';
import {withUpgrade} from '../flows/upgrade/dependencies.ts';
import {newerImage} from '../flows/upgrade/newer.ts';
import {createOutput, type OutputOptions} from '../output/output.ts';
import {runHome} from '../output/run-home.ts';
import type {HomeFacts} from '../wizard/home.ts';
import {canAsk} from './consent.ts';
import {askForSize} from './home-scale.ts';
import {originalFacts} from './original-home.ts';
import {reviewAndApply, setUp} from './review.ts';
import type {CommandContext, CommandModule} from './types.ts';

/** How the work of a command is found; handed in, because some commands open the wizard themselves. */
type LoadCommand = (name: string) => Promise<CommandModule>;

/** The wizard, or in a workspace the home screen. Gives the exit code. */
export async function openHome(folder: string, options: OutputOptions, load: LoadCommand): Promise<number> {
	const output = await createOutput(options);
	try {
		if (!canAsk({surroundings: options})) throw noWizard();
		const place = await stateOfFolder(folder);
		const context = {output, surroundings: options, folder, yes: false, env: options.env};
		if (place === 'empty' || place === 'terminated') output.result(await setUp(context, {values: {folder}}, false));
		else await chooseNext(context, load);
		return exitCodes.done;
	} catch (error) {
		return output.fail(error);
	}
}

function noWizard(): AppError {
	return new AppError('There is no terminal for the wizard: name a command, such as `constellation apply --yes`.', {
		code: 'no-terminal',
		exitCode: exitCodes.usage,
	});
}

async function chooseNext(context: CommandContext, load: LoadCommand): Promise<void> {
	const action = await runHome(await homeFacts(context), context.surroundings);
	if (action === undefined) return;
	if (action === 'apply') {
		context.output.result(await reviewAndApply(context, {flags: {}}));
		return;
	}
	const run = await load(action === 'upgrade' ? 'upgrade apply' : action);
	context.output.result(await run(context, {flags: action === 'scale' ? await askForSize(context) : {}}));
}

async function homeFacts(context: CommandContext): Promise<HomeFacts> {
	const original = await openOriginal(context.folder);
	if (original !== undefined) return originalFacts(original);
	const deps = await openWorkspace(context);
	const {config: any} = await readAnyConfig(deps.workspace);
	if (!isLocal(any)) {
		const isConfigured = (await workspaceState(deps.workspace)) === 'configured';
		const state = isConfigured ? 'configured' : 'created';
		const problem = isConfigured ? {} : {problem: 'This release makes infrastructure on clouds, and no cluster of it yet.'};
		const machines = !isConfigured && ownImage(any) !== '' && !('openstack' in any.provider);
		return {name: any.name, provider: providerOf(any), checkedAt: Date.now(), state, ...problem, scalable: machines};
	}
	const {config} = await readConfig(deps.workspace);
	const known = {name: config.name, provider: 'local', checkedAt: Date.now()};
	if ((await workspaceState(deps.workspace)) === 'configured') return {...known, state: 'configured'};
	const {state, nodes, machines, image, masterSecret} = await clusterStatus(deps);
	const upgrade = withUpgrade(deps, context);
	const newer = await newerImage(upgrade, image);
	const controlPlanes = machines.filter(({role}) => role === 'control-plane').length;
	return {
		...known,
		state,
		image,
		...(newer === undefined ? {} : {newerImage: newer}),
		upgrading: deps.journal.last('upgrade')?.state === 'intent',
		copyConfirmed: masterSecret.copyConfirmed,
		nodes: {
			ready: nodes.filter(({ready}) => ready).length,
			total: machines.length,
			controlPlanes,
			workers: machines.length - controlPlanes,
		},
	};
}
