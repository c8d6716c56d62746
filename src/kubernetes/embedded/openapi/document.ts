import {hash} from '../discovery/aggregated.ts';
import {referenceOf, type Schemas, withMetadata} from '../schema/schemas.ts';
import {type ApiResource, groupVersion, isObject, type JsonObject, type Schema} from '../types.ts';
import {pathsOf} from './paths.ts';

/** OpenAPI v3 of the served resources. Documents are made on request; only their hashes are kept, for as long as the list of resources. */
export type OpenApi = {
	/** `/openapi/v3`: where the document of each group version is, by hash. */
	index(resources: readonly ApiResource[]): {body: string};
	/** The document of `api/v1` or `apis/GROUP/VERSION`, and its hash without quotes; undefined when nobody serves it. */
	document(resources: readonly ApiResource[], path: string): {body: string; hash: string} | undefined;
};

/** `version` is the Kubernetes version, such as `v1.32.9`. */
export function createOpenApi(schemas: Schemas, version: string): OpenApi {
	const bodyOf = (resources: readonly ApiResource[]) => {
		const document = {
			openapi: '3.0.0',
			info: {title: 'Kubernetes', version},
			paths: Object.assign({}, ...resources.map(pathsOf)) as JsonObject,
			components: {schemas: componentsOf(schemas, resources)},
		};
		return JSON.stringify(document);
	};
	const indexes = new WeakMap<readonly ApiResource[], string>();
	const indexOf = (resources: readonly ApiResource[]) => {
		const paths = [...byPath(resources)].map(([path, found]) => {
			return [path, {serverRelativeURL: `/openapi/v3/${path}?hash=${hash(bodyOf(found))}`}] as const;
		});
		return JSON.stringify({paths: Object.fromEntries(paths)});
	};
	return {
		index(resources) {
			const body = indexes.get(resources) ?? indexOf(resources);
			indexes.set(resources, body);
			return {body};
		},
		document(resources, path) {
			const found = byPath(resources).get(path);
			if (found === undefined) return undefined;
			const body = bodyOf(found);
			return {body, hash: hash(body)};
		},
	};
}

function byPath(resources: readonly ApiResource[]): Map<string, ApiResource[]> {
	return Map.groupBy(resources, resource => `${resource.group === '' ? 'api' : 'apis'}/${groupVersion(resource)}`);
}

/** The schemas of the resources, their lists, and everything they refer to. */
function componentsOf(schemas: Schemas, resources: readonly ApiResource[]): Record<string, Schema> {
	const components: Record<string, Schema> = {};
	const waiting: string[] = [];
	const collect = (value: unknown) => {
		if (Array.isArray(value)) value.forEach(collect);
		else if (isObject(value)) {
			const reference = referenceOf(value);
			if (reference !== undefined) waiting.push(reference);
			Object.values(value).forEach(collect);
		}
	};
	for (const resource of resources) {
		const own = resource.custom ? customSchema(resource) : schemas.schemaOf(resource);
		if (own === undefined) continue;
		components[own.name] = own.schema;
		collect(own.schema);
	}
	for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
		const schema = schemas.byName[name];
		if (schema === undefined || name in components) continue;
		components[name] = schema;
		collect(schema);
	}
	return Object.fromEntries(Object.entries(components).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** `io.example.demo.v1.Widget` with the group turned around, as the real server names custom resources. */
function customSchema(resource: ApiResource): {name: string; schema: Schema} {
	const {group, version, kind, custom} = resource;
	const name = `${group.split('.').reverse().join('.')}.${version}.${kind}`;
	const schema = withMetadata(custom?.schema ?? {});
	return {name, schema: {...schema, 'x-kubernetes-group-version-kind': [{group, version, kind}]}};
}
