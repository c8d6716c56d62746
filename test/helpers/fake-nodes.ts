import {createServer, type Server} from 'node:https';
import type {AddressInfo} from 'node:net';
import {generateKeys, issueCertificate} from '../../src/keys/pki.ts';
import type {TestServer} from './api-server.ts';

/** Answers logs to the API server's certificate, as a node does. */
export async function startKubelet(server: TestServer): Promise<Server> {
	const keys = generateKeys();
	const cert = issueCertificate(server.authority, {
		subject: {commonName: 'system:node:node-1', organization: 'system:nodes'},
		publicKey: keys.publicKey,
		usages: ['clientAuth', 'serverAuth'],
		addresses: ['127.0.0.1'],
		days: 1,
	});
	const key = Buffer.from(keys.privateKey.reveal());
	const made = createServer({ca: server.authority.certificate, cert, key, requestCert: true}, (request, response) => {
		response.end(`log of ${request.url ?? ''}\n`);
	});
	await new Promise<void>(resolve => {
		made.listen(0, '127.0.0.1', resolve);
	});
	return made;
}

/** Makes a Ready node with one running Pod, the way a node itself does. */
export async function registerNode(server: TestServer, kubelet: Server, name: string, controlPlane: boolean): Promise<void> {
	const identity = server.identity(`system:node:${name}`, 'system:nodes');
	const role = 'node-role.kubernetes.io/control-plane';
	const time = '2025-01-01T00:00:00Z';
	const node = {
		metadata: {name, labels: {'kubernetes.io/hostname': name, ...(controlPlane && {[role]: ''})}},
		spec: controlPlane ? {taints: [{key: role, effect: 'NoSchedule'}]} : {},
	};
	const status = {
		addresses: [
			{type: 'InternalIP', address: '127.0.0.1'},
			{type: 'Hostname', address: name},
		],
		conditions: [
			{
				type: 'Ready',
				status: 'True',
				reason: 'KubeletReady',
				message: 'ready',
				lastHeartbeatTime: time,
				lastTransitionTime: time,
			},
		],
		daemonEndpoints: {kubeletEndpoint: {Port: (kubelet.address() as AddressInfo).port}},
		nodeInfo: {
			kubeletVersion: 'v1.32.9',
			osImage: 'Constellation',
			kernelVersion: '6.6',
			containerRuntimeVersion: 'constellation://0.1.0',
		},
		capacity: {cpu: '2', memory: '4Gi', pods: '110'},
		allocatable: {cpu: '2', memory: '4Gi', pods: '110'},
	};
	await server.request('/api/v1/nodes', {method: 'POST', body: node, identity});
	await server.request(`/api/v1/nodes/${name}/status`, {
		method: 'PATCH',
		body: {status},
		identity,
		headers: {'Content-Type': 'application/strategic-merge-patch+json'},
	});
	const pod = {
		metadata: {name: `join-service-${name}`, annotations: {'kubernetes.io/config.mirror': 'x'}},
		spec: {nodeName: name, containers: [{name: 'join-service', image: 'constellation'}]},
	};
	const pods = '/api/v1/namespaces/kube-system/pods';
	await server.request(pods, {method: 'POST', body: pod, identity});
	const podStatus = {
		phase: 'Running',
		containerStatuses: [{name: 'join-service', ready: true, restartCount: 0, state: {running: {startedAt: time}}}],
	};
	await server.request(`${pods}/join-service-${name}/status`, {
		method: 'PATCH',
		body: {status: podStatus},
		identity,
		headers: {'Content-Type': 'application/merge-patch+json'},
	});
}
