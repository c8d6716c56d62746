import {X509Certificate} from 'node:crypto';
import {isObject} from '../../attestation/measurements.ts';
import {type Kube, KubeError, type KubeObject} from '../../kubernetes/kube.ts';
import {parseKubeconfig} from '../../kubernetes/kubeconfig.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {oneLine} from '../../text.ts';
import {deployedServices, type Service} from './services.ts';

/** A part of what can be asked, or why it could not be had. */
export type Seen<T> = {value: T} | {problem: string};

export type OriginalNode = {
	name: string;
	role: 'control-plane' | 'worker';
	ready: boolean;
	kubelet: string;
	/** Whether it runs the image that the cluster aims at. */
	image: 'current' | 'other' | 'unknown';
};

/** A cluster of the original as its Kubernetes API tells it; what it says is its own word. */
export type OriginalCluster = {
	server: string;
	/** ISO 8601; end of the administrator's certificate. */
	certificateUntil?: string;
	reachable: boolean;
	target: Seen<{image: string; reference: string; kubernetes: string; message: string}>;
	nodes: Seen<readonly OriginalNode[]>;
	services: Seen<readonly Service[]>;
	/** Number of registers in the cluster's own attestation config. */
	attestation: Seen<{registers: number; enforced: number}>;
};

const word = (value: unknown, limit = 200): string => (typeof value === 'string' ? oneLine(value, limit) : '');
const fields = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {});

/** Asks for everything that v2.9 clusters have; each part may fail by itself. Throws AppError `kubeconfig-invalid`. */
export async function originalCluster(kubeconfig: string, connect: (kubeconfig: string) => Kube): Promise<OriginalCluster> {
	const {server, cert} = parseKubeconfig(kubeconfig);
	const kube = connect(kubeconfig);
	const version = await seen(async () => kube.get(resources.nodeVersions, 'constellation-version'));
	const identity = {server: oneLine(server, 300), ...endOf(cert)};
	if ('problem' in version && version.unreachable) {
		const {problem} = version;
		return {...identity, reachable: false, target: {problem}, nodes: {problem}, services: {problem}, attestation: {problem}};
	}
	const target: OriginalCluster['target'] = 'value' in version ? {value: targetOf(version.value)} : {problem: version.problem};
	const aim = 'value' in target ? target.value.reference : '';
	return {
		...identity,
		reachable: true,
		target,
		nodes: await seen(async () => (await kube.list(resources.nodes)).items.map(node => nodeOf(node, aim))),
		services: await seen(() => deployedServices(kube)),
		attestation: await seen(async () =>
			attestationOf(await kube.get(inNamespace(resources.configMaps, 'kube-system'), 'join-config')),
		),
	};
}

async function seen<T>(ask: () => Promise<T>): Promise<{value: T} | {problem: string; unreachable: boolean}> {
	try {
		return {value: await ask()};
	} catch (error) {
		if (!(error instanceof KubeError)) throw error;
		const unreachable = error.code === 0 || error.code >= 500;
		return {problem: unreachable ? 'the Kubernetes API does not answer' : `${error.code} ${oneLine(error.message)}`, unreachable};
	}
}

function targetOf(object: KubeObject): {image: string; reference: string; kubernetes: string; message: string} {
	const {imageVersion, image, kubernetesClusterVersion} = fields(object['spec']);
	const {conditions} = fields(object['status']);
	const condition: unknown = Array.isArray(conditions) ? conditions[0] : undefined;
	return {
		image: word(imageVersion),
		reference: word(image, 1000),
		kubernetes: word(kubernetesClusterVersion),
		message: word(fields(condition)['message']),
	};
}

const imageAnnotation = 'constellation.edgeless.systems/node-image';

function nodeOf(node: KubeObject, aim: string): OriginalNode {
	const {name, labels = {}, annotations = {}} = node.metadata;
	const {nodeInfo, conditions} = fields(node['status']);
	const states = Array.isArray(conditions) ? conditions.map(fields) : [];
	const image = annotations[imageAnnotation] ?? '';
	return {
		name: word(name, 80),
		role: 'node-role.kubernetes.io/control-plane' in labels ? 'control-plane' : 'worker',
		ready: states.some(({type, status}) => type === 'Ready' && status === 'True'),
		kubelet: word(fields(nodeInfo)['kubeletVersion'], 80),
		image: image === '' || aim === '' ? 'unknown' : image === aim ? 'current' : 'other',
	};
}

function attestationOf(map: KubeObject): {registers: number; enforced: number} {
	const {attestationConfig} = fields(map['data']);
	const entries = Object.values(fields(fields(parse(attestationConfig))['measurements']));
	return {registers: entries.length, enforced: entries.filter(entry => fields(entry)['warnOnly'] !== true).length};
}

function parse(text: unknown): unknown {
	try {
		return JSON.parse(typeof text === 'string' ? text : '');
	} catch {
		return undefined; // Says nothing then.
	}
}

function endOf(cert: string | Uint8Array): {certificateUntil?: string} {
	try {
		return {certificateUntil: new Date(new X509Certificate(Buffer.from(cert)).validTo).toISOString()};
	} catch {
		return {}; // The connection will tell.
	}
}
