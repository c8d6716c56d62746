import {createServer, type IncomingMessage, type Server} from 'node:http';
import {decodeBase64, encodeBase64} from '../../keys/base64.ts';
import {RpcError} from '../../rpc/status.ts';
import type {Statement} from './statement.ts';

type Answer = {code: number; type: string; body: string};

/**
 * The HTTP form of the service (v2.9 wire format): any method and path, query parameter `nonce` exactly once in padded URL-safe
 * base64; the answer is `{"data": "<base64 of the statement>"}`.
 */
export const statementHttpServer = (statement: Statement, log: (line: string) => void): Server => {
	const server = createServer({maxHeaderSize: 8192, requestTimeout: 10_000}, (request, response) => {
		// Bodies mean nothing here.
		request.resume();
		answerTo(request, statement, log).then(
			({code, type, body}) => {
				response.writeHead(code, {'content-type': type, 'content-length': Buffer.byteLength(body)}).end(body);
			},
			(error: unknown) => {
				log(`http: ${error instanceof Error ? error.message : 'failed'}`);
				response.destroy();
			},
		);
	});
	server.maxConnections = 256;
	return server;
};

const text = (code: number, body: string): Answer => ({code, type: 'text/plain; charset=utf-8', body: `${body}\n`});

const answerTo = async (request: IncomingMessage, statement: Statement, log: (line: string) => void): Promise<Answer> => {
	const query = new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
	const [value, ...more] = query.getAll('nonce');
	if (!value || more.length > 0) return text(400, 'the parameter nonce is required exactly once');
	const nonce = decodeBase64(value, 'url');
	if (!nonce) return text(400, 'the nonce is not padded URL-safe base64');
	try {
		const data = encodeBase64(await statement(nonce));
		return {code: 200, type: 'application/json', body: `${JSON.stringify({data})}\n`};
	} catch (error) {
		if (error instanceof RpcError) return text(400, error.message);
		log(`http: ${error instanceof Error ? error.message : 'failed'}`);
		return text(500, 'no statement could be made');
	}
};
