import {stringify} from 'yaml';
import {type Kube, KubeError, type KubeObject, type Resource} from '../../kubernetes/kube.ts';
import {apiVersionOf, inNamespace, resources} from '../../kubernetes/resources.ts';

/** A file of the backup: path below `backups/` with slashes, and its YAML. */
export type ObjectFile = {path: string; content: string};

/** What was read of the cluster's objects; `notServed` are versions (`group/version plural`) that the API server no longer serves. */
export type ObjectFiles = {files: ObjectFile[]; notServed: string[]};

type Version = {name: string; served: boolean};
type Definition = {group: string; plural: string; kind: string; versions: Version[]};

/**
 * Every CustomResourceDefinition, every custom resource in every version that is served, and the ConfigMaps that decide who joins, laid
 * out as v2.9 does: `crds/NAME.yaml` and `GROUP/VERSION/[NAMESPACE/]KIND/NAME.yaml`. Throws KubeError.
 */
export async function objectFiles(kube: Kube): Promise<ObjectFiles> {
	const {items: definitions} = await kube.list(resources.customResourceDefinitions);
	const files = definitions.map(object => ({path: `crds/${segment(object.metadata.name)}.yaml`, content: yamlOf(object, crd)}));
	const notServed: string[] = [];
	for (const definition of definitions.map(object => definitionOf(object))) {
		const {group, plural, kind} = definition;
		for (const {name: version, served} of definition.versions) {
			const resource: Resource = {group, version, plural};
			const items = served ? await itemsOf(kube, resource) : undefined;
			if (items === undefined) notServed.push(`${group}/${version} ${plural}`);
			for (const object of items ?? []) files.push(fileOf(object, {apiVersion: apiVersionOf(resource), kind}, group));
		}
	}
	const {items: configMaps} = await kube.list(inNamespace(resources.configMaps, 'kube-system'));
	const deciding = configMaps.filter(({metadata: {name}}) => /^(?:join-config|join-identities|k8s-components-.+)$/.test(name));
	files.push(...deciding.map(object => fileOf(object, {apiVersion: 'v1', kind: 'ConfigMap'}, 'core')));
	return {files, notServed};
}

const crd = {apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition'};

function definitionOf(object: KubeObject): Definition {
	const {group, names, versions} = object['spec'] as {
		group: string;
		names: {plural: string; kind: string};
		versions: Version[];
	};
	return {group, plural: names.plural, kind: names.kind, versions};
}

/** Undefined where the version is not served after all: a definition may say otherwise for a while. */
async function itemsOf(kube: Kube, resource: Resource): Promise<KubeObject[] | undefined> {
	try {
		return (await kube.list(resource)).items;
	} catch (error) {
		if (error instanceof KubeError && error.code === 404) return undefined;
		throw error;
	}
}

type TypeOf = {apiVersion: string; kind: string};

function fileOf(object: KubeObject, type: TypeOf, group: string): ObjectFile {
	const version = type.apiVersion.split('/').at(-1) ?? '';
	const {namespace, name} = object.metadata;
	const parts = [group, version, ...(namespace === undefined ? [] : [namespace]), type.kind, name];
	return {path: `${parts.map(part => segment(part)).join('/')}.yaml`, content: yamlOf(object, type)};
}

/** Items of a list come without their type. */
const yamlOf = (object: KubeObject, type: TypeOf): string => stringify({...object, ...type}, {lineWidth: 0});

/** A name as one part of a path. */
function segment(name: string): string {
	if (name === '' || name === '.' || name === '..') throw new TypeError(`not a part of a path: "${name}"`);
	return encodeURIComponent(name);
}
