import type {Policy} from '../attestation/policy.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {Flow} from '../events.ts';
import type {MasterSecret} from '../keys/derive.ts';
import {encodeKmsUri, noStorageUri} from '../keys/kms-uri.ts';
import {KubeError} from '../kubernetes/kube.ts';
import {resources} from '../kubernetes/resources.ts';
import {clientOn} from '../rpc/client.ts';
import {API as RecoverApi} from '../rpc/gen/recoverproto_pb.ts';
import {rpcFailure} from '../rpc/status.ts';
import {exists} from '../workspace/files.ts';
import {adminKube} from './cluster.ts';
import type {Dependencies} from './dependencies.ts';
import {connectNode, mayPass, type NodeAddress, type NodeChannel, orRefusalLane} from './node-channel.ts';
import {phase} from './phase.ts';

export type RecoveryTarget = {
	/** The recovery servers of the control planes. */
	node: NodeAddress;
	/** What a node has to show before it is in the cluster. */
	policy: Policy;
	secret: MasterSecret;
	/** Give up after this long without a node that waits; milliseconds. */
	patience: number;
};

type Cluster = Pick<Dependencies, 'workspace' | 'kube' | 'now' | 'pause'>;

const retryMs = 200;

/**
 * Sends the master secret to control planes that wait for it, each verified before, until the cluster answers again. Gives the
 * number of nodes that took it: 0 when the cluster answered all the time. Throws AppError `nothing-to-recover` (exit 7) when neither
 * a node nor the cluster answers.
 */
export function recoverNodes(deps: Cluster, target: RecoveryTarget, signal: AbortSignal): Flow<number> {
	return phase('recover', deps.now, pushSecrets(deps, target, signal), count => `${count} recovered`);
}

async function* pushSecrets(deps: Cluster, target: RecoveryTarget, signal: AbortSignal): Flow<number> {
	const {now, pause} = deps;
	const giveUp = now() + target.patience;
	let pushed = 0;
	yield {type: 'waiting', message: `a node that waits for the master secret at ${target.node.endpoint}`, at: now()};
	for (;;) {
		signal.throwIfAborted();
		const name = yield* orRefusalLane(pushOnce(target, signal), now);
		if (name !== undefined) {
			pushed += 1;
			yield {type: 'lane', node: name, role: 'control-plane', state: 'attested', source: 'cli', at: now()};
			yield {type: 'waiting', message: 'the cluster to answer', at: now()};
		} else if (await answers(deps)) return pushed;
		if (now() > giveUp) throw nothing(target.node.endpoint, pushed);
		await pause(retryMs, signal);
	}
}

/** Name of the node that took the secret; undefined where none waits. */
async function pushOnce({node: address, policy, secret}: RecoveryTarget, signal: AbortSignal): Promise<string | undefined> {
	const node = await connectNode(address, policy, 'control-plane', signal);
	if (node === undefined) return undefined;
	return (await sendSecret(node, secret, signal)) ? (node.attested.machine?.name ?? address.name) : undefined;
}

/** Hands the master secret to a node that was verified, and closes the connection. False where the node went away meanwhile. */
export async function sendSecret(node: NodeChannel, secret: MasterSecret, signal: AbortSignal): Promise<boolean> {
	try {
		await clientOn(node.channel, RecoverApi).recover(
			{kmsUri: encodeKmsUri(secret), storageUri: noStorageUri},
			{signal, timeout: 30_000},
		);
		return true;
	} catch (error) {
		signal.throwIfAborted();
		if (mayPass(error)) return false;
		throw rpcFailure(error, 'recover the node');
	} finally {
		node.close();
	}
}

async function answers(deps: Cluster): Promise<boolean> {
	if (!(await exists(deps.workspace.path('kubeconfig')))) return false;
	const {kube} = await adminKube(deps);
	try {
		await kube.get(resources.namespaces, 'kube-system');
		return true;
	} catch (error) {
		if (error instanceof KubeError && (error.code === 0 || error.code >= 500)) return false;
		throw error;
	}
}

function nothing(endpoint: string, pushed: number): AppError {
	const message =
		pushed > 0
			? 'Nodes took the master secret, but the cluster does not answer.'
			: `No node waits for the master secret at ${endpoint}, and the cluster does not answer.`;
	return new AppError(message, {
		code: pushed > 0 ? 'cluster-silent' : 'nothing-to-recover',
		exitCode: pushed > 0 ? exitCodes.cluster : exitCodes.unreachable,
		next: ['constellation status   shows the machines', 'constellation start    switches machines on that are off'],
	});
}
