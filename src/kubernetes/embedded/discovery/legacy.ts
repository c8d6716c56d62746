import {type ApiResource, groupVersion, type JsonObject} from '../types.ts';
import {groupsOf, versionsOf} from './groups.ts';

/** Discovery as it was before the aggregated form; clients still ask for `GET /api/v1` of it. All are plain application/json. */
export const legacyDiscovery = {
	/** `/api`. `address` is the host:port under which the client should reach the server. */
	versions: (address: string): JsonObject => ({
		kind: 'APIVersions',
		versions: ['v1'],
		serverAddressByClientCIDRs: [{clientCIDR: '0.0.0.0/0', serverAddress: address}],
	}),

	/** `/apis`. */
	groups: (resources: readonly ApiResource[]): JsonObject => ({
		kind: 'APIGroupList',
		apiVersion: 'v1',
		groups: groupsOf(resources)
			.filter(group => group !== '')
			.map(group => groupOf(resources, group)),
	}),

	/** `/apis/GROUP`; undefined when nobody serves the group. */
	group(resources: readonly ApiResource[], group: string): JsonObject | undefined {
		if (group === '' || !resources.some(resource => resource.group === group)) return undefined;
		return {kind: 'APIGroup', apiVersion: 'v1', ...groupOf(resources, group)};
	},

	/** `/api/v1` or `/apis/GROUP/VERSION`; undefined when the version is not served. */
	resources(resources: readonly ApiResource[], version: {group: string; version: string}): JsonObject | undefined {
		const found = resources.filter(resource => resource.group === version.group && resource.version === version.version);
		if (found.length === 0) return undefined;
		return {
			kind: 'APIResourceList',
			...(version.group !== '' && {apiVersion: 'v1'}),
			groupVersion: groupVersion(version),
			resources: found.flatMap(entriesOf),
		};
	},
};

function groupOf(resources: readonly ApiResource[], name: string): JsonObject {
	const versions = versionsOf(resources, name).map(version => ({groupVersion: `${name}/${version}`, version}));
	const [preferredVersion] = versions;
	return {name, versions, ...(preferredVersion && {preferredVersion})};
}

function entriesOf(resource: ApiResource): JsonObject[] {
	const {plural, singular, namespaced, kind, verbs, shortNames, categories, subresources} = resource;
	const main: JsonObject = {
		name: plural,
		singularName: singular,
		namespaced,
		kind,
		verbs: [...verbs],
		...(shortNames.length > 0 && {shortNames: [...shortNames]}),
		...(categories.length > 0 && {categories: [...categories]}),
	};
	const below = subresources.map(entry => ({
		name: `${plural}/${entry.name}`,
		singularName: '',
		namespaced,
		...(entry.group !== undefined && {group: entry.group}),
		...(entry.version !== undefined && {version: entry.version}),
		kind: entry.kind,
		verbs: [...entry.verbs],
	}));
	return [main, ...below];
}
