import {AppError, exitCodes} from '../errors.ts';
import {pinnedPolicy, readConfig, readEndpoints, requireInitialised} from '../flows/cluster.ts';
import type {Dependencies} from '../flows/dependencies.ts';
import {requireRunning} from '../flows/status.ts';
import {type VerifyTarget, verifyCluster} from '../flows/verify.ts';
import {readClusterId, showClusterId} from '../keys/cluster-id.ts';
import {verifyRows} from '../summary.ts';
import {openWorkspace} from './session.ts';
import {type CommandInput, type CommandModule, textFlag} from './types.ts';

export const verify: CommandModule = async (context, input) => {
	const deps = await openWorkspace(context);
	const target = await targetOf(deps, input);
	const checks = await context.output.run('Verifying', signal => verifyCluster(deps, target, signal), {expected: ['verify']});
	const clusterId = showClusterId(target.clusterId);
	return {
		command: 'verify',
		data: {endpoint: target.endpoint, clusterId, checks},
		lines: [
			...verifyRows(checks),
			'',
			`A node with cluster ID ${clusterId} answered a fresh challenge at ${target.endpoint};`,
			'that is not proof that this address is that node.',
		],
	};
};

async function targetOf(deps: Dependencies, input: CommandInput): Promise<VerifyTarget> {
	const {workspace} = deps;
	const [id, endpoint] = [textFlag(input, 'cluster-id'), textFlag(input, 'endpoint')];
	if (id === undefined || endpoint === undefined) await requireInitialised(workspace);
	const {config} = await readConfig(workspace);
	if (endpoint === undefined) await requireRunning(deps);
	return {
		endpoint: endpoint === undefined ? (await readEndpoints(workspace)).verify : withPort(endpoint, 30_081),
		clusterId: id === undefined ? (await requireInitialised(workspace)).clusterId : parseId(id),
		policy: pinnedPolicy(config),
		imageVersion: config.image,
	};
}

function parseId(text: string): Uint8Array {
	const id = readClusterId(text);
	if (id !== undefined) return id;
	throw new AppError('The cluster ID must be 32 bytes in base64 or hex.', {
		code: 'usage',
		exitCode: exitCodes.usage,
		problems: [{path: '--cluster-id', message: 'is not 32 bytes in base64 or hex'}],
	});
}

/** host:port as given; the port of the service where none is given. */
export function withPort(endpoint: string, port: number): string {
	return /:\d+$/.test(endpoint) ? endpoint : `${endpoint}:${port}`;
}
