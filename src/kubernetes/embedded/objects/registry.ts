import {builtinResources} from '../resources.ts';
import type {Store} from '../store/store.ts';
import {
	type ApiObject,
	type ApiResource,
	isObject,
	type Json,
	type JsonObject,
	type PrinterColumn,
	type Schema,
	type Subresource,
} from '../types.ts';

export const definitionStorage = 'customresourcedefinitions.apiextensions.k8s.io';

/** What is served now: the built-in resources and those of the CustomResourceDefinitions. */
export type Registry = {
	all(): readonly ApiResource[];
	find(group: string, version: string, plural: string): ApiResource | undefined;
	/** True when any version of the group is served. */
	hasGroup(group: string): boolean;
	hasVersion(group: string, version: string): boolean;
};

/** Reads the definitions anew only after one was written, by whichever process. */
export function createRegistry(store: Store): Registry {
	let head = -1;
	let served: readonly ApiResource[] = builtinResources;
	let index = new Map<string, ApiResource>();
	const refresh = (): void => {
		const found = store.head(definitionStorage);
		if (found === head) return;
		served = [...builtinResources, ...store.list(definitionStorage).items.flatMap(customResources)];
		index = new Map(served.map(type => [`${type.group}/${type.version}/${type.plural}`, type]));
		head = found;
	};
	return {
		all() {
			refresh();
			return served;
		},
		find(group, version, plural) {
			refresh();
			return index.get(`${group}/${version}/${plural}`);
		},
		hasGroup(group) {
			refresh();
			return served.some(type => type.group === group);
		},
		hasVersion(group, version) {
			refresh();
			return served.some(type => type.group === group && type.version === version);
		},
	};
}

const verbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const readWrite = ['get', 'patch', 'update'];

/** The resources a definition makes, one for each served version. */
export function customResources(definition: ApiObject): ApiResource[] {
	const spec = objectAt(definition['spec']);
	const names = objectAt(spec['names']);
	const group = text(spec['group']);
	const kind = text(names['kind']);
	const plural = text(names['plural']);
	return list(spec['versions'])
		.filter(version => version['served'] === true)
		.map(version => {
			const subresources = objectAt(version['subresources']);
			const served: Subresource[] = [];
			if (subresources['status'] !== undefined) served.push({name: 'status', kind, verbs: readWrite});
			return {
				group,
				version: text(version['name']),
				plural,
				singular: text(names['singular']) || kind.toLowerCase(),
				kind,
				listKind: text(names['listKind']) || `${kind}List`,
				namespaced: spec['scope'] === 'Namespaced',
				verbs,
				shortNames: texts(names['shortNames']),
				categories: texts(names['categories']),
				subresources: served,
				storage: `${plural}.${group}`,
				generation: true,
				custom: {
					schema: schemaOf(objectAt(objectAt(version['schema'])['openAPIV3Schema'])),
					columns: list(version['additionalPrinterColumns']).map(column),
				},
			};
		});
}

/** Definitions are validated when they are written; what is read here has the shape of a schema. */
function schemaOf(value: JsonObject): Schema {
	return value;
}

function column(value: JsonObject): PrinterColumn {
	const {format, description, priority} = value;
	return {
		name: text(value['name']),
		type: text(value['type']),
		jsonPath: text(value['jsonPath']),
		...(typeof format === 'string' && {format}),
		...(typeof description === 'string' && {description}),
		...(typeof priority === 'number' && {priority}),
	};
}

function objectAt(value: unknown): JsonObject {
	return isObject(value) ? value : {};
}

function list(value: Json | undefined): JsonObject[] {
	return Array.isArray(value) ? value.filter(isObject) : [];
}

function text(value: Json | undefined): string {
	return typeof value === 'string' ? value : '';
}

function texts(value: Json | undefined): string[] {
	return Array.isArray(value) ? value.filter(entry => typeof entry === 'string') : [];
}
