/** A JSON value as the API server stores and sends it. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = {[key: string]: Json};

/** Object metadata; what is not named here is kept as it came. */
export type Metadata = {
	name: string;
	namespace?: string;
	generateName?: string;
	uid?: string;
	resourceVersion?: string;
	generation?: number;
	creationTimestamp?: string;
	deletionTimestamp?: string;
	deletionGracePeriodSeconds?: number;
	labels?: Record<string, string>;
	annotations?: Record<string, string>;
	finalizers?: string[];
	ownerReferences?: JsonObject[];
	managedFields?: JsonObject[];
	[key: string]: Json | undefined;
};

/** A stored object. `kind` and `apiVersion` are always set; `metadata.resourceVersion` is set on what was read from the store. */
export type ApiObject = {apiVersion: string; kind: string; metadata: Metadata; [key: string]: Json | Metadata};

/** A column of `kubectl get` that a CustomResourceDefinition asks for. */
export type PrinterColumn = {
	name: string;
	type: string;
	format?: string;
	description?: string;
	priority?: number;
	jsonPath: string;
};

/** An OpenAPI v3 schema, as CustomResourceDefinitions and the Kubernetes documents carry it. */
export type Schema = {
	type?: string;
	format?: string;
	nullable?: boolean;
	properties?: Record<string, Schema>;
	additionalProperties?: boolean | Schema;
	items?: Schema;
	required?: string[];
	enum?: Json[];
	default?: Json;
	pattern?: string;
	minimum?: number;
	maximum?: number;
	minLength?: number;
	maxLength?: number;
	minItems?: number;
	maxItems?: number;
	allOf?: Schema[];
	$ref?: string;
	'x-kubernetes-preserve-unknown-fields'?: boolean;
	'x-kubernetes-int-or-string'?: boolean;
	'x-kubernetes-embedded-resource'?: boolean;
	'x-kubernetes-patch-merge-key'?: string;
	'x-kubernetes-patch-strategy'?: string;
	'x-kubernetes-list-type'?: string;
	'x-kubernetes-list-map-keys'?: string[];
	[key: string]: unknown;
};

/** `status` of `nodes/status`: who answers it and as which kind. */
export type Subresource = {name: string; kind: string; verbs: readonly string[]; group?: string; version?: string};

/** One served resource: built in, or made by a CustomResourceDefinition. */
export type ApiResource = {
	/** '' for core. */
	group: string;
	version: string;
	plural: string;
	singular: string;
	kind: string;
	listKind: string;
	namespaced: boolean;
	verbs: readonly string[];
	shortNames: readonly string[];
	categories: readonly string[];
	subresources: readonly Subresource[];
	/** Key of the table in the store; core/v1 and events.k8s.io/v1 Events share one. */
	storage: string;
	/** `metadata.generation` counts changes of anything but metadata and status. */
	generation: boolean;
	/** Creating one is answered with this sentence. */
	refusal?: string;
	/** Set for custom resources. */
	custom?: {schema: Schema; columns: readonly PrinterColumn[]};
};

/** `v1` or `apps/v1`. */
export function groupVersion(resource: {group: string; version: string}): string {
	return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

export function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as a text: a string as it is, nothing as '', anything else as JSON. */
export function textOf(value: unknown): string {
	if (typeof value === 'string') return value;
	return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** Takes a field out of an object. */
export function drop(object: object, field: string): void {
	Reflect.deleteProperty(object, field);
}

/** A copy of an object without some fields. */
export function without<T extends object, K extends keyof T & string>(object: T, ...fields: K[]): Omit<T, K> {
	const copy = {...object};
	for (const field of fields) drop(copy, field);
	return copy;
}
