import type {IncomingMessage} from 'node:http';
import {httpsSender, type KubeConnection, readLines, readText, type Send} from './https.ts';
import {
	type DeleteOptions,
	type Kube,
	type KubeCause,
	KubeError,
	type KubeObject,
	type PatchKind,
	type WatchEvent,
} from './kube.ts';
import {resourcePath} from './resources.ts';

export type {KubeConnection} from './https.ts';

const megabyte = 1024 * 1024;
const answerLimit = 64 * megabyte;
const eventLimit = 4 * megabyte;
/** The server ends a watch after this many seconds; one that says nothing for longer than `silence` ms is dead. */
const watchSeconds = 290;
const silence = 300_000;

const patchTypes: Record<PatchKind, string> = {
	merge: 'application/merge-patch+json',
	json: 'application/json-patch+json',
	strategic: 'application/strategic-merge-patch+json',
	apply: 'application/apply-patch+yaml',
};

/** A small Kubernetes client over node:https: keep-alive, strict TLS to the cluster CA, answers of bounded size. */
export function kubeClient(connection: KubeConnection): Kube {
	const send = httpsSender(connection);
	const call = async (method: string, path: string, body?: unknown, contentType?: string): Promise<unknown> => {
		const text = body === undefined ? undefined : JSON.stringify(body);
		const answer = await send({method, path, ...(text !== undefined && {body: text}), ...(contentType && {contentType})});
		return answerOf(answer, await readText(answer, answerLimit));
	};
	const object = async (...options: Parameters<typeof call>) => (await call(...options)) as KubeObject;
	return {
		get: (resource, name) => object('GET', resourcePath(resource, name)),
		async list(resource, options = {}) {
			const answer = await call('GET', resourcePath(resource) + queryOf(options));
			const {items, metadata} = answer as {items?: KubeObject[]; metadata?: {resourceVersion?: string}};
			return {items: items ?? [], resourceVersion: metadata?.resourceVersion ?? ''};
		},
		create: (resource, body) => object('POST', resourcePath(resource), body),
		update: (resource, body, subresource) => object('PUT', resourcePath(resource, body.metadata.name, subresource), body),
		patch: (resource, name, patch, kind, subresource) =>
			object(
				'PATCH',
				resourcePath(resource, name, subresource) + queryOf({fieldManager: 'constellation'}),
				patch,
				patchTypes[kind],
			),
		async delete(resource, name, options) {
			await call('DELETE', resourcePath(resource, name), options && deletion(options));
		},
		watch: (resource, {signal, ...options}) => watch(send, resourcePath(resource), options, signal),
		post: (path, body) => call('POST', path, body),
	};
}

function deletion({uid, resourceVersion, ...rest}: DeleteOptions) {
	const preconditions = {...(uid !== undefined && {uid}), ...(resourceVersion !== undefined && {resourceVersion})};
	return {kind: 'DeleteOptions', apiVersion: 'v1', ...rest, ...(Object.keys(preconditions).length > 0 && {preconditions})};
}

async function* watch(
	send: Send,
	path: string,
	options: {resourceVersion?: string; fieldSelector?: string},
	signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
	// Without a version, bookmarks would ask for a streaming list, which is another protocol.
	const bookmarks = options.resourceVersion === undefined || options.resourceVersion === '0' ? undefined : 'true';
	const query = queryOf({...options, watch: 'true', timeoutSeconds: String(watchSeconds), allowWatchBookmarks: bookmarks});
	let answer: IncomingMessage | undefined;
	try {
		answer = await send({method: 'GET', path: path + query, signal});
		if (answer.statusCode !== 200) answerOf(answer, await readText(answer, answerLimit));
		const stream = answer;
		stream.setTimeout(silence, () => stream.destroy(new Error(`silent for ${silence / 1000} s`)));
		for await (const line of readLines(stream, eventLimit)) {
			if (line !== '') yield eventOf(line);
		}
	} catch (error) {
		if (!signal.aborted) throw error;
	} finally {
		answer?.destroy();
	}
}

function eventOf(line: string): WatchEvent {
	const event = parse(line) as WatchEvent | {type: 'ERROR'; object: unknown};
	if (event.type === 'ERROR') throw statusError(event.object, 500);
	return event;
}

/** The parsed body of a good answer; anything from 300 on is thrown. */
function answerOf(answer: IncomingMessage, text: string): unknown {
	const code = answer.statusCode ?? 0;
	if (code >= 200 && code < 300) return text === '' ? {} : parse(text);
	const type = answer.headers['content-type'] ?? '';
	throw type.startsWith('application/json')
		? statusError(parse(text), code)
		: new KubeError(code, '', text.slice(0, 1000).trim());
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// What is not JSON did not come from an API server that we can talk to.
		throw new KubeError(0, 'NotJson', 'The API server answered something that is not JSON');
	}
}

type Status = {code: number; reason: string; message: string; details: {causes?: Partial<KubeCause>[]}};

function statusError(status: unknown, code: number): KubeError {
	const {code: given, reason, message, details} = (status ?? {}) as Partial<Status>;
	const causes = (details?.causes ?? []).map(({reason = '', message = ''}) => ({reason, message}));
	return new KubeError(given ?? code, reason ?? '', message ?? `The API server answered ${code}`, causes);
}

function queryOf(options: Record<string, string | undefined>): string {
	const query = new URLSearchParams();
	for (const [key, value] of Object.entries(options)) {
		if (value !== undefined) query.set(key, value);
	}
	return query.size === 0 ? '' : `?${query.toString()}`;
}
