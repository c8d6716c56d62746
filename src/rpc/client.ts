import {create, type DescMethod, fromBinary, type Message, toBinary} from '@bufbuild/protobuf';
import {type ChannelCredentials, Client, connectivityState, type CallOptions as GrpcCallOptions, Metadata} from '@grpc/grpc-js';
import {RpcError, status, toRpcError} from './status.ts';
import type {CallOptions, Methods, RpcClient, Service} from './types.ts';

export type ChannelOptions = {
	/** Bytes of the biggest answer that is accepted; 4 MiB by default. */
	maxMessageBytes?: number;
	/** Milliseconds between pings on an open stream; none by default (v2.9 servers close connections that ping often). */
	keepalive?: number;
	/** For requests that mean the same on any connection: one that was refused unprocessed goes to another. */
	movesOn?: boolean;
};

/** One channel; several clients may share it, and then share its connection. */
export type Channel = {
	/** Connects if needed. Throws RpcError UNAVAILABLE when the first attempt fails, or the signal's reason. */
	connect: (signal?: AbortSignal) => Promise<void>;
	client: Client;
	close: () => void;
};

const defaultMaximum = 4 * 1024 * 1024;

/**
 * Opens a channel to `host:port` or `unix:/path`. Nothing is retried or sent through a proxy: a request that holds a secret
 * or evidence belongs to one connection. Only with `movesOn` a call that a server refused unprocessed, because it was about to end, is
 * sent once more on another connection.
 */
export const openChannel = (address: string, credentials: ChannelCredentials, options: ChannelOptions = {}): Channel => {
	const client = new Client(address, credentials, {
		'grpc.enable_http_proxy': 0,
		'grpc.enable_retries': options.movesOn === true ? 1 : 0,
		'grpc.service_config_disable_resolution': 1,
		'grpc.use_local_subchannel_pool': 1,
		'grpc.max_receive_message_length': options.maxMessageBytes ?? defaultMaximum,
		...(options.keepalive === undefined ? {} : {'grpc.keepalive_time_ms': options.keepalive}),
	});
	return {
		client,
		connect: signal => connected(client, signal),
		close: () => {
			client.close();
		},
	};
};

const connected = async (client: Client, signal?: AbortSignal): Promise<void> => {
	const channel = client.getChannel();
	for (;;) {
		signal?.throwIfAborted();
		const state = channel.getConnectivityState(true);
		if (state === connectivityState.READY) return;
		if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) {
			throw new RpcError(status.UNAVAILABLE, `${channel.getTarget()} cannot be reached`);
		}
		await changed(client, state, signal);
	}
};

/** Longest delay that timers take, in milliseconds. */
const forever = 2 ** 31 - 1;

const changed = (client: Client, state: connectivityState, signal?: AbortSignal): Promise<void> =>
	new Promise((resolve, reject) => {
		// grpc-js does not count a channel without calls as work; a process that only waits for one would end.
		const awake = setInterval(() => undefined, forever);
		const abort = () => {
			clearInterval(awake);
			reject(signal?.reason as Error);
		};
		signal?.addEventListener('abort', abort, {once: true});
		client.getChannel().watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
			clearInterval(awake);
			signal?.removeEventListener('abort', abort);
			resolve();
		});
	});

/** A typed client of one service on a channel. */
export const clientOn = <M extends Methods>(channel: Channel, service: Service<M>): RpcClient<M> => {
	const methods = service.methods.map(method => [
		method.localName,
		method.methodKind === 'server_streaming'
			? (request: object, options?: CallOptions) => stream(channel.client, method, request, options)
			: (request: object, options?: CallOptions) => unary(channel.client, method, request, options),
	]);
	return Object.fromEntries(methods) as RpcClient<M>;
};

/** Opens a channel for one service. Close the channel when done. */
export const createClient = <M extends Methods>(
	service: Service<M>,
	address: string,
	credentials: ChannelCredentials,
	options: ChannelOptions = {},
): RpcClient<M> & {readonly channel: Channel} => {
	const channel = openChannel(address, credentials, options);
	return {...clientOn(channel, service), channel};
};

const pathOf = (method: DescMethod): string => `/${method.parent.typeName}/${method.name}`;

const encode = (method: DescMethod, request: object): Buffer =>
	Buffer.from(toBinary(method.input, create(method.input, request as Record<string, unknown>)));

const grpcOptions = ({timeout}: CallOptions = {}): GrpcCallOptions =>
	timeout === undefined ? {} : {deadline: Date.now() + timeout};

const metadataOf = ({metadata = {}}: CallOptions = {}): Metadata => {
	const headers = new Metadata();
	for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
	return headers;
};

const unary = (client: Client, method: DescMethod, request: object, options?: CallOptions): Promise<Message> =>
	new Promise((resolve, reject) => {
		const signal = options?.signal;
		signal?.throwIfAborted();
		const abort = () => {
			call.cancel();
		};
		const call = client.makeUnaryRequest<object, Message>(
			pathOf(method),
			message => encode(method, message),
			bytes => fromBinary(method.output, bytes),
			request,
			metadataOf(options),
			grpcOptions(options),
			(error, response) => {
				signal?.removeEventListener('abort', abort);
				if (signal?.aborted) reject(signal.reason as Error);
				else if (error) reject(toRpcError(error));
				else if (response) resolve(response);
				else reject(new RpcError(status.INTERNAL, 'the answer is empty'));
			},
		);
		signal?.addEventListener('abort', abort, {once: true});
	});

async function* stream(client: Client, method: DescMethod, request: object, options?: CallOptions): AsyncGenerator<Message> {
	const signal = options?.signal;
	signal?.throwIfAborted();
	const call = client.makeServerStreamRequest<object, Message>(
		pathOf(method),
		message => encode(method, message),
		bytes => fromBinary(method.output, bytes),
		request,
		metadataOf(options),
		grpcOptions(options),
	);
	const abort = () => {
		call.cancel();
	};
	signal?.addEventListener('abort', abort, {once: true});
	try {
		for await (const message of call) yield message as Message;
	} catch (error) {
		signal?.throwIfAborted();
		throw toRpcError(error);
	} finally {
		signal?.removeEventListener('abort', abort);
		call.cancel();
	}
}
