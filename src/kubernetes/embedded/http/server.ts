import type {IncomingMessage, ServerResponse} from 'node:http';
import {createServer, type Server} from 'node:https';
import type {Secret} from '../../../secret.ts';
import type {Authenticator} from '../access/authenticate.ts';
import {refusalText} from '../access/authorize.ts';
import type {Identity} from '../access/identity.ts';
import {impersonated} from '../access/impersonate.ts';
import type {Attributes} from '../access/rbac.ts';
import type {Api, Call} from '../objects/api.ts';
import {handlePath, type PathContext, sendNotFound} from './handle-path.ts';
import {handleResource} from './handle-resource.ts';
import {parseResourcePath, type ResourcePath, verbOf} from './request.ts';
import {sendStatus} from './respond.ts';
import {ApiError, badRequest, forbidden, internalError, methodNotAllowed, unknownResource} from './status.ts';

export type ServerContext = {api: Api; authenticator: Authenticator; paths: PathContext; report(error: unknown): void};

export type ServerIdentity = {ca: string; cert: string; key: Secret};

const minute = 60_000;
const resumptionOff = 0x4000;

/**
 * The HTTPS server: TLS 1.3, client certificates asked for but not demanded (tokens and health checks come without), HTTP/1.1.
 * Sessions are not resumed, so every connection shows its certificate.
 */
export function createApiServer(context: ServerContext, identity: ServerIdentity): Server {
	const server = createServer(
		{
			ca: identity.ca,
			cert: identity.cert,
			key: Buffer.from(identity.key.reveal()),
			requestCert: true,
			rejectUnauthorized: false,
			minVersion: 'TLSv1.3',
			secureOptions: resumptionOff,
			keepAliveTimeout: 2 * minute,
			headersTimeout: minute,
			requestTimeout: minute,
		},
		(request, response) => {
			handle(context, request, response).catch((error: unknown) => fail(context, response, error));
		},
	);
	// A client that breaks off a handshake is its own problem.
	server.on('tlsClientError', () => undefined);
	return server;
}

function fail(context: ServerContext, response: ServerResponse, error: unknown): void {
	if (response.headersSent) {
		if (!(error instanceof ApiError)) context.report(error);
		response.destroy();
		return;
	}
	if (error instanceof ApiError) {
		sendStatus(response, error);
		return;
	}
	context.report(error);
	sendStatus(response, internalError(error));
}

async function handle(context: ServerContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const {api, authenticator} = context;
	const url = urlOf(request);
	const identity = impersonated(api.authorizer, authenticator.request(request), request.headers);
	const path = parseResourcePath(url.pathname);
	const method = request.method ?? 'GET';
	if (!path) {
		if (method !== 'GET' && !(method === 'HEAD' && /^\/(healthz|livez|readyz)/.test(url.pathname))) throw methodNotAllowed();
		assertPath(context, identity, method, url.pathname);
		return handlePath(context.paths, request, response, url);
	}
	await handleResourcePath(context, request, response, {path, url, identity, method});
}

type Asked = {path: ResourcePath; url: URL; identity: Identity; method: string};

async function handleResourcePath(
	context: ServerContext,
	request: IncomingMessage,
	response: ServerResponse,
	asked: Asked,
): Promise<void> {
	const {path, url, identity, method} = asked;
	const {api, authenticator} = context;
	const query = url.searchParams;
	const verb = verbOf(method, path, query);
	if (verb === undefined) throw methodNotAllowed();
	const attributes: Attributes = {
		kind: 'resource',
		verb,
		group: path.group,
		plural: path.plural,
		subresource: path.subresource,
		// A namespace counts as lying in itself, so that a RoleBinding in it can be about it.
		namespace: path.group === '' && path.plural === 'namespaces' ? path.name : path.namespace,
		name: path.name,
		fieldSelector: query.get('fieldSelector') ?? '',
	};
	const {allowed} = api.authorizer.decide(identity, attributes);
	if (!allowed) throw forbidden(path, path.name, refusalText(identity, attributes));
	if (!api.registry.hasGroup(path.group)) {
		sendNotFound(response);
		return;
	}
	const type = api.registry.find(path.group, path.version, path.plural);
	if (!type) throw unknownResource();
	const call: Call = {api, type, path, query, identity, verb, userAgent: programOf(request), warnings: []};
	assertServed(call);
	await handleResource({call, request, response, authenticator});
}

function programOf(request: IncomingMessage): string {
	const program = (request.headers['user-agent'] ?? '').split('/', 1)[0] ?? '';
	return program.replace(/[^\x20-\x7e]/g, '').slice(0, 128) || 'unknown';
}

/** Whether the resource has the scope, the subresource and the verb that were asked for. */
function assertServed({type, path, verb}: Call): void {
	if (path.namespace !== '' && !type.namespaced) throw unknownResource();
	if (type.namespaced && path.namespace === '' && (path.name !== '' || verb === 'create')) {
		throw path.name !== '' ? unknownResource() : badRequest('an empty namespace may not be set during creation');
	}
	if (path.name === '' && (verb === 'update' || verb === 'patch')) throw methodNotAllowed();
	if (path.subresource === '') {
		if (!type.verbs.includes(verb)) throw methodNotAllowed();
		return;
	}
	const subresource = type.subresources.find(({name}) => name === path.subresource);
	if (!subresource) throw unknownResource();
	if (!subresource.verbs.includes(verb)) throw methodNotAllowed();
}

function assertPath(context: ServerContext, identity: Identity, method: string, path: string): void {
	const attributes: Attributes = {kind: 'path', verb: method === 'HEAD' ? 'head' : 'get', path};
	const asked: Attributes = {...attributes, verb: 'get'};
	if (context.api.authorizer.decide(identity, asked).allowed) return;
	throw new ApiError(403, `forbidden: ${refusalText(identity, asked)}`, {reason: 'Forbidden', details: {}});
}

function urlOf(request: IncomingMessage): URL {
	try {
		return new URL(request.url ?? '/', 'https://server');
	} catch {
		// Node accepts request lines that are not URLs.
		throw badRequest('the request target is not a path');
	}
}
