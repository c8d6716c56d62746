import {sameBytes} from '../attestation/bytes.ts';
import {withClusterId} from '../attestation/cluster-register.ts';
import {withMeasurement} from '../attestation/measurements.ts';
import {formatPolicy, type LocalPolicy} from '../attestation/policy.ts';
import {clusterRegister} from '../attestation/registers.ts';
import {clusterRegisterOf} from '../attestation/variants/local/measured-boot.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {Flow, RefusalView} from '../events.ts';
import {readClusterId} from '../keys/cluster-id.ts';
import {encodeKmsUri, noStorageUri} from '../keys/kms-uri.ts';
import {parseKubeconfig} from '../kubernetes/kubeconfig.ts';
import {kubernetesComponents} from '../releases/kubernetes.ts';
import {clientOn} from '../rpc/client.ts';
import {API as InitApi, type InitResponse} from '../rpc/gen/init_pb.ts';
import {RpcError, rpcFailure, status} from '../rpc/status.ts';
import type {Secret} from '../secret.ts';
import {oneLine} from '../text.ts';
import {exists, fileNames, writeFileSafely} from '../workspace/files.ts';
import {writeIds} from '../workspace/id-file.ts';
import {ensureMasterSecret} from '../workspace/master-secret.ts';
import {writeStamp} from '../workspace/stamp.ts';
import {readEndpoints} from './cluster.ts';
import type {Dependencies, Endpoints} from './dependencies.ts';
import {connectNode, controlPlaneAt, mayPass, type NodeAddress, type NodeChannel, orRefusalLane} from './node-channel.ts';
import {phase} from './phase.ts';
import type {Prepared} from './prepare.ts';

const waitMs = 10 * 60_000;
const retryMs = 200;

/** Initialises the first node, unless that was done: afterwards kubeconfig and cluster ID are in the workspace. */
export function initCluster(deps: Dependencies, prepared: Prepared, signal: AbortSignal): Flow<Prepared> {
	return phase('init', deps.now, initialise(deps, prepared, signal));
}

async function* initialise(deps: Dependencies, prepared: Prepared, signal: AbortSignal): Flow<Prepared> {
	const {workspace, journal, now} = deps;
	const {initSecret} = prepared.ids;
	if (prepared.ids.clusterID !== '' && (await exists(workspace.path('kubeconfig'))))
		return initSecret === undefined ? prepared : yield* acknowledgeLate(deps, prepared, initSecret, signal);
	if (initSecret === undefined) throw lost('The init secret is gone before the cluster was initialised.');

	// On disk before any node hears of it: a cluster whose secret only a node knows could never be recovered.
	await journal.intent('master-secret');
	const {created} = await ensureMasterSecret(workspace);
	await journal.done('master-secret');
	if (created)
		yield {
			type: 'file',
			path: fileNames.masterSecret,
			purpose: 'master secret: recovers every node; keep a copy elsewhere',
			at: now(),
		};

	const endpoints = await readEndpoints(workspace);
	const giveUp = now() + waitMs;
	for (;;) {
		const node = yield* firstNode(deps, prepared, endpoints, giveUp, signal);
		try {
			const result = yield* send(deps, prepared, node, initSecret, signal);
			return yield* keep(deps, prepared, node, initSecret, result);
		} catch (error) {
			signal.throwIfAborted();
			// The node keeps its result for the same secret: ask again.
			if (!mayPass(error) || now() > giveUp) throw error instanceof RpcError ? initFailed(error) : error;
			yield {type: 'waiting', message: 'the connection to the first node broke; asking again', at: now()};
		} finally {
			node.close();
		}
	}
}

/** A control plane that waits for its Init, verified. After a first attempt only the same one: it may hold the master secret already. */
async function* firstNode(
	deps: Dependencies,
	{policy, ids}: Prepared,
	{bootstrapper}: Endpoints,
	giveUp: number,
	signal: AbortSignal,
): Flow<NodeChannel> {
	const {now} = deps;
	const known = deps.journal.last('init')?.attestationKey;
	const address = await controlPlaneAt(deps, ids.uid, bootstrapper);
	yield {type: 'waiting', message: `the first node at ${bootstrapper}`, at: now()};
	for (let others = 0; ; ) {
		signal.throwIfAborted();
		const node = yield* orRefusalLane(connectFirst(address, policy, known, signal), now);
		if (node !== undefined) {
			if (known === undefined || known === node.attested.attestationKey) {
				const {machine} = node.attested;
				if (machine !== undefined)
					yield {type: 'lane', node: machine.name, role: machine.role, state: 'attested', source: 'cli', at: now()};
				yield {type: 'waiting', message: 'the first node to make the cluster', at: now()};
				return node;
			}
			node.close();
			others += 1;
			if (others > 50) throw otherNode(known);
		}
		if (now() > giveUp) throw notReached(bootstrapper);
		await deps.pause(retryMs, signal);
	}
}

