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

/** `uid` and `resourceVersion` must be those of the object, else the deletion is a conflict (409). */
export type DeleteOptions = {
	gracePeriodSeconds?: number;
	uid?: string;
	resourceVersion?: string;
	propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
};

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
	delete(resource: Resource, name: string, options?: DeleteOptions): Promise<void>;
	/** Ends when the server ends it or `signal` aborts; throws KubeError 410 when the version is too old. */
	watch(
		resource: Resource,
		options: {resourceVersion?: string; fieldSelector?: string; signal: AbortSignal},
	): AsyncIterable<WatchEvent>;
	/** POST to a subresource or review API, such as `/apis/authorization.k8s.io/v1/subjectaccessreviews`. */
	post(path: string, body: unknown): Promise<unknown>;
};

export type KubeCause = {reason: string; message: string};

/** A Status answered by the API server, or code 0 when it was not reached. */
export class KubeError extends Error {
	override readonly name = 'KubeError';
	readonly code: number;
	readonly reason: string;
	/** What the server names as causes, such as the disruption budget that an eviction would violate. */
	readonly causes: readonly KubeCause[];

	constructor(code: number, reason: string, message: string, causes: readonly KubeCause[] = []) {
		super(message);
		this.code = code;
		this.reason = reason;
		this.causes = causes;
	}
}
