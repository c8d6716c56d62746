import type {AddressInfo} from 'node:net';
import {drainable} from '../../drain-http.ts';
import type {Secret} from '../../secret.ts';
import {createAuthenticator} from './access/authenticate.ts';
import {createAuthorizer} from './access/authorize.ts';
import {createTokens} from './access/tokens.ts';
import {createApiServer} from './http/server.ts';
import type {Api} from './objects/api.ts';
import {createCollector} from './objects/collector.ts';
import {createKubeletClient} from './objects/kubelet.ts';
import {createRegistry} from './objects/registry.ts';
import {createOpenApi} from './openapi/document.ts';
import {type DecodeProtobuf, loadProtobufDecoder} from './protobuf/decode.ts';
import {loadSchemas} from './schema/schemas.ts';
import {seed} from './seed.ts';
import {openDatabase} from './store/database.ts';
import {createFeed} from './store/feed.ts';
import {createSeal} from './store/seal.ts';
import {createStore} from './store/store.ts';

/** What an API server needs. Certificates and keys are PEM; `storageKey` is 32 bytes. */
export type ApiServerSettings = {
	listen: {host: string; port: number};
	/** The SQLite file shared by all API servers of the cluster. */
	storePath: string;
	storageKey: Secret;
	/** The cluster CA: client certificates and kubelets' certificates come from it. */
	ca: string;
	/** Signs ServiceAccount tokens. */
	saKey: Secret;
	serving: {cert: string; key: Secret};
	/** With which logs are fetched from kubelets. */
	kubeletClient: {cert: string; key: Secret};
	/** `v1.32.9`. */
	version: string;
	now?: () => number;
	/** Failures that are no client's fault. */
	report?: (error: unknown) => void;
};

export type RunningApiServer = {
	port: number;
	/**
	 * Ends without failing a request: takes no new connection, counts as not ready, ends watches, answers what was asked, and tells
	 * clients to ask elsewhere from then on. Connections that ask nothing for `idleMs` are closed; after `limitMs` all are cut.
	 */
	close(options?: {idleMs?: number; limitMs?: number}): Promise<void>;
};

const compactEvery = 60_000;
/** How long Events are kept, as in the real server. */
const eventAge = 60 * 60_000;
const historyAge = 5 * 60_000;
const historyLength = 20_000;
const futureWait = 3000;

/** Opens the store, seeds it and serves. `port` 0 takes any free port. Throws when the store is another's or the port is taken. */
export async function startApiServer(settings: ApiServerSettings): Promise<RunningApiServer> {
	const {now = Date.now, report = reportToStderr, listen, version} = settings;
	const schemas = await loadSchemas();
	const seal = createSeal(settings.storageKey);
	const store = createStore(openDatabase(settings.storePath, seal), seal, now);
	seed(store, now);
	const feed = createFeed(store);
	const registry = createRegistry(store);
	const collector = createCollector(store, registry, now, report);
	const tokens = createTokens(settings.saKey, now);
	const authenticator = createAuthenticator(store, tokens, now);
	let decoder: Promise<DecodeProtobuf> | undefined;
	const api: Api = {
		store,
		feed,
		registry,
		authorizer: createAuthorizer(store),
		tokens,
		schemas,
		protobuf: () => (decoder ??= loadProtobufDecoder()),
		created: collector.created,
		orphan: collector.orphan,
		collect: collector.collect,
		terminating: collector.terminating,
		kubelet: createKubeletClient({ca: settings.ca, ...settings.kubeletClient}),
		now,
		futureWait,
	};
	let ending = false;
	const paths = {
		registry,
		openApi: createOpenApi(schemas, version),
		version,
		address: `${listen.host}:${listen.port}`,
		probe: () => {
			if (ending) throw new Error('the server is about to end');
			store.revision();
		},
	};
	const server = createApiServer({api, authenticator, paths, report}, {ca: settings.ca, ...settings.serving});
	const drain = drainable(server);
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(listen.port, listen.host, () => {
			server.off('error', reject);
			resolve();
		});
	}).catch((error: unknown) => {
		collector.close();
		feed.close();
		store.close();
		throw error;
	});
	collector.sweep();
	const compaction = setInterval(() => {
		try {
			store.expire('events', now() - eventAge);
			store.compact(now() - historyAge, historyLength);
		} catch (error) {
			// History stays longer; the next round tries again.
			report(error);
		}
	}, compactEvery);
	compaction.unref();
	return {
		port: (server.address() as AddressInfo).port,
		async close(options) {
			clearInterval(compaction);
			ending = true;
			collector.close();
			// Watches end in order, at other servers they go on behind the last thing they were told.
			feed.close();
			await drain(options);
			store.close();
		},
	};
}

function reportToStderr(error: unknown): void {
	process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
