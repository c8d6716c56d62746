import type {ApiObject, ApiResource, Json, JsonObject} from '../types.ts';
import type {Column} from './column.ts';
import {customColumns} from './custom.ts';
import {defaultColumns, kindColumns} from './kinds.ts';

export type TableOptions = {
	/** Milliseconds since the epoch, for ages. */
	now: number;
	/** Version of group meta.k8s.io that the client asked for. */
	version?: string;
	/** What a row carries of its object; the query parameter `includeObject`. */
	include?: 'None' | 'Metadata' | 'Object';
	/** Metadata of the list, or of the one object: `{resourceVersion, continue?, remainingItemCount?}`. */
	metadata?: JsonObject;
	/** Without definitions, as in all but the first event of a watch. */
	withoutColumns?: boolean;
};

/** The meta.k8s.io Table that shows objects of one resource. */
export function toTable(resource: ApiResource, objects: readonly ApiObject[], options: TableOptions): JsonObject {
	const apiVersion = `meta.k8s.io/${options.version ?? 'v1'}`;
	const columns = columnsOf(resource);
	return {
		kind: 'Table',
		apiVersion,
		metadata: options.metadata ?? {},
		columnDefinitions: options.withoutColumns
			? null
			: columns.map(({name, type, format, description, priority}) => ({name, type, format, description, priority})),
		rows: objects.map(object => ({
			cells: columns.map(({cell}) => cell(object, options.now)),
			object: rowObject(object, options.include ?? 'Metadata', apiVersion),
		})),
	};
}

/** An object cut down to its metadata, as Tables carry it and as PartialObjectMetadata is answered. */
export function toPartial(object: ApiObject, apiVersion = 'meta.k8s.io/v1'): JsonObject {
	return {kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata as JsonObject};
}

function rowObject(object: ApiObject, include: 'None' | 'Metadata' | 'Object', apiVersion: string): Json {
	if (include === 'None') return null;
	return include === 'Object' ? (object as JsonObject) : toPartial(object, apiVersion);
}

function columnsOf(resource: ApiResource): readonly Column[] {
	if (resource.custom) return customColumns(resource.custom.columns);
	return kindColumns[resource.storage] ?? defaultColumns;
}
