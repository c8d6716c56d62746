import {AppError, exitCodes} from '../errors.ts';
import {requireInitialised} from '../flows/cluster.ts';
import {recoverCluster, requireMasterSecret, startCluster, stopCluster} from '../flows/lifecycle.ts';
import {openOriginal} from '../flows/original/open.ts';
import {withExisting} from '../flows/session.ts';
import {withPort} from '../flows/verify-target.ts';
import type {ReadyNode} from '../flows/watch.ts';
import type {Result} from '../output/output.ts';
import {agree} from './consent.ts';
import {type CommandModule, textFlag} from './types.ts';

export const start: CommandModule = (context, input) =>
	withExisting(context, 'start', async deps => {
		await requireInitialised(deps.workspace);
		const secret = await requireMasterSecret(deps, textFlag(input, 'master-secret'));
		const nodes = await context.output.run('Starting', signal => startCluster(deps, secret, signal), {
			expected: ['machines', 'recover', 'nodes'],
		});
		return readyResult('start', nodes);
	});

export const recover: CommandModule = async (context, input) => {
	const original = await openOriginal(context.folder);
	if (original !== undefined) {
		const {recoverInOriginal} = await import('./original.ts');
		return recoverInOriginal(context, original, input);
	}
	if (input.flags['accept-unknown-keys'] === true) throw onlyOriginal();
	return withExisting(context, 'recover', async deps => {
		await requireInitialised(deps.workspace);
		const secret = await requireMasterSecret(deps, textFlag(input, 'master-secret'));
		const endpoint = textFlag(input, 'endpoint');
		const options = endpoint === undefined ? {} : {endpoint: withPort(endpoint, 9999)};
		const nodes = await context.output.run('Recovering', signal => recoverCluster(deps, secret, signal, options), {
			expected: ['recover', 'nodes'],
		});
		return readyResult('recover', nodes);
	});
};

export const stop: CommandModule = context =>
	withExisting(context, 'stop', async deps => {
		await agree(context, 'Stop all machines? Workloads end; disks, keys and objects stay.');
		const machines = await context.output.run('Stopping', signal => stopCluster(deps, signal), {expected: ['machines']});
		return {
			command: 'stop',
			data: {machines},
			lines: [`${machines.length} machines are stopped; their disks are kept.`, 'next   constellation start   starts them again'],
		};
	});

/** Here every key is vouched for; a consent without a use is a mistake. */
function onlyOriginal(): AppError {
	return new AppError('--accept-unknown-keys is for workspaces of Constellation v2.9.', {
		code: 'usage',
		exitCode: exitCodes.usage,
		next: ['constellation recover   needs no consent here'],
	});
}

function readyResult(command: string, nodes: readonly ReadyNode[]): Result {
	return {
		command,
		data: {nodes},
		lines: [`${nodes.length} of ${nodes.length} nodes are ready.`, 'next   constellation verify   challenges the cluster'],
	};
}
