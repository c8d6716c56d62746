import {request} from 'node:http';
import type {Instance, Metadata, ServiceName} from './host.ts';
import {serviceNames} from './host.ts';

const largestAnswer = 4 * 1024 * 1024;
const timeoutMs = 10_000;

/** What a node asks of its provider over the metadata socket, beyond `Metadata`. */
export type LocalMetadata = Metadata & {
	/** The disk's lower-case UUID, and the path of the store that the API servers of this cluster share. */
	disk(): Promise<{uuid: string; store: string}>;
	/** The public keys (SPKI DER) whose digests are measured into the command line; check them against it. */
	keys(): Promise<{maker: Uint8Array; release: Uint8Array}>;
	/** Tells the provider one line of progress: what a cloud would show as boot log. Never holds a secret. */
	log(line: string): Promise<void>;
};

/** HTTP with JSON bodies over the Unix socket at `socketPath`. Answers are hints of the provider, never proof. */
export const metadataClient = (socketPath: string): LocalMetadata => {
	const get = async (path: string) => parseJson(await exchange(socketPath, 'GET', path));
	return {
		async self() {
			const instance = parseInstance(await get('/self'));
			if (instance === undefined) throw new Error('the metadata service describes this machine in an unknown form');
			return instance;
		},
		async list() {
			const answer = await get('/list');
			if (!Array.isArray(answer)) throw new Error('the metadata service gave no list of machines');
			// One malformed machine must not keep all others from joining.
			return answer.map(parseInstance).filter(instance => instance !== undefined);
		},
		async initSecretHash() {
			return text(await get('/init-secret-hash'), 'hash');
		},
		async loadBalancer(service: ServiceName) {
			return text(await get(`/load-balancer/${service}`), 'endpoint');
		},
		async disk() {
			const answer = await get('/disk');
			return {uuid: text(answer, 'uuid').toLowerCase(), store: text(answer, 'store')};
		},
		async keys() {
			const answer = await get('/keys');
			return {maker: base64(text(answer, 'maker')), release: base64(text(answer, 'release'))};
		},
		async log(line) {
			await exchange(socketPath, 'POST', '/log', JSON.stringify({line}));
		},
	};
};

const base64 = (value: string): Uint8Array => Buffer.from(value, 'base64');

const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (answer: unknown, member: string): string => {
	const value = typeof answer === 'string' ? answer : isRecord(answer) ? answer[member] : undefined;
	if (typeof value !== 'string' || value === '') throw new Error(`the metadata service gave no ${member}`);
	return value;
};

const parseInstance = (value: unknown): Instance | undefined => {
	if (!isRecord(value)) return undefined;
	const {name, role, uid, address, providerId, endpoints} = value;
	if (typeof name !== 'string' || name === '' || typeof uid !== 'string' || typeof address !== 'string') return undefined;
	if (role !== 'control-plane' && role !== 'worker') return undefined;
	if (!isRecord(endpoints)) return undefined;
	const known: Partial<Record<ServiceName, string>> = {};
	for (const service of serviceNames) {
		const endpoint = endpoints[service];
		if (typeof endpoint !== 'string') return undefined;
		known[service] = endpoint;
	}
	if (!isComplete(known)) return undefined;
	return {name, role, uid, address, providerId: typeof providerId === 'string' ? providerId : '', endpoints: known};
};

const isComplete = (endpoints: Partial<Record<ServiceName, string>>): endpoints is Record<ServiceName, string> =>
	serviceNames.every(service => endpoints[service] !== undefined);

const parseJson = (body: string): unknown => JSON.parse(body);

const exchange = (socketPath: string, method: string, path: string, body?: string): Promise<string> =>
	new Promise((resolve, reject) => {
		const headers = body === undefined ? {} : {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)};
		const call = request({socketPath, method, path, headers, agent: false, timeout: timeoutMs}, response => {
			const chunks: Buffer[] = [];
			let size = 0;
			response.on('data', (chunk: Buffer) => {
				size += chunk.length;
				if (size > largestAnswer) call.destroy(new Error('the answer of the metadata service is too large'));
				else chunks.push(chunk);
			});
			response.on('error', reject);
			response.on('end', () => {
				const status = response.statusCode ?? 0;
				if (status < 200 || status > 299) reject(new Error(`the metadata service answered ${String(status)} for ${path}`));
				else resolve(Buffer.concat(chunks).toString('utf8'));
			});
		});
		call.on('timeout', () => call.destroy(new Error(`the metadata service did not answer ${path}`)));
		call.on('error', reject);
		call.end(body);
	});

/** `host:port` in its parts; IPv6 hosts are in brackets. */
export const splitEndpoint = (endpoint: string): {host: string; port: number} => {
	const colon = endpoint.lastIndexOf(':');
	const port = Number(endpoint.slice(colon + 1));
	if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${endpoint} is not host:port`);
	return {host: endpoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port};
};
