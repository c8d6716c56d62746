import {openWorkspace} from '../flows/session.ts';
import {clusterIdText, verifyCluster, verifyTarget} from '../flows/verify.ts';
import {verifyRows} from '../summary.ts';
import {type CommandModule, textFlag} from './types.ts';

export const verify: CommandModule = async (context, input) => {
	const deps = await openWorkspace(context);
	const [id, endpoint] = [textFlag(input, 'cluster-id'), textFlag(input, 'endpoint')];
	const target = await verifyTarget(deps, {
		...(id === undefined ? {} : {clusterId: id}),
		...(endpoint === undefined ? {} : {endpoint: withPort(endpoint, 30_081)}),
	});
	const checks = await context.output.run('Verifying', signal => verifyCluster(deps, target, signal), {expected: ['verify']});
	const clusterId = clusterIdText(target.clusterId);
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

/** host:port as given; the port of the service where none is given. */
export function withPort(endpoint: string, port: number): string {
	return /:\d+$/.test(endpoint) ? endpoint : `${endpoint}:${port}`;
}
