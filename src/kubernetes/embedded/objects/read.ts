import {ApiError, badRequest, cause, expired, invalid, notFound} from '../http/status.ts';
import {Compacted, type Listed, type ListOptions} from '../store/store.ts';
import type {ApiObject, ApiResource} from '../types.ts';
import {type Call, keyOf} from './api.ts';
import {type FieldRequirement, matchesFields, parseFieldSelector} from './field-selector.ts';
import {type LabelRequirement, matchesLabels, parseLabelSelector} from './label-selector.ts';
import {viewOf} from './views.ts';

export type Selection = {labels: LabelRequirement[]; fields: FieldRequirement[]};

/** A list as it is answered. */
export type ListAnswer = {items: ApiObject[]; revision: number; continue?: string; remaining?: number};

export function selectionOf(call: Call): Selection {
	return {
		labels: parseLabelSelector(call.query.get('labelSelector') ?? ''),
		fields: parseFieldSelector(call.query.get('fieldSelector') ?? '', call.type),
	};
}

export function selects(selection: Selection, object: ApiObject): boolean {
	return matchesLabels(selection.labels, object.metadata.labels) && matchesFields(selection.fields, object);
}

/** Reads one object; 404 when it is not there. */
export function read(call: Call, type: ApiResource = call.type): ApiObject {
	const stored = call.api.store.get(keyOf(type, call.path.namespace, call.path.name));
	if (!stored) throw notFound(type, call.path.name);
	return viewOf(type, stored);
}

/** A revision from a query; absent is undefined. The real server answers nonsense with 500, so do we. */
export function revisionOf(text: string | null): number | undefined {
	if (text === null || text === '') return undefined;
	if (!/^\d{1,15}$/.test(text)) {
		throw new ApiError(500, `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`);
	}
	return Number(text);
}

export function invalidListOption(field: string, detail: string): ApiError {
	return invalid({group: 'meta.k8s.io', kind: 'ListOptions'}, '', [cause.forbidden(field, detail)]);
}

/** Lists with selectors, limit and continue. Consistent across pages: later pages read the revision of the first. */
export async function list(call: Call): Promise<ListAnswer> {
	const {query, type, api} = call;
	const limit = limitOf(query.get('limit'));
	const match = query.get('resourceVersionMatch') ?? '';
	const asked = revisionOf(query.get('resourceVersion'));
	if (query.get('sendInitialEvents') !== null)
		throw invalidListOption('sendInitialEvents', 'sendInitialEvents is forbidden for list');
	if (match !== '' && asked === undefined) {
		throw invalidListOption('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
	}
	const selection = selectionOf(call);
	const token = query.get('continue');
	const start = token ? parseContinue(token) : undefined;
	if (asked !== undefined && asked > api.store.revision()) await reach(call, asked);
	const exact = match === 'Exact' ? asked : undefined;
	const revision = start ? (start.revision < 0 ? undefined : start.revision) : exact;
	const bounded = asked === 0 ? 0 : limit;
	const options: ListOptions = {
		...(call.path.namespace !== '' && {namespace: call.path.namespace}),
		...nameOption(selection),
		...(revision !== undefined && {revision}),
		...(start && {after: {namespace: start.namespace, name: start.name}}),
	};
	try {
		return pages(call, selection, options, bounded);
	} catch (error) {
		if (!(error instanceof Compacted)) throw error;
		if (!start) throw expired('The resourceVersion for the provided list is too old.');
		throw expired(
			'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
			formatContinue({...start, revision: -1}),
		);
	}

	function pages(call: Call, selection: Selection, options: ListOptions, limit: number): ListAnswer {
		const filtered = selection.labels.length > 0 || selection.fields.length > 0;
		const items: ApiObject[] = [];
		let page: Listed;
		let last: ApiObject | undefined;
		let next = options;
		do {
			page = call.api.store.list(type.storage, limit > 0 ? {...next, limit: limit - items.length} : next);
			last = page.items.at(-1) ?? last;
			for (const stored of page.items) {
				const shown = viewOf(type, stored);
				if (selects(selection, shown)) items.push(shown);
			}
			next = {...options, revision: page.revision, ...(last && {after: position(last)})};
		} while (page.more && items.length < limit);
		if (!page.more || !last) return {items, revision: page.revision};
		return {
			items,
			revision: page.revision,
			continue: formatContinue({...position(last), revision: page.revision}),
			...(!filtered && {remaining: page.remaining}),
		};
	}
}

/** `metadata.name=X` needs no scan. */
function nameOption(selection: Selection): {name?: string} {
	const byName = selection.fields.find(({field, equal}) => field === 'metadata.name' && equal);
	return byName ? {name: byName.value} : {};
}

function position(object: ApiObject): {namespace: string; name: string} {
	return {namespace: object.metadata.namespace ?? '', name: object.metadata.name};
}

function limitOf(text: string | null): number {
	if (text === null || text === '') return 0;
	if (!/^-?\d{1,15}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
	return Math.max(0, Number(text));
}

/** Waits for a revision of the future: another server may have handed it out just now. 504 when it does not come. */
async function reach(call: Call, revision: number): Promise<void> {
	const {store, now, futureWait} = call.api;
	const deadline = now() + futureWait;
	while (store.revision() < revision) {
		if (now() >= deadline) {
			throw new ApiError(504, `Timeout: Too large resource version: ${revision}, current: ${store.revision()}`, {
				reason: 'Timeout',
				details: {
					causes: [{reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: ''}],
					retryAfterSeconds: 1,
				},
			});
		}
		await new Promise(resolve => setTimeout(resolve, 50));
	}
}

type Position = {revision: number; namespace: string; name: string};

function formatContinue({revision, namespace, name}: Position): string {
	const text = JSON.stringify({v: 'meta.k8s.io/v1', rv: revision, start: `${namespace}/${name}\u0000`});
	return Buffer.from(text).toString('base64url');
}

function parseContinue(token: string): Position {
	let value: unknown;
	try {
		value = JSON.parse(Buffer.from(token, 'base64url').toString());
	} catch (error) {
		throw badRequest(`invalid continue token: continue key is not valid: ${error instanceof Error ? error.message : ''}`);
	}
	if (typeof value !== 'object' || value === null || !('rv' in value) || !('start' in value))
		throw badRequest('invalid continue token');
	const {rv, start} = value;
	if (typeof rv !== 'number' || typeof start !== 'string') throw badRequest('invalid continue token');
	const [namespace = '', name = ''] = start.replace(/\u0000$/, '').split('/', 2);
	return {revision: rv, namespace, name};
}
