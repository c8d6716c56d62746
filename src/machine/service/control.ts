import {createReadStream, existsSync, statSync, unwatchFile, watchFile} from 'node:fs';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {join} from 'node:path';
import {readAll} from '../../unix-http.ts';
import type {Cloud} from './cloud.ts';
import {listenOnSocket} from './metadata.ts';
import {object, parseGroup, parseImage, parseSize, parseToken} from './parse.ts';
import {Refused} from './refused.ts';
import type {CloudEvent} from './types.ts';

export type ControlDeps = {
	folder: string;
	/** What /status says of the process. */
	about: Readonly<Record<string, unknown>>;
	images(): Promise<string[]>;
	/** Asked to end: the service answers first, then does it. */
	shutdown(): void;
};

const largestBody = 64 * 1024;
/** The handler writes the answer itself, bit by bit. */
const streamed = Symbol('streamed');

/**
 * The control socket of one cluster, for the CLI and Terraform: HTTP with JSON bodies, mode 0600. Failures are
 * {error, code}. /events and /machines/NAME/log?follow do not end: one JSON line, or one line of text, each.
 */
export const serveControl = async (path: string, cloud: Cloud, deps: ControlDeps): Promise<Server> => {
	const server = createServer({requestTimeout: 0, headersTimeout: 10_000}, (request, response) => {
		const answered = route(cloud, deps, request, response).then(answer => {
			if (answer !== streamed) reply(response, 200, answer);
		});
		answered.catch((error: unknown) => {
			if (response.headersSent) response.destroy();
			else if (error instanceof Refused) reply(response, error.status, {error: error.message, code: error.code});
			else reply(response, 500, {error: error instanceof Error ? error.message : String(error), code: 'internal'});
		});
	});
	await listenOnSocket(server, path);
	return server;
};

const route = async (cloud: Cloud, deps: ControlDeps, request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
	const url = new URL(request.url ?? '/', 'http://control');
	const [kind = '', name, action] = url.pathname.slice(1).split('/').map(decodeURIComponent);
	const verb = `${request.method ?? ''} /${kind}${name === undefined ? '' : '/:name'}${action === undefined ? '' : `/${action}`}`;
	const subject = name ?? '';
	const body = async () => {
		const text = await readAll(request, largestBody);
		try {
			return text === '' ? {} : (JSON.parse(text) as unknown);
		} catch {
			throw new Refused(400, 'invalid', 'the body is not JSON');
		}
	};
	switch (verb) {
		case 'GET /status':
			return {...deps.about, uid: cloud.spec().uid, name: cloud.spec().name, groups: cloud.groups(), machines: cloud.machines()};
		case 'GET /groups':
			return cloud.groups();
		case 'PUT /groups/:name':
			return await cloud.applyGroup(parseGroup(subject, await body()));
		case 'DELETE /groups/:name':
			return {removed: await cloud.deleteGroup(subject)};
		case 'PUT /groups/:name/image':
			cloud.setImage(subject, parseImage(object(await body(), 'the body').image));
			return {};
		case 'PUT /groups/:name/size': {
			const size = parseSize(object(await body(), 'the body').size);
			const group = cloud.groups().find(each => each.name === subject);
			if (group === undefined) throw new Refused(404, 'no-such-group', `there is no node group ${subject}`);
			return await cloud.applyGroup({...group, size});
		}
		case 'POST /groups/:name/machines':
			return {name: await cloud.createNode(subject, parseToken(object(await body(), 'the body').token))};
		case 'GET /machines':
			return cloud.machines();
		case 'GET /machines/:name':
			return cloud.machine(subject).view();
		case 'DELETE /machines/:name':
			await cloud.deleteNode(subject);
			return {};
		case 'PUT /machines/:name/draining':
			cloud.setDraining(subject, object(await body(), 'the body').draining === true);
			return {};
		case 'POST /machines/:name/start':
			await cloud.machine(subject).start();
			return cloud.machine(subject).view();
		case 'POST /machines/:name/stop':
			await cloud.machine(subject).stop();
			return cloud.machine(subject).view();
		case 'GET /machines/:name/log': {
			cloud.machine(subject);
			sendLog(join(deps.folder, 'machines', subject, 'serial.log'), url.searchParams.has('follow'), response);
			return streamed;
		}
		case 'POST /start':
			return await cloud.startAll();
		case 'POST /stop':
			await cloud.stopAll();
			return cloud.machines();
		case 'POST /shutdown':
			response.on('finish', () => deps.shutdown());
			return {};
		case 'PUT /init-secret-hash': {
			const {hash} = object(await body(), 'the body');
			if (typeof hash !== 'string' || !/^\$2[aby]\$\d\d\$.{53}$/.test(hash))
				throw new Refused(400, 'invalid', 'hash is not a bcrypt hash');
			cloud.setInitSecretHash(hash);
			return {};
		}
		case 'GET /images':
			return await deps.images();
		case 'GET /events':
			sendEvents(cloud, response);
			return streamed;
		default:
			throw new Refused(404, 'unknown', `unknown request ${verb}`);
	}
};

/** First the present state of every machine, then every change. */
const sendEvents = (cloud: Cloud, response: ServerResponse): void => {
	response.writeHead(200, {'content-type': 'application/jsonl'});
	const send = (event: CloudEvent) => {
		// A reader that does not read must not fill this process: cut it off, it can ask again.
		if (response.writableLength > 1024 * 1024) response.destroy();
		else response.write(`${JSON.stringify(event)}\n`);
	};
	for (const view of cloud.machines()) send({type: 'machine', ...view, at: Date.now()});
	send({type: 'snapshot-end', at: Date.now()});
	response.on('close', cloud.subscribe(send));
};

/** The serial log as text; with `follow` it goes on until the reader leaves. */
const sendLog = (path: string, follow: boolean, response: ServerResponse): void => {
	response.writeHead(200, {'content-type': 'text/plain; charset=utf-8'});
	let sent = 0;
	let busy = false;
	const more = () => {
		const size = statSync(path, {throwIfNoEntry: false})?.size ?? 0;
		if (busy || response.destroyed) return;
		if (size < sent) sent = 0;
		if (size === sent) {
			if (!follow) response.end();
			return;
		}
		busy = true;
		createReadStream(path, {start: sent, end: size - 1})
			.on('data', chunk => {
				sent += chunk.length;
				response.write(chunk);
			})
			.on('error', () => response.destroy())
			.on('close', () => {
				busy = false;
				more();
			});
	};
	if (!follow && !existsSync(path)) {
		response.end();
		return;
	}
	if (follow) {
		watchFile(path, {interval: 200}, more);
		response.on('close', () => unwatchFile(path, more));
	}
	more();
};

const reply = (response: ServerResponse, status: number, body: unknown): void => {
	const text = JSON.stringify(body);
	response.writeHead(status, {'content-type': 'application/json', 'content-length': Buffer.byteLength(text)}).end(text);
};
