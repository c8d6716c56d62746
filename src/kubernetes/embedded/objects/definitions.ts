import {type Cause, cause} from '../http/status.ts';
import {type ApiObject, isObject, type Json, type JsonObject, textOf} from '../types.ts';
import {type Call, timestamp} from './api.ts';
import type {Strategy} from './strategy.ts';

/** CustomResourceDefinitions: names are completed, accepted at once and served from the next request on. */
export const definitionStrategy: Strategy = {
	create(object, call) {
		completeNames(object);
		object['status'] = acceptedStatus(object, call);
	},
	update(next, current, call) {
		completeNames(next);
		next['status'] = {
			...acceptedStatus(next, call),
			conditions: conditionsOf(current) ?? acceptedStatus(next, call)['conditions'] ?? [],
		};
	},
	problems: object => definitionProblems(object),
	keepsStatus: true,
};

function conditionsOf(object: ApiObject): Json | undefined {
	return isObject(object['status']) ? object['status']['conditions'] : undefined;
}

function specOf(object: ApiObject): JsonObject {
	return isObject(object['spec']) ? object['spec'] : {};
}

function completeNames(object: ApiObject): void {
	const spec = specOf(object);
	const names = isObject(spec['names']) ? spec['names'] : {};
	const kind = typeof names['kind'] === 'string' ? names['kind'] : '';
	names['singular'] = names['singular'] || kind.toLowerCase();
	names['listKind'] = names['listKind'] || `${kind}List`;
	spec['names'] = names;
	spec['conversion'] = spec['conversion'] ?? {strategy: 'None'};
	object['spec'] = spec;
}

function acceptedStatus(object: ApiObject, call: Call): JsonObject {
	const spec = specOf(object);
	const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isObject) : [];
	const time = timestamp(call.api.now());
	const condition = (type: string, reason: string, message: string): JsonObject => ({
		lastTransitionTime: time,
		message,
		reason,
		status: 'True',
		type,
	});
	return {
		acceptedNames: spec['names'] ?? {},
		conditions: [
			condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
			condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
		],
		storedVersions: versions.filter(version => version['storage'] === true).map(version => version['name'] ?? ''),
	};
}

function definitionProblems(object: ApiObject): Cause[] {
	const spec = specOf(object);
	const names = isObject(spec['names']) ? spec['names'] : {};
	const {group} = spec;
	const problems: Cause[] = [];
	if (typeof group !== 'string' || !group.includes('.')) problems.push(cause.required('spec.group', 'a domain name with a dot'));
	for (const field of ['plural', 'kind']) {
		if (typeof names[field] !== 'string' || names[field] === '') problems.push(cause.required(`spec.names.${field}`));
	}
	const expected = `${textOf(names['plural'])}.${textOf(group)}`;
	if (object.metadata.name !== expected) {
		problems.push(cause.invalid('metadata.name', object.metadata.name, 'must be spec.names.plural+"."+spec.group'));
	}
	if (spec['scope'] !== 'Namespaced' && spec['scope'] !== 'Cluster') {
		problems.push(cause.notSupported('spec.scope', JSON.stringify(spec['scope'] ?? ''), ['Cluster', 'Namespaced']));
	}
	const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isObject) : [];
	if (versions.filter(version => version['storage'] === true).length !== 1) {
		problems.push(cause.invalid('spec.versions', versions.length, 'must have exactly one version marked as storage version'));
	}
	versions.forEach((version, index) => {
		const schema = isObject(version['schema']) ? version['schema']['openAPIV3Schema'] : undefined;
		if (!isObject(schema))
			problems.push(cause.required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'));
		else if (schema['type'] !== 'object') {
			problems.push(
				cause.invalid(`spec.versions[${index}].schema.openAPIV3Schema.type`, schema['type'] ?? '', 'must be object at the root'),
			);
		}
	});
	return problems;
}
