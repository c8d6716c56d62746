import {rmSync} from 'node:fs';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {Instance} from '../../services/host.ts';
import {readAll} from '../../unix-http.ts';
import {answerGroups, type GroupAccess} from './metadata-groups.ts';
import {Refused} from './refused.ts';

/** What one machine may ask: answers are looked up at the time of the question. */
export type MetadataSource = {
	self(): Instance;
	list(): Instance[];
	initSecretHash(): string;
	loadBalancer(service: string): string | undefined;
	disk(): {uuid: string; store: string};
	/** SPKI DER in base64. */
	keys(): {maker: string; release: string};
	log(line: string): void;
	/** Node groups of the cluster: what a cloud lets the role of its control planes do. Absent for machines of another role. */
	groups(): GroupAccess | undefined;
};

const largestBody = 16 * 1024;
const largestLine = 1024;

/** The instance metadata of one machine: HTTP with JSON bodies on a Unix socket that only this user can open. */
export const serveMetadata = async (path: string, source: MetadataSource): Promise<Server> => {
	const server = createServer({requestTimeout: 60_000, keepAliveTimeout: 1000}, (request, response) => {
		answer(source, request, response).catch((error: unknown) => {
			if (response.headersSent) response.destroy();
			else if (error instanceof Refused) reply(response, error.status, {error: error.message, code: error.code});
			else reply(response, 400, {error: 'the request cannot be read'});
		});
	});
	server.maxConnections = 64;
	await listenOnSocket(server, path);
	return server;
};

/** Listens on a Unix socket with mode 0600, in the place of an old one. */
export const listenOnSocket = (server: Server, path: string): Promise<void> =>
	new Promise((resolve, reject) => {
		rmSync(path, {force: true});
		server.once('error', reject);
		// listen() binds before it returns: the socket never exists with a wider mode, and no other file gets this one.
		const before = process.umask(0o177);
		try {
			server.listen(path, () => {
				server.off('error', reject);
				resolve();
			});
		} finally {
			process.umask(before);
		}
	});

const answer = async (source: MetadataSource, request: IncomingMessage, response: ServerResponse): Promise<void> => {
	const path = request.url ?? '';
	if (request.method === 'POST' && path === '/log') {
		const line = lineOf(JSON.parse(await readAll(request, largestBody)));
		if (line === undefined) reply(response, 400, {error: 'the body is not {line}'});
		else {
			source.log(line);
			reply(response, 200, {});
		}
		return;
	}
	if (path.startsWith('/node-groups/')) {
		reply(response, 200, await answerGroups(source.groups(), request));
		return;
	}
	const value = request.method === 'GET' ? lookUp(source, path) : undefined;
	if (value === undefined) reply(response, 404, {error: 'not here'});
	else reply(response, 200, value);
};

const lookUp = (source: MetadataSource, path: string): unknown => {
	if (path === '/self') return source.self();
	if (path === '/list') return source.list();
	if (path === '/init-secret-hash') return source.initSecretHash();
	if (path === '/disk') return source.disk();
	if (path === '/keys') return source.keys();
	if (path.startsWith('/load-balancer/')) return source.loadBalancer(path.slice('/load-balancer/'.length));
	return undefined;
};

/** One printable line: what a node says may reach a terminal. */
const lineOf = (body: unknown): string | undefined => {
	if (typeof body !== 'object' || body === null || !('line' in body) || typeof body.line !== 'string') return undefined;
	return body.line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').slice(0, largestLine);
};

const reply = (response: ServerResponse, status: number, body: unknown): void => {
	const text = JSON.stringify(body);
	response.writeHead(status, {'content-type': 'application/json', 'content-length': Buffer.byteLength(text)}).end(text);
};
