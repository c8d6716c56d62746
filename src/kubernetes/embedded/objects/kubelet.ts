import type {IncomingMessage} from 'node:http';
import {request} from 'node:https';
import type {Secret} from '../../../secret.ts';
import {ApiError} from '../http/status.ts';
import {type ApiObject, isObject} from '../types.ts';

const kubeletPort = 10250;

/** Where a node's kubelet listens, from the Node's status. */
export type KubeletAddress = {host: string; port: number; node: string};

/** GETs from kubelets with the API server's client certificate. Answers stream; a kubelet that is away is a 500 Status as in the real server. */
export type KubeletClient = {get(address: KubeletAddress, path: string, signal: AbortSignal): Promise<IncomingMessage>};

/** `ca` signed the kubelets' certificates; a kubelet must present the name of its node. */
export function createKubeletClient(settings: {ca: string; cert: string; key: Secret}): KubeletClient {
	return {
		get: ({host, port, node}, path, signal) =>
			new Promise((resolve, reject) => {
				const sent = request({
					host,
					port,
					path,
					signal,
					ca: settings.ca,
					cert: settings.cert,
					key: Buffer.from(settings.key.reveal()),
					agent: false,
					servername: '',
					checkServerIdentity: (_host, certificate) => {
						const {CN} = certificate.subject;
						return CN === `system:node:${node}`
							? undefined
							: new Error(`the kubelet at ${host}:${port} is not that of node ${node}`);
					},
				});
				sent.setTimeout(15_000, () => sent.destroy(new Error('i/o timeout')));
				sent.on('response', response => {
					sent.setTimeout(0);
					resolve(response);
				});
				sent.on('error', error => {
					reject(new ApiError(500, `Get "https://${host}:${port}${path}": dial tcp ${host}:${port}: ${reasonOf(error)}`));
				});
				sent.end();
			}),
	};
}

function reasonOf(error: Error): string {
	return 'code' in error && error.code === 'ECONNREFUSED' ? 'connect: connection refused' : error.message;
}

/** The InternalIP of a Node and its kubelet's port; undefined when it has no address yet. */
export function kubeletAddress(node: ApiObject): KubeletAddress | undefined {
	const status = isObject(node['status']) ? node['status'] : {};
	const addresses = Array.isArray(status['addresses']) ? status['addresses'].filter(isObject) : [];
	const host = addresses.find(address => address['type'] === 'InternalIP')?.['address'];
	if (typeof host !== 'string') return undefined;
	const endpoints = isObject(status['daemonEndpoints']) ? status['daemonEndpoints'] : {};
	const kubelet = isObject(endpoints['kubeletEndpoint']) ? endpoints['kubeletEndpoint'] : {};
	const port = kubelet['Port'];
	return {host, port: typeof port === 'number' ? port : kubeletPort, node: node.metadata.name};
}
