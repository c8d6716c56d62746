import type {DescMessage, MessageInitShape, MessageShape} from '@bufbuild/protobuf';
import type {GenService, GenServiceMethods} from '@bufbuild/protobuf/codegenv2';

/** The methods of a generated service. */
export type Methods = GenServiceMethods;
export type Service<M extends Methods> = GenService<M>;

/** What a caller can say besides the request. */
export type CallOptions = {
	signal?: AbortSignal;
	/** Milliseconds until the call fails with DEADLINE_EXCEEDED. */
	timeout?: number;
	/** Headers of the call; keys in lower case. */
	metadata?: Readonly<Record<string, string>>;
};

type Method = {input: DescMessage; output: DescMessage; methodKind: string};

type ClientMethod<M extends Method> = M['methodKind'] extends 'server_streaming'
	? (request: MessageInitShape<M['input']>, options?: CallOptions) => AsyncIterable<MessageShape<M['output']>>
	: (request: MessageInitShape<M['input']>, options?: CallOptions) => Promise<MessageShape<M['output']>>;

/** One typed function a method; unary methods give promises, streams give async iterables. They throw RpcError. */
export type RpcClient<M extends Methods> = {readonly [K in keyof M]: ClientMethod<M[K]>};

/** What a handler learns of its caller. */
export type CallContext = {
	/** Name of the caller's connection: its `address:port`, with a number behind it where that is not unique. */
	peer: string;
	/** Aborts when the caller goes away or its deadline passes. */
	signal: AbortSignal;
	/** A header of the call, undefined when it was not sent. */
	header(name: string): string | undefined;
};

type Handler<M extends Method> = M['methodKind'] extends 'server_streaming'
	? (request: MessageShape<M['input']>, context: CallContext) => AsyncIterable<MessageInitShape<M['output']>>
	: (request: MessageShape<M['input']>, context: CallContext) => Promise<MessageInitShape<M['output']>>;

/** One function a method, all of them required; throw RpcError to answer with a status. */
export type Handlers<M extends Methods> = {readonly [K in keyof M]: Handler<M[K]>};
