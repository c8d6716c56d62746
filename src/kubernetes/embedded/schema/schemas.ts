import type {ApiResource, Schema} from '../types.ts';

const prefix = '#/components/schemas/';
const metadataName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

export type GroupVersionKind = {group: string; version: string; kind: string};

/** The schemas of the built-in kinds. */
export type Schemas = {
	/** By schema name, such as `io.k8s.api.core.v1.Pod`. */
	byName: Readonly<Record<string, Schema>>;
	/** The schema of a built-in kind and its name, or undefined when the kind is not known. */
	schemaOf(kind: GroupVersionKind): {name: string; schema: Schema} | undefined;
	/** The schema of a resource's objects; a custom resource's has its metadata filled in. */
	ofResource(resource: ApiResource): Schema | undefined;
	/** A schema with its reference followed and what stands beside the reference kept. */
	resolve(schema: Schema): Schema;
};

/** Reads the schemas: about 130 KB, so a process that needs none never loads them. */
export async function loadSchemas(): Promise<Schemas> {
	const {default: data} = await import('../data/schemas.json', {with: {type: 'json'}});
	return createSchemas(data);
}

export function createSchemas(byName: Readonly<Record<string, Schema>>): Schemas {
	const names = new Map<string, string>();
	for (const [name, schema] of Object.entries(byName)) {
		for (const kind of kindsOf(schema)) names.set(keyOf(kind), name);
	}
	const schemaOf = (kind: GroupVersionKind) => {
		const name = names.get(keyOf(kind));
		const schema = name === undefined ? undefined : byName[name];
		return name === undefined || schema === undefined ? undefined : {name, schema};
	};
	return {
		byName,
		schemaOf,
		ofResource: resource => (resource.custom ? withMetadata(resource.custom.schema) : schemaOf(resource)?.schema),
		resolve(schema) {
			const reference = referenceOf(schema);
			const target = reference === undefined ? undefined : byName[reference];
			if (target === undefined) return schema;
			const own = Object.entries(schema).filter(([key]) => key !== '$ref' && key !== 'allOf');
			return {...target, ...Object.fromEntries(own)};
		},
	};
}

/** The name that a schema refers to, directly or as its only `allOf`. */
export function referenceOf(schema: Schema): string | undefined {
	const reference = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
	// The schema of schemas has a property of this name, so it is not always text.
	return typeof reference === 'string' && reference.startsWith(prefix) ? reference.slice(prefix.length) : undefined;
}

/** The last part of a schema's name, which is the name of the type: `PodSpec`. */
export const typeName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** A custom resource's schema with what every object has. */
export function withMetadata(schema: Schema): Schema {
	const common = {apiVersion: {type: 'string'}, kind: {type: 'string'}, metadata: {$ref: `${prefix}${metadataName}`}};
	return {...schema, type: 'object', properties: {...schema.properties, ...common}};
}

function kindsOf(schema: Schema): GroupVersionKind[] {
	const kinds = schema['x-kubernetes-group-version-kind'];
	return Array.isArray(kinds) ? (kinds as GroupVersionKind[]) : [];
}

const keyOf = ({group, version, kind}: GroupVersionKind) => `${group}/${version}/${kind}`;
