import {issuerOf} from '../../attestation/variant.ts';
import type {MasterSecret} from '../../keys/derive.ts';
import {kubeClient} from '../../kubernetes/client.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import {waitFor} from '../../kubernetes/wait.ts';
import {Secret} from '../../secret.ts';
import {type KubeletCertificate, keepRenewing} from '../kubelet/certificate.ts';
import {runKubelet} from '../kubelet/main.ts';
import {serveKubelet} from '../kubelet/server.ts';
import {runSimulation} from '../kubelet/simulation/main.ts';
import {simulatedLog} from '../kubelet/simulation/pod.ts';
import {splitEndpoint} from '../metadata.ts';
import type {Stop} from '../supervisor/protocol.ts';
import {serveStatements} from '../verification/main.ts';
import {readEndorsement, readMasterSecret} from './cluster-facts.ts';
import {type ClusterSecrets, controlPlane} from './control-plane.ts';
import {forgetReadiness} from './forget-readiness.ts';
import type {NodeHost} from './host-context.ts';
import {formatNodeState, type NodeState} from './node-state.ts';
import {verificationSettings} from './service-settings.ts';

export type Membership = {
	state: NodeState;
	stateKey: Secret;
	/** Known on a node that got it from an administrator; others read it in the cluster. */
	master?: MasterSecret;
	/** On the first node: makes the objects of the cluster as soon as its API server is there. */
	found?: (kube: Kube) => Promise<ClusterSecrets>;
};

export type Member = {
	/** Resolves when the cluster has the Node, Ready. */
	registered: Promise<void>;
	state: () => NodeState;
	/** Writes a changed state to the disk. */
	save: (next: NodeState) => Promise<void>;
	stop: Stop;
};

const patienceMs = 120_000;

/** Runs a node that belongs to a cluster: the services of its role, and its kubelet for as long as it lives. */
export const runMember = async (host: NodeHost, membership: Membership): Promise<Member> => {
	const {instance, disk, tpm, supervisor, parameters, log} = host;
	const {stateKey} = membership;
	let {state} = membership;
	const save = async (next: NodeState) => {
		await disk.save(stateKey.reveal(), formatNodeState(next));
		state = next;
	};

	if (state.controlPlane === undefined) {
		await supervisor.startInside('verification-service', async serviceLog => {
			const {stop} = await serveStatements(
				issuerOf('local-vtpm', tpm),
				verificationSettings(instance, parameters.variant),
				serviceLog,
			);
			serviceLog('verification service started');
			return stop;
		});
	} else await startControlPlane(host, membership);

	const server = `https://${await apiEndpoint(host, state)}`;
	const connect = ({cert, key}: KubeletCertificate) =>
		kubeClient({server, ca: state.clusterCa, cert, key: new Secret(Buffer.from(key))});
	let kube = connect(state.kubelet);
	const simulation = runSimulation({instance, kube: () => kube, log});
	const kubeletServer = await serveKubelet({
		...splitEndpoint(instance.endpoints.kubelet),
		ca: state.clusterCa,
		cert: state.kubelet.cert,
		key: Buffer.from(state.kubelet.key),
		node: state.name,
		logs: () => new Map(supervisor.list().map(({name, logPath}) => [name, logPath])),
		simulated(namespace, name, container) {
			const pod = simulation.find(namespace, name);
			return pod && simulatedLog(pod, container);
		},
	});
	const kubelet = runKubelet({
		facts: {
			instance,
			kubernetesVersion: state.kubernetesVersion,
			imageVersion: host.imageVersion,
			diskUuid: await disk.uuid(),
			bootId: host.bootId,
			...(state.componentsReference === undefined ? {} : {componentsReference: state.componentsReference}),
		},
		kube: () => kube,
		services: supervisor,
		log,
	});
	const ending = new AbortController();
	const renewing = keepRenewing({
		current: () => state.kubelet,
		kube: () => kube,
		instance,
		async use(next) {
			await save({...state, kubelet: next});
			kube = connect(next);
			kubeletServer.renew(next.cert, Buffer.from(next.key));
		},
		log,
		signal: ending.signal,
	});
	return {
		registered: kubelet.registered,
		state: () => state,
		save,
		async stop() {
			ending.abort();
			await Promise.all([kubelet.stop(), simulation.stop(), kubeletServer.close(), renewing]);
			await supervisor.stop();
		},
	};
};

/** Where this node's kubelet finds the API: on its own machine, else at the load balancer, which may have moved since the node joined. */
const apiEndpoint = async ({instance, metadata}: NodeHost, state: NodeState): Promise<string> => {
	if (state.controlPlane !== undefined) return instance.endpoints.kubernetes;
	// Whoever answers there has to show a certificate of the cluster, so the provider's word is enough.
	return metadata.loadBalancer('kubernetes').catch(() => state.apiEndpoint);
};

const startControlPlane = async (host: NodeHost, {state, master, found}: Membership) => {
	const {instance, metadata, supervisor, parameters, log} = host;
	if (state.controlPlane === undefined) throw new Error('the state of this node has no control-plane part');
	const [apiEndpoint, {store}] = await Promise.all([metadata.loadBalancer('kubernetes'), metadata.disk()]);
	const plane = controlPlane({
		state,
		plane: state.controlPlane,
		instance,
		apiEndpoint,
		store,
		variant: parameters.variant,
		supervisor,
	});
	log('starting the API server');
	await plane.startApi();
	if (master !== undefined && found === undefined) await forgetReadiness(plane.founder());
	const secrets = found === undefined ? await readSecrets(host, plane.bootstrapper(), master) : await found(plane.founder());
	log('starting key, join, verification service and operator');
	await plane.startServices(secrets);
};

const readSecrets = async (
	{parameters, tpm}: NodeHost,
	kube: Kube,
	master: MasterSecret | undefined,
): Promise<ClusterSecrets> => {
	const registers = await tpm.readPcrs();
	return waitFor(
		{
			name: 'the cluster tells this control plane its secrets',
			check: async () => ({
				master: master ?? (await readMasterSecret(kube)),
				endorsement: await readEndorsement(kube, parameters.variant, registers),
			}),
		},
		{timeoutMs: patienceMs},
	);
};
