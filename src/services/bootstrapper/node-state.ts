import {AppError, exitCodes} from '../../errors.ts';
import type {NodeRole} from '../../events.ts';

/** The control-plane files that every control plane has, by their names below /etc/kubernetes/pki. */
export const pkiNames = [
	'ca.crt',
	'ca.key',
	'etcd/ca.crt',
	'etcd/ca.key',
	'front-proxy-ca.crt',
	'front-proxy-ca.key',
	'sa.key',
	'sa.pub',
] as const;
export type PkiName = (typeof pkiNames)[number];
/** PEM by name. */
export type Pki = Readonly<Record<PkiName, string>>;

/**
 * What a node keeps on its encrypted disk. `Role` and `MeasurementSalt` (base64) are the v2.9 node state; everything else is ours.
 * Keys are PEM or base64 text.
 */
export type NodeState = {
	Role: 'ControlPlane' | 'Worker';
	MeasurementSalt: string;
	name: string;
	clusterCa: string;
	/** host:port of the Kubernetes API for nodes without an API server of their own. */
	apiEndpoint: string;
	kubernetesVersion: string;
	kubelet: {cert: string; key: string};
	/** Set on the node that made the cluster. */
	componentsReference?: string;
	controlPlane?: ControlPlaneState;
	/** The result of Init until it is acknowledged; `until` in milliseconds since the epoch. */
	initResult?: {kubeconfig: string; clusterId: string; until: number};
};

export type ControlPlaneState = {
	pki: Pki;
	/** Base64 of 32 bytes. */
	storageKey: string;
};

export const roleText = (role: NodeRole): NodeState['Role'] => (role === 'control-plane' ? 'ControlPlane' : 'Worker');

export const formatNodeState = (state: NodeState): Uint8Array => Buffer.from(JSON.stringify(state, null, '\t'), 'utf8');

/** Reads a state that was authenticated by its disk. Throws AppError `state-broken` for one that another version wrote. */
export const parseNodeState = (bytes: Uint8Array): NodeState => {
	const state = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<NodeState>;
	const salt = Buffer.from(state.MeasurementSalt ?? '', 'base64');
	const isComplete =
		(state.Role === 'ControlPlane' || state.Role === 'Worker') &&
		salt.length === 32 &&
		[state.name, state.clusterCa, state.apiEndpoint, state.kubernetesVersion, state.kubelet?.cert, state.kubelet?.key].every(
			value => typeof value === 'string' && value !== '',
		) &&
		(state.Role === 'Worker' || state.controlPlane !== undefined);
	if (!isComplete) {
		throw new AppError('The state of this node was written by another version of the image.', {
			code: 'state-broken',
			exitCode: exitCodes.cluster,
			next: ['Replace this node.'],
		});
	}
	return state as NodeState;
};
