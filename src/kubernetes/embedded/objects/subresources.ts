import type {ServerResponse} from 'node:http';
import {pipeline} from 'node:stream/promises';
import {ApiError, badRequest, notFound} from '../http/status.ts';
import {type ApiObject, isObject, type Json, type JsonObject, textOf} from '../types.ts';
import {type Call, keyOf, timestamp} from './api.ts';
import {kubeletAddress} from './kubelet.ts';
import {read} from './read.ts';

const logOptions = ['follow', 'previous', 'sinceSeconds', 'sinceTime', 'tailLines', 'timestamps', 'limitBytes'];
const hour = 3600;

/** POST serviceaccounts/NAME/token: a token for the account, valid for `spec.expirationSeconds` (an hour if not said). */
export function requestToken(call: Call, request: ApiObject): JsonObject {
	const {api, path, type} = call;
	const account = api.store.get(keyOf(type, path.namespace, path.name));
	if (!account) throw notFound(type, path.name);
	const spec = isObject(request['spec']) ? request['spec'] : {};
	const asked = spec['expirationSeconds'];
	const audiences = Array.isArray(spec['audiences']) ? spec['audiences'].filter(entry => typeof entry === 'string') : [];
	if (isObject(spec['boundObjectRef'])) throw badRequest('tokens bound to another object are not issued here');
	const seconds = typeof asked === 'number' ? asked : hour;
	const {token, claims} = api.tokens.issue(
		{namespace: path.namespace, name: path.name, uid: account.metadata.uid ?? ''},
		audiences,
		seconds,
	);
	return {
		kind: 'TokenRequest',
		apiVersion: 'authentication.k8s.io/v1',
		metadata: {name: path.name, namespace: path.namespace, creationTimestamp: timestamp(api.now())},
		spec: {audiences: [...claims.aud], expirationSeconds: claims.exp - claims.iat, boundObjectRef: null},
		status: {token, expirationTimestamp: timestamp(claims.exp * 1000)},
	};
}

/** GET pods/NAME/log: what the node's kubelet has, as plain text. A pod without a node yet answers 204. */
export async function sendLog(call: Call, response: ServerResponse): Promise<void> {
	const {api, path, query} = call;
	const pod = read(call);
	const spec = isObject(pod['spec']) ? pod['spec'] : {};
	const container = containerOf(path.name, spec, query.get('container'));
	const nodeName = spec['nodeName'];
	if (typeof nodeName !== 'string' || nodeName === '') {
		response.writeHead(204).end();
		return;
	}
	const node = api.store.get({resource: 'nodes', namespace: '', name: nodeName});
	const address = node && kubeletAddress(node);
	if (!address) throw new ApiError(500, `the node ${nodeName} has not said where its kubelet is`);
	const options = new URLSearchParams();
	for (const name of logOptions) {
		const value = query.get(name);
		if (value !== null) options.set(name, value);
	}
	const kubeletPath = `/containerLogs/${[path.namespace, path.name, container].map(encodeURIComponent).join('/')}`;
	const text = options.toString();
	const stop = new AbortController();
	response.once('close', () => stop.abort());
	const answer = await api.kubelet.get(address, text === '' ? kubeletPath : `${kubeletPath}?${text}`, stop.signal);
	if (answer.statusCode !== 200) {
		answer.resume();
		throw new ApiError(
			answer.statusCode ?? 500,
			`the kubelet of ${nodeName} answered ${answer.statusCode ?? 'nothing'} for the log of ${path.name}/${container}`,
			{
				reason: answer.statusCode === 404 ? 'NotFound' : 'InternalError',
			},
		);
	}
	response.writeHead(200, {'Content-Type': 'text/plain', 'Cache-Control': 'no-cache, private'});
	response.flushHeaders();
	try {
		await pipeline(answer, response);
	} catch (error) {
		// The client went away, or the kubelet did: either way there is nobody to tell.
		response.destroy(error instanceof Error ? error : undefined);
	}
}

function containerOf(pod: string, spec: JsonObject, asked: string | null): string {
	const names = namesOf(spec['containers']);
	if (asked !== null && asked !== '') {
		if (names.includes(asked)) return asked;
		throw badRequest(`container ${asked} is not valid for pod ${pod}`);
	}
	const [only] = names;
	if (names.length === 1 && only !== undefined) return only;
	throw badRequest(`a container name must be specified for pod ${pod}, choose one of: [${names.join(' ')}]`);
}

function namesOf(containers: Json | undefined): string[] {
	const list = Array.isArray(containers) ? containers.filter(isObject) : [];
	return list.map(container => textOf(container['name']));
}
