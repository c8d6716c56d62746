import type {Authorizer} from '../access/authorize.ts';
import type {Identity} from '../access/identity.ts';
import type {Tokens} from '../access/tokens.ts';
import type {ResourcePath} from '../http/request.ts';
import type {DecodeProtobuf} from '../protobuf/decode.ts';
import type {Schemas} from '../schema/schemas.ts';
import type {Feed} from '../store/feed.ts';
import type {Key, Store} from '../store/store.ts';
import type {ApiObject, ApiResource} from '../types.ts';
import type {KubeletClient} from './kubelet.ts';
import type {Registry} from './registry.ts';

/** What all requests share. */
export type Api = {
	store: Store;
	feed: Feed;
	registry: Registry;
	authorizer: Authorizer;
	tokens: Tokens;
	schemas: Schemas;
	/** Loaded when the first protobuf body comes. */
	protobuf: () => Promise<DecodeProtobuf>;
	/** What follows a creation and a deletion, see Collector. */
	created: (object: ApiObject) => void;
	orphan: (object: ApiObject) => void;
	collect: (object: ApiObject) => void;
	terminating: (object: ApiObject) => void;
	/** Asks a node's kubelet. */
	kubelet: KubeletClient;
	/** Milliseconds. */
	now: () => number;
	/** The revision that is being listed must be reached within this time (ms). */
	futureWait: number;
};

/** One authorized request on a resource. */
export type Call = {
	api: Api;
	type: ApiResource;
	path: ResourcePath;
	query: URLSearchParams;
	identity: Identity;
	verb: string;
	/** The client's program, from its User-Agent: who made a change when it does not say so. */
	userAgent: string;
	/** Collected for `Warning` headers. */
	warnings: string[];
};

export function keyOf(type: ApiResource, namespace: string, name: string): Key {
	return {resource: type.storage, namespace: type.namespaced ? namespace : '', name};
}

/** RFC 3339 with seconds, as metadata carries times. */
export function timestamp(milliseconds: number): string {
	return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
