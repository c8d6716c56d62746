import type {IncomingMessage, ServerResponse} from 'node:http';
import {aggregatedDiscovery, aggregatedType, aggregatedVersion, type DiscoveryRoot} from '../discovery/aggregated.ts';
import {legacyDiscovery} from '../discovery/legacy.ts';
import type {Registry} from '../objects/registry.ts';
import type {OpenApi} from '../openapi/document.ts';
import type {ApiResource, JsonObject} from '../types.ts';
import {sendText, sendValue} from './respond.ts';
import {ApiError, unknownResource} from './status.ts';

export type PathContext = {
	registry: Registry;
	openApi: OpenApi;
	/** `v1.32.9`. */
	version: string;
	/** host:port that clients reach the server by. */
	address: string;
	/** Throws when the store cannot be read. */
	probe(): void;
};

/** Health checks in the order they are shown. */
const checks = ['ping', 'store'];
const healthPaths = /^\/(healthz|livez|readyz)(?:\/([^/]+))?$/;

/** Answers everything that is not a resource: version, health, discovery, OpenAPI. Returns false when the path is unknown. */
export async function handlePath(
	context: PathContext,
	request: IncomingMessage,
	response: ServerResponse,
	url: URL,
): Promise<void> {
	const {registry} = context;
	const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : url.pathname;
	const health = healthPaths.exec(path);
	if (health) {
		sendHealth(context, response, url, health[1] ?? '', health[2]);
		return;
	}
	if (path === '/version') return sendValue(response, 200, versionOf(context.version));
	if (path === '/') return sendValue(response, 200, {paths: rootPaths(registry.all())});
	if (path === '/api' || path === '/apis') return sendRoot(context, request, response, path === '/api' ? 'api' : 'apis');
	if (path === '/openapi/v3') {
		sendText(response, 200, 'application/json', indexOf(context));
		return;
	}
	if (path.startsWith('/openapi/v3/')) {
		sendDocument(context, request, response, url, path.slice('/openapi/v3/'.length));
		return;
	}
	const [root, group = '', version, ...rest] = path.slice(1).split('/');
	if (rest.length === 0 && (root === 'api' || root === 'apis')) {
		const asked = root === 'api' ? {group: '', version: group} : {group, version};
		const document =
			asked.version === undefined
				? legacyDiscovery.group(registry.all(), asked.group)
				: legacyDiscovery.resources(registry.all(), {group: asked.group, version: asked.version});
		if (document) return sendValue(response, 200, document);
		if (registry.hasGroup(asked.group)) throw unknownResource();
	}
	sendNotFound(response);
}

/** Unknown paths and groups are plain text, as in the real server. */
export function sendNotFound(response: ServerResponse): void {
	sendText(response, 404, 'text/plain; charset=utf-8', '404 page not found\n');
}

function versionOf(version: string): JsonObject {
	const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
	return {
		major,
		minor,
		gitVersion: version,
		gitCommit: '',
		gitTreeState: 'clean',
		buildDate: '1970-01-01T00:00:00Z',
		goVersion: '',
		compiler: '',
		platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
	};
}

function rootPaths(resources: readonly ApiResource[]): string[] {
	const groups = new Set(
		resources.filter(({group}) => group !== '').flatMap(({group, version}) => [`/apis/${group}`, `/apis/${group}/${version}`]),
	);
	return ['/api', '/api/v1', '/apis', ...groups, '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'].sort();
}

function sendRoot(
	context: PathContext,
	request: IncomingMessage,
	response: ServerResponse,
	root: DiscoveryRoot,
): Promise<void> | void {
	const {registry, address} = context;
	const version = aggregatedVersion(request.headers.accept);
	response.setHeader('Vary', 'Accept');
	if (version === undefined) {
		return sendValue(response, 200, root === 'api' ? legacyDiscovery.versions(address) : legacyDiscovery.groups(registry.all()));
	}
	const {body, etag} = aggregatedDiscovery(registry.all(), root, version);
	response.setHeader('ETag', etag);
	if (request.headers['if-none-match'] === etag) {
		response.writeHead(304).end();
		return;
	}
	sendText(response, 200, aggregatedType(version), body);
}

const indexes = new WeakMap<readonly ApiResource[], string>();

/** The index hashes every document: it is kept until the served resources change. */
function indexOf({registry, openApi}: PathContext): string {
	const resources = registry.all();
	const known = indexes.get(resources);
	if (known !== undefined) return known;
	const {body} = openApi.index(resources);
	indexes.set(resources, body);
	return body;
}

/** A document under its right hash may be kept for a year; a wrong hash is sent to the right one. */
function sendDocument(context: PathContext, request: IncomingMessage, response: ServerResponse, url: URL, name: string): void {
	const document = context.openApi.document(context.registry.all(), name);
	if (!document) {
		sendNotFound(response);
		return;
	}
	const etag = `"${document.hash}"`;
	const asked = url.searchParams.get('hash');
	if (asked !== null && asked !== document.hash) {
		response.writeHead(301, {Location: `/openapi/v3/${name}?hash=${document.hash}`}).end();
		return;
	}
	response.setHeader('ETag', etag);
	response.setHeader('Vary', 'Accept');
	if (asked !== null) response.setHeader('Cache-Control', 'public, immutable');
	if (request.headers['if-none-match'] === etag) {
		response.writeHead(304).end();
		return;
	}
	sendText(response, 200, 'application/json', document.body);
}

function sendHealth(context: PathContext, response: ServerResponse, url: URL, kind: string, single: string | undefined): void {
	if (single !== undefined && !checks.includes(single)) {
		sendNotFound(response);
		return;
	}
	const excluded = url.searchParams.getAll('exclude');
	const lines = checks
		.filter(name => single === undefined || name === single)
		.map(name => {
			if (excluded.includes(name)) return `[+]${name} excluded: ok`;
			const good = name === 'ping' || storeAnswers(context);
			return good ? `[+]${name} ok` : `[-]${name} failed: reason withheld`;
		});
	if (lines.some(line => line.startsWith('[-]')))
		throw new ApiError(500, `${kind} check failed: ${lines.join(', ')}`, {reason: 'InternalError'});
	const verbose = url.searchParams.has('verbose');
	sendText(response, 200, 'text/plain; charset=utf-8', verbose ? `${lines.join('\n')}\n${kind} check passed\n` : 'ok');
}

function storeAnswers(context: PathContext): boolean {
	try {
		context.probe();
		return true;
	} catch {
		// The answer of the check is all a caller may learn.
		return false;
	}
}
