/** A Kubernetes object as JSON. */
export type KubeObject = {
	apiVersion: string;
	kind: string;
	metadata: {
		name: string;
		namespace?: string;
		uid?: string;
		resourceVersion?: string;
		labels?: Record<string, string>;
		annotations?: Record<string, string>;
		creationTimestamp?: string;
		deletionTimestamp?: string;
		[key: string]: unknown;
	};
	[key: string]: unknown;
};

/** Which resource: `{version: 'v1', plural: 'nodes'}` or `{group: 'update.edgeless.systems', version: 'v1alpha1', plural: 'joiningnodes'}`. */
export type Resource = {group?: string; version: string; plural: string; namespace?: string};

export type WatchEvent = {type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: KubeObject};

export type PatchKind = 'merge' | 'json' | 'strategic' | 'apply';

/** The Kubernetes API as our services use it. Failures throw KubeError. */
export type Kube = {
	get(resource: Resource, name: string): Promise<KubeObject>;
	list(
		resource: Resource,
		options?: {labelSelector?: string; fieldSelector?: string},
	): Promise<{items: KubeObject[]; resourceVersion: string}>;
	create(resource: Resource, object: KubeObject): Promise<KubeObject>;
	update(resource: Resource, object: KubeObject, subresource?: string): Promise<KubeObject>;
	patch(resource: Resource, name: string, patch: unknown, kind: PatchKind, subresource?: string): Promise<KubeObject>;
	delete(resource: Resource, name: string): Promise<void>;
	/** Ends when the server ends it or `signal` aborts; throws KubeError 410 when the version is too old. */
	watch(
		resource: Resource,
		options: {resourceVersion?: string; fieldSelector?: string; signal: AbortSignal},
	): AsyncIterable<WatchEvent>;
	/** POST to a subresource or review API, such as `/apis/authorization.k8s.io/v1/subjectaccessreviews`. */
	post(path: string, body: unknown): Promise<unknown>;
};

/** A Status answered by the API server, or code 0 when it was not reached. */
export class KubeError extends Error {
	override readonly name = 'KubeError';
	readonly code: number;
	readonly reason: string;

	constructor(code: number, reason: string, message: string) {
		super(message);
		this.code = code;
		this.reason = reason;
	}
}
