import {randomBytes} from 'node:crypto';
import {dataKey, clusterId as deriveClusterId, measurementSecret} from '../../../keys/derive.ts';
import type {Kube} from '../../../kubernetes/kube.ts';
import {buildKubeconfig} from '../../../kubernetes/kubeconfig.ts';
import {type ClusterFacts, clusterManifests, createMissing} from '../../../kubernetes/manifests.ts';
import {Secret} from '../../../secret.ts';
import type {Stop} from '../../supervisor/protocol.ts';
import type {NodeHost} from '../host-context.ts';
import {bindToCluster} from '../identity.ts';
import {type Member, runMember} from '../member.ts';
import {formatNodeState, type NodeState, roleText} from '../node-state.ts';
import {adminIdentity, createPki, kubeletIdentity} from '../pki.ts';
import type {InitOrder} from './request.ts';
import type {InitResult} from './service.ts';
import {unfinishedInit} from './unfinished.ts';

/** How long a result waits for its acknowledgement. */
export const resultLifeMs = 3_600_000;
const saltLength = 32;
const registrationMs = 60_000;

/**
 * Makes the cluster of an order on this node. The node's lock is taken already. The state is on the disk before register 15 is
 * extended, so that a crash in between leaves either a fresh machine or one that says it is to be replaced.
 */
export const initCluster = async (
	host: NodeHost,
	order: InitOrder,
	progress: (line: string) => void,
	announced: Stop,
): Promise<{result: InitResult; member: Member}> => {
	const {disk, instance, metadata, tpm} = host;
	const salt = randomBytes(saltLength);
	const id = deriveClusterId(measurementSecret(order.master), salt);
	const stateKey = new Secret(dataKey(order.master, await disk.uuid(), 32));
	const apiEndpoint = await metadata.loadBalancer('kubernetes');
	const state = newState(host, order, salt, apiEndpoint);

	progress('writing the state of the node');
	const unfinished = unfinishedInit(disk.folder);
	await unfinished.mark();
	await disk.save(stateKey.reveal(), formatNodeState(state));
	progress('binding the machine to its cluster');
	await bindToCluster(tpm, id);

	const found = async (kube: Kube) => {
		progress('creating the objects of the cluster');
		await createMissing(kube, clusterManifests(clusterFacts(order, salt)));
		await announced();
		return {master: order.master, endorsement: order.endorsement};
	};
	progress('starting the control plane');
	const member = await runMember({...host, log: progress}, {state, stateKey, master: order.master, found});
	progress('waiting for the node to register');
	await within(registrationMs, member.registered);

	const clusterName = order.clusterName.endsWith(`-${instance.uid}`)
		? order.clusterName.slice(0, -instance.uid.length - 1)
		: order.clusterName;
	const admin = adminIdentity(createdPki(state), order.clusterName);
	const kubeconfig = buildKubeconfig(clusterName, instance.uid, {
		server: `https://${apiEndpoint}`,
		ca: state.clusterCa,
		...admin,
	}).reveal();
	const kept = {
		kubeconfig: Buffer.from(kubeconfig).toString('base64'),
		clusterId: Buffer.from(id).toString('base64'),
		until: Date.now() + resultLifeMs,
	};
	await member.save({...member.state(), initResult: kept});
	await unfinished.clear();
	progress('the cluster is ready');
	return {result: {kubeconfig, clusterId: id}, member};
};

const newState = (host: NodeHost, order: InitOrder, salt: Uint8Array, apiEndpoint: string): NodeState => {
	const pki = createPki();
	return {
		Role: roleText(host.instance.role),
		MeasurementSalt: Buffer.from(salt).toString('base64'),
		name: host.instance.name,
		clusterCa: pki['ca.crt'],
		apiEndpoint,
		kubernetesVersion: order.kubernetesVersion,
		kubelet: kubeletIdentity(pki, host.instance),
		componentsReference: order.components.reference,
		controlPlane: {
			pki,
			storageKey: Buffer.from(dataKey(order.master, 'store', 32)).toString('base64'),
		},
	};
};

const createdPki = ({controlPlane}: NodeState) => {
	if (controlPlane === undefined) throw new Error('the first node has no control-plane state');
	return controlPlane.pki;
};

const clusterFacts = (order: InitOrder, salt: Uint8Array): ClusterFacts => {
	const {endorsement, attestationConfig} = order;
	return {
		image: order.imageVersion,
		imageVersion: order.imageVersion,
		kubernetesVersion: order.kubernetesVersion,
		components: order.components,
		attestationConfig,
		acceptedPolicies: {
			generation: 1,
			policies: [
				{
					measurements: Buffer.from(endorsement.measurements).toString('base64'),
					signature: Buffer.from(endorsement.signature).toString('base64'),
					attestationConfig,
				},
			],
		},
		measurementSalt: salt,
		masterSecret: order.master,
	};
};

const within = async (ms: number, promise: Promise<void>) => {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_resolve, reject) => {
		timer = setTimeout(() => {
			reject(new Error('the node did not register with its own API server'));
		}, ms);
	});
	try {
		await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
};
