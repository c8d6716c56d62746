import {badRequest} from '../http/status.ts';
import {type ApiObject, type ApiResource, isObject} from '../types.ts';

export type FieldRequirement = {field: string; equal: boolean; value: string};

const everywhere = ['metadata.name', 'metadata.namespace'];

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Fields that lists and watches of a kind can be narrowed by, besides name and namespace, as the objects hold them. */
const selectable: Record<string, readonly string[]> = {
	pods: [
		'spec.nodeName',
		'spec.restartPolicy',
		'spec.schedulerName',
		'spec.serviceAccountName',
		'spec.hostNetwork',
		'status.phase',
		'status.podIP',
		'status.podIPs',
		'status.nominatedNodeName',
	],
	nodes: ['spec.unschedulable'],
	events: [...involved.map(field => `involvedObject.${field}`), 'reason', 'reportingComponent', 'source', 'type'],
	'events.events.k8s.io': [...involved.map(field => `regarding.${field}`), 'reason', 'reportingController', 'type'],
	secrets: ['type'],
	namespaces: ['status.phase'],
	'certificatesigningrequests.certificates.k8s.io': ['spec.signerName'],
};

/** What an absent field counts as. */
const absent: Record<string, string> = {'spec.unschedulable': 'false', 'spec.hostNetwork': 'false'};

/** Parses `a=b,c!=d` for one resource; an unknown field is 400. Values may be empty; `\,`, `\=` and `\\` are escapes. */
export function parseFieldSelector(text: string, type: ApiResource): FieldRequirement[] {
	const own = selectable[type.group === '' ? type.plural : `${type.plural}.${type.group}`] ?? [];
	return split(text).map(term => {
		const match = /^([^=!]+)(==|=|!=)(.*)$/s.exec(term);
		if (!match) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
		const [, field = '', operator, value = ''] = match;
		if (!everywhere.includes(field) && !own.includes(field)) throw unknownField(field, own.length > 0);
		return {field, equal: operator !== '!=', value: value.replace(/\\([\\,=])/g, '$1')};
	});
}

function split(text: string): string[] {
	return text.split(/(?<!\\),/).filter(term => term.trim() !== '');
}

function unknownField(field: string, hasOwn: boolean): Error {
	if (hasOwn) return badRequest(`field label not supported: ${field}`);
	return badRequest(`"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
}

export function matchesFields(requirements: readonly FieldRequirement[], object: ApiObject): boolean {
	return requirements.every(({field, equal, value}) => (fieldOf(object, field) === value) === equal);
}

function fieldOf(object: ApiObject, field: string): string {
	let value: unknown = object;
	for (const part of field.split('.')) value = isObject(value) ? value[part] : undefined;
	// Events name their source as an object; the selector means its component.
	if (field === 'source' && isObject(value)) value = value['component'];
	if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return String(value);
	return absent[field] ?? '';
}
