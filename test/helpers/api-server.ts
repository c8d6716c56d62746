import {generateKeyPairSync, randomBytes} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {request as httpsRequest} from 'node:https';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type Authority, createAuthority, generateKeys, issueCertificate} from '../../src/keys/pki.ts';
import {type ApiServerSettings, type RunningApiServer, startApiServer} from '../../src/kubernetes/embedded/main.ts';
import {Secret} from '../../src/secret.ts';

export type ClientIdentity = {cert: string; key: Secret};

export type Answer = {status: number; headers: Record<string, string | string[] | undefined>; text: string; json: unknown};

export type RequestOptions = {
	method?: string;
	body?: unknown;
	/** Sent as it is instead of `body` as JSON. */
	raw?: string | Buffer;
	headers?: Record<string, string | string[]>;
	/** Sends the body without its length. */
	chunked?: boolean;
	/** `null`: without a certificate. */
	identity?: ClientIdentity | null;
	/** Ends the exchange (watches). */
	signal?: AbortSignal;
};

/** An API server in this process with its own authority, store and folder. */
export type TestServer = RunningApiServer & {
	folder: string;
	authority: Authority;
	settings: ApiServerSettings;
	admin: ClientIdentity;
	identity(commonName: string, ...organizations: string[]): ClientIdentity;
	request(path: string, options?: RequestOptions): Promise<Answer>;
	/** Writes a kubeconfig for an identity and gives its path. */
	kubeconfig(identity?: ClientIdentity): Promise<string>;
	/** Another server over the same store. */
	another(overrides?: Partial<ApiServerSettings>): Promise<RunningApiServer & {request: TestServer['request']}>;
};

export function clientIdentity(authority: Authority, commonName: string, organization: string): ClientIdentity {
	const keys = generateKeys();
	const cert = issueCertificate(authority, {
		subject: {commonName, ...(organization !== '' && {organization})},
		publicKey: keys.publicKey,
		usages: ['clientAuth'],
		days: 1,
	});
	return {cert, key: keys.privateKey};
}

/** Settings for a server on a free port of the loopback address, in a fresh folder. */
export async function serverSettings(): Promise<{folder: string; authority: Authority; settings: ApiServerSettings}> {
	const folder = await mkdtemp(join(tmpdir(), 'api-server-'));
	const authority = createAuthority({commonName: 'kubernetes'});
	const keys = generateKeys();
	const serving = issueCertificate(authority, {
		subject: {commonName: 'kube-apiserver'},
		publicKey: keys.publicKey,
		usages: ['serverAuth'],
		addresses: ['127.0.0.1'],
		names: ['localhost', 'kubernetes'],
		days: 1,
	});
	const {privateKey} = generateKeyPairSync('rsa', {
		modulusLength: 2048,
		privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
		publicKeyEncoding: {type: 'spki', format: 'pem'},
	});
	return {
		folder,
		authority,
		settings: {
			listen: {host: '127.0.0.1', port: 0},
			storePath: join(folder, 'store.db'),
			storageKey: new Secret(randomBytes(32)),
			ca: authority.certificate,
			saKey: new Secret(Buffer.from(privateKey)),
			serving: {cert: serving, key: keys.privateKey},
			kubeletClient: clientIdentity(authority, 'kube-apiserver-kubelet-client', 'constellation:api-server'),
			version: 'v1.32.9',
		},
	};
}

export async function startTestServer(overrides: Partial<ApiServerSettings> = {}): Promise<TestServer> {
	const {folder, authority, settings: defaults} = await serverSettings();
	const settings = {...defaults, ...overrides};
	const running = await startApiServer(settings);
	const admin = clientIdentity(authority, 'test-admin', 'system:masters');
	const request = requester(running.port, authority, admin);
	return {
		...running,
		folder,
		authority,
		settings,
		admin,
		identity: (commonName, organization = '') => clientIdentity(authority, commonName, organization),
		request,
		async kubeconfig(identity = admin) {
			const path = join(folder, `kubeconfig-${randomBytes(4).toString('hex')}`);
			const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64');
			const config = {
				apiVersion: 'v1',
				kind: 'Config',
				clusters: [
					{
						name: 'test',
						cluster: {server: `https://127.0.0.1:${running.port}`, 'certificate-authority-data': base64(authority.certificate)},
					},
				],
				users: [
					{
						name: 'user',
						user: {'client-certificate-data': base64(identity.cert), 'client-key-data': base64(identity.key.reveal())},
					},
				],
				contexts: [{name: 'test', context: {cluster: 'test', user: 'user'}}],
				'current-context': 'test',
			};
			await writeFile(path, JSON.stringify(config), {mode: 0o600});
			return path;
		},
		async another(more = {}) {
			const second = await startApiServer({...settings, listen: {host: '127.0.0.1', port: 0}, ...more});
			return {...second, request: requester(second.port, authority, admin)};
		},
		async close() {
			await running.close({idleMs: 0});
			await rm(folder, {recursive: true, force: true});
		},
	};
}

function requester(port: number, authority: Authority, admin: ClientIdentity): TestServer['request'] {
	return async (path, options = {}) => {
		const identity = options.identity === undefined ? admin : options.identity;
		const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
		return new Promise((resolve, reject) => {
			const sent = httpsRequest(
				{
					host: '127.0.0.1',
					port,
					path,
					method: options.method ?? 'GET',
					ca: authority.certificate,
					agent: false,
					...(identity && {cert: identity.cert, key: Buffer.from(identity.key.reveal())}),
					...(options.signal && {signal: options.signal}),
					headers: {
						// Node gives a DELETE with a body no length by itself.
						...(body !== undefined && {
							'Content-Type': 'application/json',
							...(options.chunked ? {'Transfer-Encoding': 'chunked'} : {'Content-Length': Buffer.byteLength(body)}),
						}),
						...options.headers,
					},
				},
				response => {
					const chunks: Buffer[] = [];
					const finish = () => {
						const text = Buffer.concat(chunks).toString();
						resolve({status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text)});
					};
					response.on('data', (chunk: Buffer) => chunks.push(chunk));
					response.on('end', finish);
					// A watch that was stopped: what came until then is the answer.
					response.on('error', finish);
				},
			);
			sent.on('error', reject);
			sent.end(body);
		});
	};
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// Plain text answers and streams of events.
		return undefined;
	}
}
