import {arch, cpus, platform, release, totalmem} from 'node:os';
import type {KubeObject} from '../../kubernetes/kube.ts';
import type {Instance} from '../host.ts';
import {splitEndpoint} from '../metadata.ts';

/** What a kubelet says of its node. */
export type NodeFacts = {
	instance: Instance;
	/** Of Kubernetes, as in `v1.32.9`. */
	kubernetesVersion: string;
	/** Of the image that runs, as in `v0.1.0`. */
	imageVersion: string;
	diskUuid: string;
	bootId: string;
	/** Name of the ConfigMap that lists the Kubernetes components; the first node knows its own. */
	componentsReference?: string;
};

export const componentsAnnotation = 'constellation.edgeless.systems/kubernetes-components';
const nodeImageAnnotation = 'constellation.edgeless.systems/node-image';
const controlPlaneLabel = 'node-role.kubernetes.io/control-plane';

/** The Node object to register: labels, annotations, taint and provider id; the status goes in separately. */
export const nodeObject = ({instance, imageVersion, componentsReference}: NodeFacts): KubeObject => {
	const isControlPlane = instance.role === 'control-plane';
	return {
		apiVersion: 'v1',
		kind: 'Node',
		metadata: {
			name: instance.name,
			labels: {
				'kubernetes.io/arch': architecture(),
				'kubernetes.io/hostname': instance.name,
				'kubernetes.io/os': 'linux',
				...(isControlPlane ? {[controlPlaneLabel]: '', 'node.kubernetes.io/exclude-from-external-load-balancers': ''} : {}),
			},
			annotations: {
				[nodeImageAnnotation]: imageVersion,
				...(componentsReference === undefined ? {} : {[componentsAnnotation]: componentsReference}),
			},
		},
		spec: {
			providerID: instance.providerId,
			...(isControlPlane ? {taints: [{key: controlPlaneLabel, effect: 'NoSchedule'}]} : {}),
		},
	};
};

type NodeCondition = {
	type: string;
	status: string;
	reason: string;
	message: string;
	lastHeartbeatTime: string;
	lastTransitionTime: string;
};

/** The status of a node that lives. Transition times of conditions that did not change are taken over from `previous`. */
export const nodeStatus = (facts: NodeFacts, previous: unknown, now: Date) => {
	const before = new Map(conditionsOf(previous).map(condition => [condition.type, condition]));
	const at = now.toISOString().replace(/\.\d+Z$/, 'Z');
	const condition = (type: string, holds: boolean, reason: string, message: string): NodeCondition => {
		const status = holds ? 'True' : 'False';
		const old = before.get(type);
		const lastTransitionTime = old?.status === status ? old.lastTransitionTime : at;
		return {type, status, reason, message, lastHeartbeatTime: at, lastTransitionTime};
	};
	const resources = {cpu: String(cpus().length), memory: `${String(Math.floor(totalmem() / 1024))}Ki`, pods: '110'};
	return {
		addresses: [
			{type: 'InternalIP', address: facts.instance.address},
			{type: 'Hostname', address: facts.instance.name},
		],
		capacity: resources,
		allocatable: resources,
		conditions: [
			condition('MemoryPressure', false, 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
			condition('DiskPressure', false, 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
			condition('PIDPressure', false, 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
			condition('Ready', true, 'KubeletReady', 'kubelet is posting ready status'),
		],
		daemonEndpoints: {kubeletEndpoint: {Port: splitEndpoint(facts.instance.endpoints.kubelet).port}},
		nodeInfo: {
			architecture: architecture(),
			bootID: facts.bootId,
			containerRuntimeVersion: `constellation://${facts.imageVersion.replace(/^v/, '')}`,
			kernelVersion: release(),
			kubeProxyVersion: facts.kubernetesVersion,
			kubeletVersion: facts.kubernetesVersion,
			machineID: facts.diskUuid.replaceAll('-', ''),
			operatingSystem: platform(),
			osImage: `Constellation ${facts.imageVersion} (rehearsal)`,
			systemUUID: facts.diskUuid,
		},
	};
};

/** Whether the cluster counts the node as Ready. */
export const countsAsReady = (node: KubeObject): boolean =>
	conditionsOf(node.status).some(({type, status}) => type === 'Ready' && status === 'True');

const conditionsOf = (status: unknown): NodeCondition[] =>
	typeof status === 'object' && status !== null && 'conditions' in status && Array.isArray(status.conditions)
		? (status.conditions as NodeCondition[])
		: [];

const architecture = () => (arch() === 'x64' ? 'amd64' : arch());
