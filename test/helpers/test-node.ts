import {kubeClient} from '../../src/kubernetes/client.ts';
import type {Kube, KubeObject} from '../../src/kubernetes/kube.ts';
import {inNamespace, resources} from '../../src/kubernetes/resources.ts';
import type {TestServer} from './api-server.ts';

/** The client of a user of a test server. */
export function clientOf(server: TestServer, identity = server.admin): Kube {
	return kubeClient({server: `https://127.0.0.1:${server.port}`, ca: server.authority.certificate, ...identity});
}

const time = '2025-01-01T00:00:00Z';
const condition = (type: string, status: string, reason: string) => ({
	type,
	status,
	reason,
	message: `${type} is ${status}`,
	lastHeartbeatTime: time,
	lastTransitionTime: time,
});

/** Registers a Ready node as its kubelet does, with a Lease and one running pod; gives the node's own client. */
export async function registerNode(
	server: TestServer,
	name: string,
	options: {kubeletPort?: number; controlPlane?: boolean} = {},
) {
	const kube = clientOf(server, server.identity(`system:node:${name}`, 'system:nodes'));
	const labels = {'kubernetes.io/hostname': name, ...(options.controlPlane && {'node-role.kubernetes.io/control-plane': ''})};
	await kube.create(resources.nodes, {
		apiVersion: 'v1',
		kind: 'Node',
		metadata: {name, labels},
		spec: {providerID: `local://${name}`},
	});
	const status = {
		capacity: {cpu: '2', memory: '4Gi', pods: '110'},
		allocatable: {cpu: '2', memory: '4Gi', pods: '110'},
		conditions: [condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'), condition('Ready', 'True', 'KubeletReady')],
		addresses: [
			{type: 'InternalIP', address: '127.0.0.1'},
			{type: 'Hostname', address: name},
		],
		daemonEndpoints: {kubeletEndpoint: {Port: options.kubeletPort ?? 10250}},
		nodeInfo: {
			machineID: name,
			systemUUID: name,
			bootID: name,
			kernelVersion: '6.1.0',
			osImage: 'Test OS 1.0',
			containerRuntimeVersion: 'none://0',
			kubeletVersion: 'v1.32.9',
			kubeProxyVersion: '',
			operatingSystem: 'linux',
			architecture: 'amd64',
		},
	};
	await kube.patch(resources.nodes, name, {status}, 'strategic', 'status');
	await kube.create(inNamespace(resources.leases, 'kube-node-lease'), {
		apiVersion: 'coordination.k8s.io/v1',
		kind: 'Lease',
		metadata: {name, namespace: 'kube-node-lease'},
		spec: {holderIdentity: name, leaseDurationSeconds: 40, renewTime: '2025-01-01T00:00:00.000000Z'},
	});
	return {kube, pod: (podName: string) => createPod(kube, name, podName)};
}

async function createPod(kube: Kube, node: string, name: string): Promise<KubeObject> {
	const pods = inNamespace(resources.pods, 'kube-system');
	await kube.create(pods, {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name, namespace: 'kube-system', labels: {'k8s-app': name}},
		spec: {nodeName: node, containers: [{name: 'main', image: 'local/service:1'}]},
	});
	const containerStatuses = [
		{
			name: 'main',
			ready: true,
			started: true,
			restartCount: 0,
			image: 'local/service:1',
			imageID: '',
			state: {running: {startedAt: time}},
		},
	];
	const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(type => ({type, status: 'True'}));
	const status = {phase: 'Running', podIP: '127.0.0.1', startTime: time, conditions, containerStatuses};
	return kube.patch(pods, name, {status}, 'strategic', 'status');
}
