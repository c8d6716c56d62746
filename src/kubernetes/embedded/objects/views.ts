import {type ApiObject, type ApiResource, drop, groupVersion, type JsonObject, without} from '../types.ts';

/** core/v1 field → events.k8s.io/v1 field. */
const eventFields = [
	['involvedObject', 'regarding'],
	['message', 'note'],
	['source', 'deprecatedSource'],
	['firstTimestamp', 'deprecatedFirstTimestamp'],
	['lastTimestamp', 'deprecatedLastTimestamp'],
	['count', 'deprecatedCount'],
	['reportingComponent', 'reportingController'],
] as const;

const newEvents = 'events.k8s.io';

/** A stored object as one served version shows it: the version's apiVersion, and Events in the fields of their group. */
export function viewOf(type: ApiResource, stored: ApiObject): ApiObject {
	const apiVersion = groupVersion(type);
	if (stored.apiVersion === apiVersion) return stored;
	const shown: ApiObject = {...stored, kind: type.kind, apiVersion};
	return type.group === newEvents ? renamed(shown, 0) : shown;
}

/** The other way: what a client of one version sent, as it is stored. */
export function storedOf(type: ApiResource, sent: ApiObject): ApiObject {
	if (type.group !== newEvents) return sent;
	return renamed({...sent, apiVersion: 'v1'}, 1);
}

function renamed(object: ApiObject, from: 0 | 1): ApiObject {
	const result: ApiObject = {...object};
	for (const pair of eventFields) {
		const value = result[pair[from]];
		if (value === undefined) continue;
		drop(result, pair[from]);
		result[pair[1 - from] ?? pair[0]] = value;
	}
	return result;
}

/** An item of a list: kind and apiVersion stand at the list only. */
export function itemOf(object: ApiObject): JsonObject {
	return without(object, 'kind', 'apiVersion') as JsonObject;
}
