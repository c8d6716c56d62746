import {Agent as PlainAgent, request as plainRequest} from 'node:http';
import {Agent, request} from 'node:https';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that name a proxy, as they stand in the user's environment: what `proxyEnv` of Node's agents takes. */
export function proxyOf(env: Environment): Record<string, string> {
	const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy'];
	return Object.fromEntries(names.flatMap(name => (env[name] ? [[name, env[name]]] : [])));
}

export type FetchOptions = {
	method?: string;
	headers?: Headers;
	body?: string;
	/** `follow`: other https addresses may answer in its place. Without it nobody may. */
	redirect?: 'follow' | 'error';
	signal?: AbortSignal;
};

/** As `fetch`, which fits too. */
export type Fetch = (url: string | URL, options: FetchOptions) => Promise<Response>;

/** OpenSSL's names for a chain that ends nowhere (X509_V_ERR_…). */
const unknownAuthority =
	/^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/u;

/** Whether a call failed because nobody whom this machine trusts signed the certificate of who answered. */
export const isUnknownAuthority = (error: unknown): boolean =>
	error instanceof Error && 'code' in error && unknownAuthority.test(String(error.code));

const mostRedirects = 5;
const bodiless = new Set([204, 205, 304]);

/**
 * `fetch` through the proxy that HTTPS_PROXY and NO_PROXY name: Node's own takes one only from an option of its start or for the whole
 * process, nodes on this machine included. `ca`: PEM certificates of authorities to trust instead of Node's.
 */
export function proxiedFetch(env: Environment, ca?: readonly string[]): Fetch {
	const settings = {keepAlive: true, proxyEnv: proxyOf(env)};
	const agents = {http: new PlainAgent(settings), https: new Agent({...settings, ...(ca && {ca: [...ca]})})};
	return async (start, {redirect = 'error', ...options}) => {
		let url = new URL(start);
		for (let redirects = 0; ; redirects += 1) {
			const answer = await ask(url, options, agents);
			const location = answer.headers.get('location');
			if (answer.status < 300 || answer.status > 399 || answer.status === 304 || location === null) return answer;
			await answer.body?.cancel();
			if (redirect === 'error') throw new Error('it sends on to another address');
			if (redirects === mostRedirects) throw new Error('it sends on too often');
			url = new URL(location, url);
			if (url.protocol !== 'https:') throw new Error('it sends on to an address without https');
		}
	};
}

async function ask(url: URL, options: FetchOptions, agents: {http: PlainAgent; https: Agent}): Promise<Response> {
	const {method = 'GET', headers = new Headers(), body, signal} = options;
	const {promise, resolve, reject} = Promise.withResolvers<Response>();
	const how = {
		method,
		headers: {...Object.fromEntries(headers), ...(body && {'content-length': Buffer.byteLength(body)})},
		signal,
	};
	const call =
		url.protocol === 'http:' ? plainRequest(url, {...how, agent: agents.http}) : request(url, {...how, agent: agents.https});
	call.once('response', answer => {
		const {statusCode: status = 0} = answer;
		const named = new Headers();
		for (const [name, values = []] of Object.entries(answer.headersDistinct))
			for (const value of values) named.append(name, value);
		if (bodiless.has(status)) answer.resume();
		resolve(new Response(bodiless.has(status) ? null : answer, {status, headers: named}));
	});
	call.once('error', reject);
	call.end(body);
	return promise;
}
