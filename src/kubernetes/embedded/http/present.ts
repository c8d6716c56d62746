import type {Call} from '../objects/api.ts';
import type {ListAnswer} from '../objects/read.ts';
import {itemOf} from '../objects/views.ts';
import {toPartial, toTable} from '../tables/table.ts';
import {type ApiObject, groupVersion, type JsonObject} from '../types.ts';
import type {Representation} from './negotiate.ts';
import {badRequest} from './status.ts';

type Include = 'None' | 'Metadata' | 'Object';

function includeOf(call: Call): Include {
	const asked = call.query.get('includeObject');
	if (asked === null || asked === '' || asked === 'Metadata') return 'Metadata';
	if (asked === 'None' || asked === 'Object') return asked;
	throw badRequest(
		`Unable to convert to Table as requested: includeObject: Invalid value: "${asked}": must be 'Metadata', 'Object', 'None', or empty`,
	);
}

/** One object in the form the client asked for. */
export function objectValue(call: Call, object: ApiObject, representation: Representation): ApiObject | JsonObject {
	const {resourceVersion} = object.metadata;
	switch (representation.as) {
		case 'table':
			return toTable(call.type, [object], {
				now: call.api.now(),
				version: representation.version,
				include: includeOf(call),
				metadata: resourceVersion === undefined ? {} : {resourceVersion},
			});
		case 'partial':
			return toPartial(object, `meta.k8s.io/${representation.version}`);
		default:
			return object;
	}
}

/** A list in the form the client asked for. */
export function listValue(call: Call, answer: ListAnswer, representation: Representation): JsonObject {
	const metadata: JsonObject = {
		resourceVersion: String(answer.revision),
		...(answer.continue !== undefined && {continue: answer.continue}),
		...(answer.remaining !== undefined && {remainingItemCount: answer.remaining}),
	};
	const {type} = call;
	switch (representation.as) {
		case 'table':
			return toTable(type, answer.items, {
				now: call.api.now(),
				version: representation.version,
				include: includeOf(call),
				metadata,
			});
		case 'partial': {
			const apiVersion = `meta.k8s.io/${representation.version}`;
			const items = answer.items.map(object => toPartial(object, apiVersion));
			return {kind: 'PartialObjectMetadataList', apiVersion, metadata, items};
		}
		default: {
			// Custom resources keep kind and apiVersion in lists; of built-in kinds they stand at the list only.
			const items = type.custom ? answer.items.map(object => object as JsonObject) : answer.items.map(itemOf);
			return {kind: type.listKind, apiVersion: groupVersion(type), metadata, items};
		}
	}
}