/**
 * An Init that was interrupted may have bound its machine to the cluster: register 15 is not zero any more, and only that machine may
 * be asked again. Whether the value is that of the cluster shows with the result.
 */
async function connectFirst(
	address: NodeAddress,
	policy: LocalPolicy,
	known: string | undefined,
	signal: AbortSignal,
): Promise<NodeChannel | undefined> {
	try {
		return await connectNode(address, policy, 'control-plane', signal);
	} catch (error) {
		const bound = known === undefined ? undefined : boundRegister(error);
		if (bound === undefined) throw error;
		const measurements = withMeasurement(policy.measurements, clusterRegister, bound);
		return connectNode(address, {...policy, measurements}, 'control-plane', signal);
	}
}

/** The value of register 15, when that is all a node was refused for. */
function boundRegister(error: unknown): Uint8Array | undefined {
	if (!(error instanceof AppError) || error.code !== 'attestation-refused' || error.problems.length !== 1) return undefined;
	const {refusal} = error.details as {refusal?: RefusalView};
	if (refusal?.register !== clusterRegister || !/^[0-9a-f]{64}$/.test(refusal.actual ?? '')) return undefined;
	return Buffer.from(refusal.actual ?? '', 'hex');
}

type InitResult = {kubeconfig: Uint8Array; clusterId: Uint8Array};

async function* send(
	deps: Dependencies,
	prepared: Prepared,
	node: NodeChannel,
	initSecret: Secret,
	signal: AbortSignal,
): Flow<InitResult> {
	const {config, ids, image, policy} = prepared;
	const {secret} = await ensureMasterSecret(deps.workspace);
	await writeStamp(deps.workspace, {masterSecretUsed: true});
	await deps.journal.intent('init', {attestationKey: node.attested.attestationKey});
	const responses = clientOn(node.channel, InitApi).init(
		{
			kmsUri: encodeKmsUri(secret),
			storageUri: noStorageUri,
			kubernetesVersion: config.kubernetesVersion,
			kubernetesComponents: kubernetesComponents(config.kubernetesVersion).components.map(component => ({...component})),
			initSecret: initSecret.reveal(),
			clusterName: `${config.name}-${ids.uid}`,
			attestationConfig: Buffer.from(JSON.stringify(formatPolicy(policy))),
			signedMeasurements: image.measurements,
			measurementsSignature: image.signature,
			releaseKey: image.releaseKey,
			imageVersion: image.version,
		},
		{signal, timeout: waitMs, metadata: {'constellation-progress': '1'}},
	);
	let failure: string | undefined;
	try {
		for await (const response of responses) {
			const {kind}: InitResponse = response;
			if (kind.case === 'initSuccess') return kind.value;
			if (kind.case === 'initFailure') failure = kind.value.error;
			if (kind.case === 'log')
				yield {type: 'log', source: 'bootstrapper', line: oneLine(Buffer.from(kind.value.log).toString('utf8')), at: deps.now()};
		}
	} catch (error) {
		if (failure === undefined) throw error;
	}
	await deps.journal.failed('init', {attestationKey: node.attested.attestationKey});
	throw initFailed(new RpcError(status.INTERNAL, failure ?? 'the node ended the call without a result'));
}

async function* keep(
	deps: Dependencies,
	prepared: Prepared,
	node: NodeChannel,
	initSecret: Secret,
	result: InitResult,
): Flow<Prepared> {
	const {workspace, journal, now} = deps;
	const text = Buffer.from(result.kubeconfig).toString('utf8');
	if (result.clusterId.length !== 32) throw initFailed(new RpcError(status.INTERNAL, 'the cluster ID has not 32 bytes'));
	const bound = node.attested.registers[clusterRegister] ?? new Uint8Array();
	if (bound.some(byte => byte !== 0) && !sameBytes(bound, clusterRegisterOf(result.clusterId))) throw otherCluster();
	parseKubeconfig(text);
	await writeFileSafely(workspace.path('kubeconfig'), text);
	yield {type: 'file', path: fileNames.kubeconfig, purpose: 'administrator’s access to Kubernetes', at: now()};
	const ids = {...prepared.ids, clusterID: Buffer.from(result.clusterId).toString('hex')};
	await writeIds(workspace, ids);
	await journal.done('init', {attestationKey: node.attested.attestationKey});

	return yield* acknowledge(deps, {...prepared, ids}, node, initSecret);
}

