import type {IncomingMessage, ServerResponse} from 'node:http';
import {createServer, type Server} from 'node:https';
import {TLSSocket} from 'node:tls';
import {type LogOptions, parseLogOptions, readLogs} from './logs.ts';
import {podName, podNamespace} from './pods.ts';

/** The name in the client certificate of the API server, the only one who may read logs here. */
export const apiServerName = 'kube-apiserver-kubelet-client';

export type KubeletServerOptions = {
	host: string;
	port: number;
	/** PEM: the cluster CA, and the kubelet's certificate and key. */
	ca: string;
	cert: string;
	key: Uint8Array;
	node: string;
	/** Log files by service. */
	logs: () => ReadonlyMap<string, string>;
	/** What a container that is simulated has to say, one line each with its time in front; undefined when it is not here. */
	simulated?: (namespace: string, pod: string, container: string) => readonly string[] | undefined;
};

export type KubeletServer = {
	/** The port that it listens on: the one that was asked for, or any free one for 0. */
	port: number;
	/** Serves with another certificate from now on. */
	renew(cert: string, key: Uint8Array): void;
	close(): Promise<void>;
};

/** HTTPS for the API server: `GET /containerLogs/NAMESPACE/POD/CONTAINER` and `/healthz`; everyone else gets 401 or 403. */
export const serveKubelet = async (options: KubeletServerOptions): Promise<KubeletServer> => {
	const {ca, cert, key, host, port} = options;
	const common = {ca, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2'} as const;
	const server = createServer({...common, cert, key: Buffer.from(key)}, (request, response) => {
		void answer(options, request, response);
	});
	await listen(server, host, port);
	const address = server.address();
	return {
		port: typeof address === 'object' && address !== null ? address.port : port,
		renew(newCert, newKey) {
			server.setSecureContext({...common, cert: newCert, key: Buffer.from(newKey)});
		},
		close: () =>
			new Promise(resolve => {
				server.close(() => {
					resolve();
				});
				server.closeAllConnections();
			}),
	};
};

const listen = (server: Server, host: string, port: number) =>
	new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, host, () => {
			server.off('error', reject);
			resolve();
		});
	});

const answer = async (options: KubeletServerOptions, request: IncomingMessage, response: ServerResponse) => {
	const url = new URL(request.url ?? '/', 'https://kubelet');
	if (url.pathname === '/healthz') {
		refuse(response, 200, 'ok');
		return;
	}
	const {socket} = request;
	if (!(socket instanceof TLSSocket) || !socket.authorized) {
		refuse(response, 401, 'Unauthorized');
		return;
	}
	if (socket.getPeerCertificate().subject.CN !== apiServerName) {
		refuse(response, 403, 'Forbidden');
		return;
	}
	const simulated = request.method === 'GET' ? simulatedLines(options, url.pathname) : undefined;
	if (simulated !== undefined) {
		sendLines(response, simulated, parseLogOptions(url.searchParams));
		return;
	}
	const path = logPath(options, url.pathname);
	if (request.method !== 'GET' || path === undefined) {
		refuse(response, 404, 'this node has no such container');
		return;
	}
	if (url.searchParams.get('previous') === 'true') {
		refuse(response, 400, 'previous terminated container not found: one log holds all runs of a service');
		return;
	}
	await sendLogs(path, url.searchParams, response);
};

const sendLines = (response: ServerResponse, lines: readonly string[], {timestamps, tailLines}: LogOptions) => {
	const kept = tailLines === undefined ? lines : lines.slice(Math.max(0, lines.length - tailLines));
	const text = kept.map(line => `${timestamps ? line : line.slice(line.indexOf(' ') + 1)}\n`).join('');
	refuse(response, 200, text);
};

const sendLogs = async (path: string, query: URLSearchParams, response: ServerResponse) => {
	const closed = new AbortController();
	response.on('close', () => {
		closed.abort();
	});
	response.writeHead(200, {'content-type': 'text/plain; charset=utf-8'});
	response.flushHeaders();
	try {
		for await (const line of readLogs(path, parseLogOptions(query), closed.signal)) {
			if (!response.write(line)) await drained(response);
			if (closed.signal.aborted) return;
		}
		response.end();
	} catch {
		// The status line is out already: a broken answer tells the client that the log is not complete.
		response.destroy();
	}
};

const drained = (response: ServerResponse) =>
	new Promise<void>(resolve => {
		response.once('drain', resolve);
		response.once('close', resolve);
	});

/** The container that a path names; undefined for every other path. */
const containerOf = (path: string) => {
	const [root, namespace, pod, container, ...rest] = path.slice(1).split('/').map(decodeURIComponent);
	if (root !== 'containerLogs' || rest.length > 0) return undefined;
	if (namespace === undefined || pod === undefined || container === undefined) return undefined;
	return {namespace, pod, container};
};

const simulatedLines = ({simulated}: KubeletServerOptions, path: string): readonly string[] | undefined => {
	const asked = containerOf(path);
	return asked && simulated?.(asked.namespace, asked.pod, asked.container);
};

const logPath = ({node, logs}: KubeletServerOptions, path: string): string | undefined => {
	const asked = containerOf(path);
	if (asked?.namespace !== podNamespace) return undefined;
	const {pod, container} = asked;
	return pod === podName(container, node) ? logs().get(container) : undefined;
};

const refuse = (response: ServerResponse, status: number, message: string) => {
	response.writeHead(status, {'content-type': 'text/plain; charset=utf-8'});
	response.end(message);
};
