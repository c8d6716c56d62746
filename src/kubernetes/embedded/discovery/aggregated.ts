import {createHash} from 'node:crypto';
import {type ApiResource, type JsonObject, type Subresource} from '../types.ts';
import {groupsOf, versionsOf} from './groups.ts';

export type DiscoveryRoot = 'api' | 'apis';
export type DiscoveryVersion = 'v2' | 'v2beta1';

/** Content type of an aggregated answer. Clients take the same document as a legacy list when it is called application/json. */
export const aggregatedType = (version: DiscoveryVersion): string =>
	`application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

/** The version of aggregated discovery that an Accept header asks for first, or undefined when it wants the legacy lists. */
export function aggregatedVersion(accept: string | undefined): DiscoveryVersion | undefined {
	for (const alternative of (accept ?? '').split(',')) {
		const parts = alternative.split(';').map(part => part.trim());
		if (parts[0] !== 'application/json') continue;
		if (!parts.includes('as=APIGroupDiscoveryList')) return undefined;
		if (!parts.includes('g=apidiscovery.k8s.io')) continue;
		if (parts.includes('v=v2')) return 'v2';
		if (parts.includes('v=v2beta1')) return 'v2beta1';
	}
	return undefined;
}

/** `/api` (core only) or `/apis` (everything else) in aggregated form, as the text to send and its ETag with quotes. */
export function aggregatedDiscovery(
	resources: readonly ApiResource[],
	root: DiscoveryRoot,
	version: DiscoveryVersion = 'v2',
): {body: string; etag: string} {
	const groups = groupsOf(resources).filter(group => (group === '') === (root === 'api'));
	const list = {
		kind: 'APIGroupDiscoveryList',
		apiVersion: `apidiscovery.k8s.io/${version}`,
		metadata: {},
		items: groups.map(group => ({
			metadata: {...(group !== '' && {name: group}), creationTimestamp: null},
			versions: versionsOf(resources, group).map(groupVersion => ({
				version: groupVersion,
				resources: resources.filter(resource => resource.group === group && resource.version === groupVersion).map(resourceItem),
				freshness: 'Current',
			})),
		})),
	};
	const body = `${JSON.stringify(list)}\n`;
	return {body, etag: `"${hash(body)}"`};
}

/** Upper-case hex of SHA-512, the form of hashes in discovery and OpenAPI. */
export const hash = (text: string): string => createHash('sha512').update(text).digest('hex').toUpperCase();

function resourceItem(resource: ApiResource): JsonObject {
	const {plural, kind, singular, namespaced, verbs, shortNames, categories, subresources} = resource;
	return {
		resource: plural,
		responseKind: kindOf(resource, {kind}),
		scope: namespaced ? 'Namespaced' : 'Cluster',
		singularResource: singular,
		verbs: [...verbs],
		...(shortNames.length > 0 && {shortNames: [...shortNames]}),
		...(categories.length > 0 && {categories: [...categories]}),
		...(subresources.length > 0 && {
			subresources: subresources.map(entry => ({
				subresource: entry.name,
				responseKind: kindOf(resource, entry),
				verbs: [...entry.verbs],
			})),
		}),
	};
}

/** Built-in resources leave group and version empty where they are the resource's own; custom resources fill them in. */
function kindOf(resource: ApiResource, entry: Pick<Subresource, 'group' | 'version' | 'kind'>): JsonObject {
	const own = resource.custom ? resource : {group: '', version: ''};
	return {group: entry.group ?? own.group, version: entry.version ?? own.version, kind: entry.kind};
}
