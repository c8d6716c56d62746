import {type ApiResource, groupVersion, type JsonObject} from '../types.ts';

const bodyQuery = ['dryRun', 'fieldManager', 'fieldValidation'];
const operations: Readonly<Record<string, {method: string; action: string; query: readonly string[]}>> = {
	get: {method: 'get', action: 'get', query: []},
	update: {method: 'put', action: 'put', query: bodyQuery},
	patch: {method: 'patch', action: 'patch', query: [...bodyQuery, 'force']},
	delete: {method: 'delete', action: 'delete', query: ['dryRun', 'gracePeriodSeconds', 'propagationPolicy']},
	list: {
		method: 'get',
		action: 'list',
		query: ['continue', 'fieldSelector', 'labelSelector', 'limit', 'resourceVersion', 'watch'],
	},
	create: {method: 'post', action: 'post', query: bodyQuery},
};
const onCollection = ['list', 'create'];
const onObject = ['get', 'update', 'patch', 'delete'];

/**
 * The paths of one resource with their operations. kubectl looks for the `fieldValidation` parameter of the patch to learn that the server
 * validates, and `explain` for the get of the kind; requests and answers are not described.
 */
export function pathsOf(resource: ApiResource): JsonObject {
	const prefix = `${resource.group === '' ? '/api' : '/apis'}/${groupVersion(resource)}`;
	const scope = resource.namespaced ? '/namespaces/{namespace}' : '';
	const collection = `${prefix}${scope}/${resource.plural}`;
	return {
		[collection]: operationsOf(resource, onCollection),
		...(resource.namespaced &&
			resource.verbs.includes('list') && {[`${prefix}/${resource.plural}`]: operationsOf(resource, ['list'])}),
		...(resource.verbs.includes('get') && {[`${collection}/{name}`]: operationsOf(resource, onObject)}),
	};
}

function operationsOf(resource: ApiResource, verbs: readonly string[]): JsonObject {
	const entries = verbs
		.filter(verb => resource.verbs.includes(verb))
		.flatMap(verb => operations[verb] ?? [])
		.map(({method, action, query}) => [method, operation(resource, action, query)] as const);
	return Object.fromEntries(entries);
}

function operation({group, version, kind}: ApiResource, action: string, query: readonly string[]): JsonObject {
	return {
		operationId: `${action}${kind}`,
		parameters: query.map(name => ({name, in: 'query', schema: {type: 'string', uniqueItems: true}})),
		responses: {},
		'x-kubernetes-action': action,
		'x-kubernetes-group-version-kind': {group, version, kind},
	};
}
