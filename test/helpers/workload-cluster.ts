import type {ExecutionContext} from 'ava';
import {generateKeys, issueCertificate} from '../../src/keys/pki.ts';
import {kubeClient} from '../../src/kubernetes/client.ts';
import type {Kube} from '../../src/kubernetes/kube.ts';
import {baseManifests, createMissing} from '../../src/kubernetes/manifests.ts';
import {resources} from '../../src/kubernetes/resources.ts';
import {serviceUser} from '../../src/kubernetes/roles.ts';
import {serveKubelet} from '../../src/services/kubelet/server.ts';
import {runSimulation} from '../../src/services/kubelet/simulation/main.ts';
import {simulatedLog} from '../../src/services/kubelet/simulation/pod.ts';
import {runWorkloads} from '../../src/services/operator/workloads/main.ts';
import {startTestServer, type TestServer} from './api-server.ts';

export type WorkloadCluster = {
	server: TestServer;
	/** As an administrator, and as the operator. */
	kube: Kube;
	operator: Kube;
	as: (user: string, group: string) => Kube;
	addNode: (name: string, options?: NodeOptions) => Promise<{stop: () => Promise<void>}>;
	/** Another replica of the controllers; the first one is started with the cluster unless it is told not to. */
	startControllers: (identity: string, monotonic?: () => number) => () => Promise<void>;
};

export type NodeOptions = {labels?: Record<string, string>; taints?: object[]; cpu?: string};

/** An API server, the controllers with the operator's own rights, and nodes that simulate pods with theirs, all in this process. */
export async function startWorkloadCluster(t: ExecutionContext, {controllers = true} = {}): Promise<WorkloadCluster> {
	const server = await startTestServer();
	t.teardown(() => server.close());
	const ca = server.authority.certificate;
	const url = `https://127.0.0.1:${server.port}`;
	const as = (user: string, group: string): Kube => kubeClient({server: url, ca, ...server.identity(user, group)});
	const kube = as('admin', 'system:masters');
	await createMissing(kube, baseManifests());
	const operator = as(serviceUser('operator'), 'system:serviceaccounts');
	const startControllers = (identity: string, monotonic?: () => number) => {
		const log = (line: string) => t.log(line);
		const stop = runWorkloads({
			kube: operator,
			identity,
			log,
			renewMs: 500,
			settleMs: 5,
			retryMs: 50,
			...(monotonic && {monotonic}),
		});
		t.teardown(stop);
		return stop;
	};
	if (controllers) startControllers('control-1');
	return {
		server,
		kube,
		operator,
		as,
		startControllers,
		async addNode(name, {labels = {}, taints = [], cpu = '4'} = {}) {
			const user = `system:node:${name}`;
			const own = as(user, 'system:nodes');
			const keys = generateKeys();
			const subject = {commonName: user, organization: 'system:nodes'};
			const usages = ['clientAuth', 'serverAuth'] as const;
			const addresses = ['127.0.0.1'];
			const cert = issueCertificate(server.authority, {
				subject,
				publicKey: keys.publicKey,
				usages: [...usages],
				addresses,
				days: 1,
			});
			const simulation = runSimulation({
				instance: {name, address: '127.0.0.1'},
				kube: () => own,
				log: line => t.log(`${name}: ${line}`),
				retryMs: 50,
			});
			const kubelet = await serveKubelet({
				host: '127.0.0.1',
				port: 0,
				ca,
				cert,
				key: Buffer.from(keys.privateKey.reveal()),
				node: name,
				logs: () => new Map(),
				simulated(namespace, pod, container) {
					const found = simulation.find(namespace, pod);
					return found && simulatedLog(found, container);
				},
			});
			const stop = async () => {
				await Promise.all([simulation.stop(), kubelet.close()]);
			};
			t.teardown(stop);
			await kube.create(resources.nodes, {
				apiVersion: 'v1',
				kind: 'Node',
				metadata: {name, labels: {'kubernetes.io/hostname': name, ...labels}},
				spec: {taints},
			});
			await kube.patch(resources.nodes, name, {status: nodeStatus(name, kubelet.port, cpu)}, 'merge', 'status');
			return {stop};
		},
	};
}

const nodeStatus = (name: string, port: number, cpu: string) => ({
	addresses: [
		{type: 'InternalIP', address: '127.0.0.1'},
		{type: 'Hostname', address: name},
	],
	conditions: [{type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: '2025-01-01T00:00:00Z'}],
	daemonEndpoints: {kubeletEndpoint: {Port: port}},
	allocatable: {cpu, memory: '8Gi', pods: '110'},
	capacity: {cpu, memory: '8Gi', pods: '110'},
	nodeInfo: {kubeletVersion: 'v1.32.9'},
});
