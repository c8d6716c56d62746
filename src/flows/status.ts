import {AppError, exitCodes} from '../errors.ts';
import {KubeError, type KubeObject} from '../kubernetes/kube.ts';
import {resources} from '../kubernetes/resources.ts';
import type {Machine} from '../providers/node-groups.ts';
import {exists} from '../workspace/files.ts';
import {lockHolder} from '../workspace/lock.ts';
import {readStamp} from '../workspace/stamp.ts';
import type {WorkspaceState} from '../workspace/state.ts';
import {adminKube, noCluster, readConfig, readEndpoints, requireIds, workspaceState} from './cluster.ts';
import type {Dependencies} from './dependencies.ts';
import {type UpgradeProgress, upgradeProgress} from './upgrade/progress.ts';
import {type ReadyNode, readyNode} from './watch.ts';

/** `stopped`: machines are off. `unreachable`: they run, but the Kubernetes API does not answer. */
export type ClusterState = 'created' | 'running' | 'degraded' | 'stopped' | 'unreachable';

export type ClusterStatus = {
	name: string;
	provider: 'local';
	workspace: WorkspaceState;
	state: ClusterState;
	clusterId: string;
	endpoint: string;
	image: string;
	kubernetesVersion: string;
	machines: readonly Machine[];
	nodes: readonly ReadyNode[];
	masterSecret: {file: boolean; copyConfirmed: boolean};
	/** An upgrade that is not over. */
	upgrade?: UpgradeProgress;
	/** Another run that works on the workspace now. */
	holder?: {pid: number; since: string; command: string};
};

const isOff = ({state}: Machine): boolean => state === 'stopped' || state === 'failed' || state === 'terminated';

/** What exists and how it is; changes nothing. Throws AppError `no-cluster`, `config-missing` and the like. */
export async function clusterStatus(deps: Dependencies): Promise<ClusterStatus> {
	const {workspace, provider} = deps;
	const place = await workspaceState(workspace);
	if (place === 'empty' || place === 'configured' || place === 'terminated') throw noCluster(workspace);
	const ids = await requireIds(workspace);
	const {config} = await readConfig(workspace);
	const machines = (await provider.machines(ids.uid)) ?? [];
	const nodes = await nodesOf(deps, machines);
	const holder = await lockHolder(workspace);
	const upgrade = nodes === undefined ? undefined : await upgradeProgress(deps);
	return {
		name: config.name,
		provider: 'local',
		workspace: place,
		state: stateOf(ids.clusterID !== '', machines, nodes),
		clusterId: Buffer.from(ids.clusterID, 'hex').toString('base64'),
		endpoint: ids.ip === '' ? '' : `https://${(await readEndpoints(workspace)).kubernetes}`,
		image: config.image,
		kubernetesVersion: config.kubernetesVersion,
		machines,
		nodes: nodes ?? [],
		masterSecret: {
			file: await exists(workspace.path('masterSecret')),
			copyConfirmed: (await readStamp(workspace)).masterSecretCopied,
		},
		...(upgrade === undefined ? {} : {upgrade}),
		...(holder === undefined ? {} : {holder: {pid: holder.pid, since: holder.since, command: holder.command}}),
	};
}

function stateOf(initialised: boolean, machines: readonly Machine[], nodes: readonly ReadyNode[] | undefined): ClusterState {
	if (machines.length === 0 || machines.every(isOff)) return 'stopped';
	if (!initialised) return 'created';
	if (nodes === undefined) return 'unreachable';
	return machines.some(isOff) || nodes.some(({ready}) => !ready) ? 'degraded' : 'running';
}

/** The nodes by machine, undefined where the API server does not answer. Nodes without a machine are told too. */
async function nodesOf(deps: Dependencies, machines: readonly Machine[]): Promise<ReadyNode[] | undefined> {
	if (!(await exists(deps.workspace.path('kubeconfig')))) return undefined;
	const {kube} = await adminKube(deps);
	try {
		const {items} = await kube.list(resources.nodes);
		const byName = new Map(items.map((node): [string, KubeObject] => [node.metadata.name, node]));
		return machines.map(machine => {
			const node = readyNode(machine, byName.get(machine.name));
			return {...node, ready: node.ready && !isOff(machine)};
		});
	} catch (error) {
		if (error instanceof KubeError && (error.code === 0 || error.code >= 500)) return undefined;
		throw error;
	}
}

/** For work that needs a cluster that answers. Throws AppError `cluster-stopped` or `machines-gone` (exit 7). */
export async function requireRunning(deps: Dependencies): Promise<void> {
	const {uid, clusterID} = await requireIds(deps.workspace);
	const machines = (await deps.provider.machines(uid)) ?? [];
	if (machines.length === 0 && clusterID !== '') throw machinesGone();
	if (machines.length > 0 && !machines.every(isOff)) return;
	throw stopped();
}

/** The folder has a cluster, this computer no machine of it: the data folder was removed, or is not the one it was made in. */
export function machinesGone(): AppError {
	return new AppError('This computer has no records of the machines of this cluster.', {
		code: 'machines-gone',
		exitCode: exitCodes.unreachable,
		next: [
			'Set XDG_DATA_HOME as it was when the cluster was made, if it was another folder.',
			'constellation terminate   removes what the workspace still names; config and master secret stay',
		],
	});
}

/** The machines of the cluster are all off. */
export function stopped(): AppError {
	return new AppError('The cluster is stopped: all its machines are off.', {
		code: 'cluster-stopped',
		exitCode: exitCodes.unreachable,
		next: ['constellation start   starts the machines and verifies each'],
	});
}
