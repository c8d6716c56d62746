import type {Endorsement} from '../../attestation/attested.ts';
import type {MasterSecret} from '../../keys/derive.ts';
import {kubeClient} from '../../kubernetes/client.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import type {Secret} from '../../secret.ts';
import type {ApiServerServiceSettings} from '../api-server/main.ts';
import type {Instance} from '../host.ts';
import {splitEndpoint} from '../metadata.ts';
import type {Supervisor} from '../supervisor/supervisor.ts';
import type {ControlPlaneState, NodeState} from './node-state.ts';
import {apiServerIdentity, founderIdentity, type Identity, kubeletClientIdentity, serviceIdentity} from './pki.ts';
import {keySockets, verificationSettings} from './service-settings.ts';

export type ControlPlaneDeps = {
	state: NodeState;
	plane: ControlPlaneState;
	instance: Instance;
	/** host:port of the load balancer in front of all API servers. */
	apiEndpoint: string;
	/** Path of the store that the API servers share. */
	store: string;
	variant: string;
	supervisor: Supervisor;
};

/** What the services of a control plane need beside the node's state. */
export type ClusterSecrets = {master: MasterSecret; endorsement: Endorsement};

/** Starts the services of a control plane in their order: the API server first, then what works through it. */
export const controlPlane = (deps: ControlPlaneDeps) => {
	const {state, plane, instance, supervisor} = deps;
	const {pki} = plane;
	const server = `https://${instance.endpoints.kubernetes}`;
	const connect = ({cert, key}: Identity): Kube => kubeClient({server, ca: pki['ca.crt'], cert, key});
	const connection = ({cert, key}: Identity) => ({server, ca: pki['ca.crt'], cert, key: base64(key)});

	return {
		async startApi() {
			await supervisor.start({name: 'kube-apiserver', settings: () => Promise.resolve(apiServerSettings(deps))});
		},
		/** For the objects of a new cluster. */
		founder: () => connect(founderIdentity(pki)),
		/** For what the node itself reads in a cluster that is there. */
		bootstrapper: () => connect(serviceIdentity(pki, 'bootstrapper')),
		async startServices({master, endorsement}: ClusterSecrets) {
			const sockets = keySockets();
			await supervisor.start({
				name: 'key-service',
				settings: () => Promise.resolve({masterSecret: {key: base64(master.key), salt: base64(master.salt)}, sockets}),
			});
			const others = [
				{
					name: 'join-service',
					settings: () => ({
						listen: splitEndpoint(instance.endpoints.join),
						name: state.name,
						variant: deps.variant,
						keySocket: sockets.join,
						kube: connection(serviceIdentity(pki, 'join-service')),
						pki,
						apiEndpoint: deps.apiEndpoint,
						storageKey: plane.storageKey,
						tpm: './tpm.sock',
						endorsement: encodeEndorsement(endorsement),
					}),
				},
				{name: 'verification-service', settings: () => verificationSettings(instance, deps.variant)},
				{
					name: 'operator',
					settings: () => ({
						name: state.name,
						kube: connection(serviceIdentity(pki, 'operator')),
						ca: {cert: pki['ca.crt'], key: Buffer.from(pki['ca.key']).toString('base64')},
						metadata: './metadata.sock',
					}),
				},
			];
			await Promise.all(others.map(({name, settings}) => supervisor.start({name, settings: () => Promise.resolve(settings())})));
		},
	};
};

const apiServerSettings = ({plane, instance, apiEndpoint, store, state}: ControlPlaneDeps): ApiServerServiceSettings => {
	const {pki} = plane;
	const serving = apiServerIdentity(pki, instance, apiEndpoint);
	const client = kubeletClientIdentity(pki);
	return {
		listen: splitEndpoint(instance.endpoints.kubernetes),
		storePath: store,
		storageKey: plane.storageKey,
		ca: pki['ca.crt'],
		saKey: Buffer.from(pki['sa.key']).toString('base64'),
		serving: {cert: serving.cert, key: base64(serving.key)},
		kubeletClient: {cert: client.cert, key: base64(client.key)},
		version: state.kubernetesVersion,
	};
};

const encodeEndorsement = ({measurements, signature, releaseKey, makerKey}: Endorsement) => ({
	measurements: Buffer.from(measurements).toString('base64'),
	signature: Buffer.from(signature).toString('base64'),
	releaseKey: Buffer.from(releaseKey).toString('base64'),
	makerKey: Buffer.from(makerKey).toString('base64'),
});

const base64 = (secret: Secret) => Buffer.from(secret.reveal()).toString('base64');
