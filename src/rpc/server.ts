import {create, type DescMethod, fromBinary, type Message, toBinary} from '@bufbuild/protobuf';
import {
	type handleServerStreamingCall,
	type handleUnaryCall,
	type Metadata,
	Server,
	ServerCredentials,
	type ServerWritableStream,
} from '@grpc/grpc-js';
import {RpcError, status} from './status.ts';
import type {CallContext, Handlers, Methods, Service} from './types.ts';

export type ServerOptions = {
	/** Bytes of the biggest request that is read; 4 MiB by default, as in v2.9. */
	maxMessageBytes?: number;
	/** Calls that one connection may have open at a time. */
	maxCalls?: number;
};

/** Hears of failures that the caller only sees as INTERNAL. */
export type OnFailure = (method: string, error: unknown) => void;

/** A gRPC server with limits; it pings open connections every 15 seconds so that long calls survive idle timeouts. */
export const createServer = (options: ServerOptions = {}): Server =>
	new Server({
		'grpc.max_receive_message_length': options.maxMessageBytes ?? 4 * 1024 * 1024,
		'grpc.max_concurrent_streams': options.maxCalls ?? 32,
		'grpc.keepalive_time_ms': 15_000,
		'grpc.keepalive_timeout_ms': 20_000,
		'grpc-node.max_session_memory': 32,
	});

/** Serves a generated service. A handler's RpcError is the answer; any other error is INTERNAL, without its text. */
export const addService = <M extends Methods>(
	server: Server,
	service: Service<M>,
	handlers: NoInfer<Handlers<M>>,
	onFailure: OnFailure = () => {},
): void => {
	for (const method of service.methods) {
		const handler: unknown = handlers[method.localName];
		const run = (request: Message, context: CallContext): unknown => {
			if (typeof handler !== 'function') throw new RpcError(status.UNIMPLEMENTED, `${method.name} is not served here`);
			return Reflect.apply(handler, undefined, [request, context]) as unknown;
		};
		const path = `/${service.typeName}/${method.name}`;
		const report = (error: unknown) => statusOf(error, failure => onFailure(path, failure));
		const streams = method.methodKind === 'server_streaming';
		server.register<Message, Message>(
			path,
			streams ? streaming(method, run, report) : unary(method, run, report),
			message => Buffer.from(toBinary(method.output, message)),
			bytes => fromBinary(method.input, bytes),
			streams ? 'serverStream' : 'unary',
		);
	}
};

type Run = (request: Message, context: CallContext) => unknown;
type Report = (error: unknown) => {code: status; details: string};

const statusOf = (error: unknown, onFailure: (error: unknown) => void): {code: status; details: string} => {
	if (error instanceof RpcError) return {code: error.code, details: error.message};
	onFailure(error);
	return {code: status.INTERNAL, details: 'internal failure'};
};

const unary =
	(method: DescMethod, run: Run, report: Report): handleUnaryCall<Message, Message> =>
	(call, callback) => {
		const answer = async (): Promise<Message> =>
			create(method.output, (await run(call.request, contextOf(call))) as Record<string, unknown>);
		answer().then(
			message => {
				callback(null, message);
			},
			(error: unknown) => {
				callback(report(error));
			},
		);
	};

const streaming =
	(method: DescMethod, run: Run, report: Report): handleServerStreamingCall<Message, Message> =>
	call => {
		const context = contextOf(call);
		const send = async (): Promise<void> => {
			for await (const message of run(call.request, context) as AsyncIterable<Record<string, unknown>>) {
				if (context.signal.aborted) return;
				if (!call.write(create(method.output, message))) await drained(call, context.signal);
			}
		};
		send().then(
			() => call.end(),
			(error: unknown) => call.emit('error', report(error)),
		);
	};

/** Resolves when the caller took what was written, or went away. */
const drained = (call: ServerWritableStream<Message, Message>, signal: AbortSignal): Promise<void> =>
	new Promise(resolve => {
		const done = () => {
			call.off('drain', done);
			signal.removeEventListener('abort', done);
			resolve();
		};
		call.once('drain', done);
		signal.addEventListener('abort', done, {once: true});
	});

type Call = {getPeer(): string; readonly metadata: Metadata; on(event: 'cancelled', listener: () => void): unknown};

const contextOf = (call: Call): CallContext => {
	const controller = new AbortController();
	call.on('cancelled', () => {
		controller.abort(new RpcError(status.CANCELLED, 'the caller went away'));
	});
	return {peer: call.getPeer(), signal: controller.signal, header: name => call.metadata.get(name)[0]?.toString()};
};

/** Serves plaintext gRPC on `host:port` or `unix:/path`; gives the port. For transports that need no TLS. */
export const listenPlain = (server: Server, address: string): Promise<number> =>
	new Promise((resolve, reject) => {
		server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
			if (error) reject(error);
			else resolve(port);
		});
	});