/** Tells the node that its result is stored, and forgets the init secret: both are of no more use. */
async function* acknowledge(
	{workspace, journal, now}: Dependencies,
	prepared: Prepared,
	node: NodeChannel | undefined,
	initSecret: Secret,
): Flow<Prepared> {
	await journal.intent('acknowledge');
	try {
		if (node === undefined) throw new RpcError(status.UNAVAILABLE, 'it does not answer');
		await clientOn(node.channel, InitApi).acknowledgeInit({initSecret: initSecret.reveal()}, {timeout: 15_000});
		await journal.done('acknowledge');
	} catch (error) {
		// The result is safe here; the node forgets it by itself within the hour.
		yield {
			type: 'warning',
			code: 'init-not-acknowledged',
			message: `The node was not told that its result is stored: ${oneLine(String(error))}`,
			at: now(),
		};
	}
	const {initSecret: _void, ...kept} = prepared.ids;
	await writeIds(workspace, kept);
	return {...prepared, ids: kept};
}

/** After a run that ended between storing the result and telling so. The node may have been told, then it does not answer any more. */
async function* acknowledgeLate(deps: Dependencies, prepared: Prepared, initSecret: Secret, signal: AbortSignal): Flow<Prepared> {
	const {bootstrapper} = await readEndpoints(deps.workspace);
	const policy = withClusterId(prepared.policy, readClusterId(prepared.ids.clusterID) ?? new Uint8Array());
	let node: NodeChannel | undefined;
	try {
		node = await connectNode(await controlPlaneAt(deps, prepared.ids.uid, bootstrapper), policy, 'control-plane', signal);
	} catch (error) {
		// Another control plane that waits for its way in is refused here: it has not the cluster's ID yet.
		if (!(error instanceof AppError && error.code === 'attestation-refused')) throw error;
	}
	try {
		return yield* acknowledge(deps, prepared, node, initSecret);
	} finally {
		node?.close();
	}
}

function initFailed(error: RpcError): AppError {
	const message = oneLine(error.message, 1000);
	const replace = /replace ([\w.-]+)$/.exec(message)?.[1];
	if (error.code === status.UNAVAILABLE) return rpcFailure(error, 'initialise the first node');
	return new AppError(`The first node could not be initialised: ${message}.`, {
		code: 'init-failed',
		exitCode: exitCodes.cluster,
		next: [
			replace === undefined
				? 'constellation terminate, then constellation apply: nothing runs in this cluster yet'
				: `Only ${replace} is affected, but it cannot be initialised again: constellation terminate, then constellation apply`,
		],
	});
}

function otherCluster(): AppError {
	return new AppError('The first node is bound to another cluster than the one it says it made.', {
		code: 'attestation-refused',
		exitCode: exitCodes.refused,
		next: ['constellation terminate, then constellation apply: a new cluster gets a new master secret'],
	});
}

function lost(message: string): AppError {
	return new AppError(message, {
		code: 'init-secret-missing',
		exitCode: exitCodes.preflight,
		next: ['constellation terminate, then constellation apply: nothing runs in this cluster yet'],
	});
}

function otherNode(known: string): AppError {
	return new AppError('Another node than the one that may have got the master secret waits for its initialisation.', {
		code: 'first-node-changed',
		exitCode: exitCodes.refused,
		next: ['constellation terminate, then constellation apply: a new cluster gets a new master secret'],
		details: {attestationKey: known},
	});
}

function notReached(endpoint: string): AppError {
	return new AppError(`No node answered at ${endpoint} within ${waitMs / 60_000} minutes.`, {
		code: 'bootstrapper-unreachable',
		exitCode: exitCodes.unreachable,
		next: ['constellation status   shows the machines', 'constellation doctor --bundle FILE   collects their boot logs'],
	});
}
